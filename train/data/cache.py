"""Parsed data sets, kept in the user's cache folder so that the second start is quick."""

import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file


def cached(
    source: Path, parse: Callable[[Path], dict[str, NDArray]], version: int
) -> dict[str, NDArray]:
    """`parse(source)`, or what it returned for the same source before.

    `version`: raised whenever `parse` changes, so that older files are left aside.
    """
    file = user_cache_path("fer-live") / "data" / f"{_fingerprint(source, version)}.safetensors"
    with contextlib.suppress(FileNotFoundError, SafetensorError):
        return load_file(file)
    arrays = parse(source)
    # A cache that cannot be written (read-only home, full disk) costs time and nothing else.
    with contextlib.suppress(OSError, SafetensorError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            part = Path(folder) / "part"
            save_file(arrays, part)
            part.replace(file)
    return arrays


def _fingerprint(source: Path, version: int) -> str:
    """Name, size and time of the source's files: cheap, and different after any change."""
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    digest = hashlib.sha256(f"{version} {source.resolve()}".encode())
    for file in files:
        status = file.stat()
        digest.update(f"{file.name} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]
