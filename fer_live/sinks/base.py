"""What every sink offers, and where sinks may write."""

import errno
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import uuid4

from filelock import FileLock, Timeout

from fer_live.errors import NoRoom, UserError
from fer_live.home import at_home
from fer_live.types import Image, Scene

if sys.platform != "win32":
    import fcntl

FULL = (errno.ENOSPC, errno.EDQUOT)  # of a disk, a quota

logger = logging.getLogger(__name__)


class Sink(Protocol):
    """Takes each scene with its annotated picture, `canvas` (H, W, 3) RGB.

    A context manager: entering checks that the place can be written, before any work is done.
    Where it is not `drawn`, the canvas may be the bare frame: drawing takes time.
    """

    drawn: bool

    def __enter__(self) -> "Sink": ...

    def __exit__(self, *exception: object) -> None: ...

    def write(self, scene: Scene, canvas: Image) -> None: ...


AnySink = TypeVar("AnySink", bound=Sink)


def keep_open(stack: ExitStack, sink: AnySink) -> AnySink:
    """Enter the sink until the stack is left; raises UserError.

    Where it fails to close after something else has failed, that goes on, and the log tells of this one.
    """
    sink.__enter__()

    def close(*exception: object) -> None:
        try:
            sink.__exit__(*exception)
        except UserError as failure:
            if exception[0] is None:
                raise
            logger.error(str(failure))

    stack.push(close)
    return sink


def claim(path: Path, suffixes: tuple[str, ...] = ()) -> None:
    """Make missing folders and check that the file can be written, its ending too; raises UserError."""
    if suffixes and path.suffix.lower() not in suffixes:
        raise UserError(f"{path} cannot be saved; end its name in {' or '.join(suffixes)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_fifo():  # whoever reads it would take the end of a try for the end of all
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, "")
        else:
            with path.open("ab"):
                pass
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({os.strerror(error.errno or 0)}); save to another place"
        ) from None


def unclaim(path: Path) -> None:
    """Take a file that was claimed and stayed empty away again."""
    if path.is_file() and not path.stat().st_size:
        path.unlink()


def hold(path: Path) -> ExitStack:
    """Keep other programs from recording to a file that was claimed, until what is returned is closed.

    Raises UserError where one does so already: what it has recorded would be lost. Keeps nobody from devices,
    and where the file system has no locks.
    """
    held = ExitStack()
    if not path.is_file():
        return held
    try:
        if sys.platform == "win32":  # where a lock on the file itself would keep FFmpeg out, too
            held.enter_context(FileLock(path.with_name(f".{path.name}.lock"), timeout=0))
        else:
            file = held.enter_context(path.open("ab"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, Timeout):
        held.close()
        raise UserError(
            f"{path} is being recorded by another program; choose another name"
        ) from None
    except OSError:  # a file system without locks
        pass
    return held


def reserve(path: Path, suffixes: tuple[str, ...]) -> ExitStack:
    """`claim` and `hold` a file; closing what is returned takes it away again where it stayed empty."""
    claim(path, suffixes)
    held = hold(path)
    held.callback(unclaim, path)
    return held


def numbered(path: Path, count: int) -> Path:
    """The first of the names beside it with a number, from `count` on, that no file has."""
    while (other := path.with_stem(f"{path.stem}-{count}")).exists():
        count += 1
    return other


def unwritten(path: Path, error: OSError) -> UserError:
    """For a failure midway, such as a full disk; tells whether anything of the file was kept."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    some = path.exists() and path.stat().st_size > 0
    kept = "what was recorded so far is kept" if some else "too little was recorded to keep"
    return UserError(
        f"{path} cannot be written further ({reason}); {kept}; "
        "free some space or save to another place"
    )


def save_whole(files: Mapping[Path, bytes]) -> None:
    """Put files that belong together in their places, all of them whole or none.

    Raises UserError, which names the first, where they cannot be written, NoRoom where the disk is full; what
    was there before is kept.
    """
    parts: dict[Path, Path] = {}  # beside the file, through a link, that each will be
    try:
        for path, content in files.items():
            if path.exists() and not path.is_file():
                path.write_bytes(content)  # /dev/stdout or another device: never replaced by a file
                continue
            place = path.resolve()
            # Of its own: other programs may write the same file, and the file's name may be as long as can be.
            part = place.with_name(f".{uuid4().hex}.part")
            parts[part] = place
            part.write_bytes(content)
        for part, place in parts.items():
            part.replace(place)
    except OSError as error:
        for part, place in parts.items():
            with suppress(OSError):
                part.unlink(missing_ok=True)
                unclaim(place)
        said = f"{next(iter(files))} cannot be written ({os.strerror(error.errno or 0)})"
        if error.errno in FULL:
            raise NoRoom(f"{said}; free some space or save to another place") from None
        raise UserError(f"{said}; save to another place") from None


def spare(source: str | int | Path, *targets: Path | None) -> None:
    """Refuse to write over what is being read, or twice to one file; raises UserError."""
    written: list[Path] = []
    for target in filter(None, targets):
        if _are_one(target, Path(str(source))):
            raise UserError(f"{target} is the source itself; write to another file")
        for other in written:
            if _are_one(target, other):
                raise UserError(
                    f"{other} and {target} are one file; give each output a name of its own"
                )
        written.append(target)


def _are_one(a: Path, b: Path) -> bool:
    """Whether both name the same file, there already or not yet."""
    a, b = at_home(a), at_home(b)
    return a.samefile(b) if a.exists() and b.exists() else a.resolve() == b.resolve()
