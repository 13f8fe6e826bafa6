"""The evaluation folders that the page may open, and when they are read again."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from fer_live.errors import UserError
from fer_live.web.inspect.evaluation import (
    METRICS,
    PICTURES,
    PREDICTIONS,
    Evaluation,
    open_evaluation,
)


class Folders:
    """The folders that the page may open, by the name it shows; each is read again when it changed.

    `growing`: named folders that are listed as soon as they hold something.
    """

    def __init__(self, folders: tuple[Path, ...], growing: Mapping[str, Path] | None = None):
        self._growing = dict(growing or {})
        self._paths = _named(folders) | self._growing
        self._open = lru_cache(maxsize=8)(lambda path, changed: open_evaluation(path))
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        return [
            name
            for name, path in self._paths.items()
            if name not in self._growing or (path / PREDICTIONS).is_file()
        ]

    def grows(self, name: str) -> bool:
        return name in self._growing

    def gone(self, name: str) -> bool:
        """Whether it holds nothing, yet or any more."""
        return name in self._growing and name not in self.names

    def open(self, name: str) -> Evaluation:
        """Raises UserError where it is not among them, or cannot be used."""
        if name not in self._paths:
            raise UserError(f"no folder {name!r} here; start with: fer-live web --inspect FOLDER")
        if self.gone(name):
            raise UserError(
                f"{name}: there are none yet; choose a face's true expression in Pictures"
            )
        path = self._paths[name]
        with self._lock:
            return self._open(path, _changed(path))


def _changed(folder: Path) -> tuple[int, ...]:
    files = [folder / name for name in (METRICS, PREDICTIONS, PICTURES)]
    # The inode, too: two corrections may come within one tick of a coarse clock.
    found = [file.stat() for file in files if file.is_file()]
    return tuple(number for file in found for number in (file.st_mtime_ns, file.st_ino))


def _named(folders: tuple[Path, ...]) -> dict[str, Path]:
    """Each folder by the end of its path, as long as it takes to tell it from the others."""
    paths = list(dict.fromkeys(folder.absolute() for folder in folders))
    named = {}
    for path in paths:
        ends = [path.parts[-count:] for count in range(1, len(path.parts) + 1)]
        end = next(
            end for end in ends if sum(other.parts[-len(end) :] == end for other in paths) == 1
        )
        named[Path(*end).as_posix()] = path
    return named
