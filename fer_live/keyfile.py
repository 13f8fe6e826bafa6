"""Files that a key begins and ends while a session goes on."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sinks import Sink
from fer_live.sinks.base import numbered
from fer_live.types import Image, Scene

logger = logging.getLogger(__name__)


def fresh_path(suffix: str) -> Path:
    """A name by the clock that no file has: in the current folder, at home where that takes no files."""
    path = Path(f"fer-live-{time.strftime('%Y%m%d-%H%M%S')}{suffix}")
    if not _takes_files(path.parent):  # a launcher's current folder may be the system's
        path = at_home(Path("~") / path)
    return numbered(path, 2) if path.exists() else path


def _takes_files(folder: Path) -> bool:
    """By trying, because Windows tells nothing of a folder's permissions."""
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


class KeyFile:
    """One file at a time, each under a fresh name. What it tells is for the window to show.

    A file that cannot be written further ends itself and not the session; the log says so, too, since
    nobody may be looking at the window. Those that hold nothing are not kept.
    """

    def __init__(self, what: str, suffix: str, make: Callable[[Path], Sink]):
        self._begun: list[Path] = []  # those that hold something, or did
        self._what, self._suffix, self._make = what, suffix, make
        self._sink: Sink | None = None
        self._path = Path()

    @property
    def written(self) -> list[Path]:
        """Those that hold something. Too little of one may have come to the disk for it to be kept."""
        return [path for path in self._begun if path.exists()]

    @property
    def active(self) -> bool:
        return self._sink is not None

    def toggle(self) -> str:
        """Begin a file, or end it; tells which."""
        if self._sink is not None:
            return self.close() or self._ended()
        self._path = fresh_path(self._suffix)
        try:
            self._sink = self._make(self._path).__enter__()
        except UserError as error:
            logger.warning(str(error))
            return str(error)
        return f"{self._what} {self._path}"

    def _ended(self) -> str:
        if self._path in self._begun:
            return f"saved {self._path}"
        return f"{self._what} stopped before a picture came: nothing is saved"

    def write(self, scene: Scene, canvas: Image) -> str | None:
        """What went wrong, if anything did."""
        if self._sink is None:
            return None
        try:
            self._sink.write(scene, canvas)
        except UserError as error:
            self.close()
            logger.warning(str(error))
            return str(error)
        if self._path not in self._begun:
            self._begun.append(self._path)
        return None

    def close(self) -> str | None:
        """What went wrong, if anything did."""
        sink, self._sink = self._sink, None
        if sink is None:
            return None
        try:
            sink.__exit__(None, None, None)
        except UserError as error:
            return str(error)
        if self._path not in self._begun:
            self._path.unlink(missing_ok=True)
        return None
