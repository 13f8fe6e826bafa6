"""What every sink offers, and where sinks may write."""

import os
from pathlib import Path
from typing import Protocol

from fer_live.errors import UserError
from fer_live.types import Image, Scene


class Sink(Protocol):
    """Takes each scene with its annotated picture, `canvas` (H, W, 3) RGB.

    A context manager: entering checks that the place can be written, before any work is done.
    Where it is not `drawn`, the canvas may be the bare frame: drawing takes time.
    """

    drawn: bool

    def __enter__(self) -> "Sink": ...

    def __exit__(self, *exception: object) -> None: ...

    def write(self, scene: Scene, canvas: Image) -> None: ...


def claim(path: Path, suffixes: tuple[str, ...]) -> None:
    """Make missing folders and check that the file can be written; raises UserError."""
    if path.suffix.lower() not in suffixes:
        raise UserError(f"{path} cannot be saved; end its name in {' or '.join(suffixes)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({os.strerror(error.errno or 0)}); save to another place"
        ) from None


def unwritten(path: Path, error: OSError) -> UserError:
    """For a failure midway, such as a full disk; tells whether anything of the file was kept."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    some = path.exists() and path.stat().st_size > 0
    kept = "what was recorded so far is kept" if some else "too little was recorded to keep"
    return UserError(
        f"{path} cannot be written further ({reason}); {kept}; "
        "free some space or save to another place"
    )


def spare(source: str | int | Path, *targets: Path | None) -> None:
    """Refuse to write over what is being read."""
    path = Path(str(source)).expanduser()
    for target in targets:
        if target is None or not path.exists() or not target.expanduser().exists():
            continue
        if target.expanduser().samefile(path):
            raise UserError(f"{target} is the source itself; write to another file")
