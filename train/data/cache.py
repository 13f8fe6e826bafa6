"""What reading a data set found out, kept in the user's cache folder so that the second start is quick."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from numpy.typing import NDArray
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from fer_live.home import kept_in

Arrays = dict[str, NDArray]


def folder() -> Path:
    """Where the caches of data sets lie."""
    return kept_in(user_cache_path) / "data"


def cached(source: Path, parse: Callable[[Path], Arrays], version: int) -> Arrays:
    """`parse(source)`, or what it returned for the same source before.

    `version`: raised whenever `parse` changes, so that older files are left aside.
    """
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    return remembered(f"{version} {source.resolve()}", files, lambda: parse(source))


def remembered(note: str, files: Iterable[Path], compute: Callable[[], Arrays]) -> Arrays:
    """`compute()`, or what it returned before under the same note while these files were the same."""
    file = folder() / f"{fingerprint(note, files)}.safetensors"
    with contextlib.suppress(OSError, SafetensorError):  # the home may be somebody else's
        return load_file(file)
    arrays = compute()
    # A cache that cannot be written (read-only home, full disk) costs time and nothing else.
    with contextlib.suppress(OSError, SafetensorError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as part_folder:
            part = Path(part_folder) / "part"
            save_file(arrays, part)
            part.replace(file)
    return arrays


def fingerprint(note: str, files: Iterable[Path]) -> str:
    """Of the note and the files' paths, sizes and times: cheap, and different after any change."""
    digest = hashlib.sha256(os.fsencode(note))  # names need not be text
    for file in files:
        try:
            status = file.stat()
            digest.update(os.fsencode(f"{file} {status.st_size} {status.st_mtime_ns}"))
        except OSError:
            digest.update(os.fsencode(f"{file} cannot be read"))
    return digest.hexdigest()[:32]
