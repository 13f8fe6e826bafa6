"""What visitors hand in and are given as files: removed when they go, and soon where no page shows it."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

SOON = 20.0  # seconds: files of a visitor who left; someone else may just be handing in the same
# Seconds: files that no page shows, such as those of programs, which wait for their turn.
LATER = 300.0
LOOK = 5.0  # seconds between looks
OWNED = ("film-*", "examples")  # folders that someone else removes

logger = logging.getLogger(__name__)


class Leftovers:
    """The server's own folder, into which Gradio puts all files. `clock`: seconds, as files have them.

    Gradio names an upload after what it holds: the same picture of two visitors is one file.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time):
        self._folder, self._clock = folder, clock
        self._held: dict[str, dict[int, set[Path]]] = {}  # by visitor and the page's part
        self._left: set[Path] = set()  # were held once
        self._gone: dict[str, float] = {}  # visitors who left, and when
        self._lock = threading.Lock()
        self._over = threading.Event()

    def follow(self, *parts: gr.File | gr.Gallery) -> None:
        """Keep what a visitor has in these parts of the page, as long as it is there."""
        for part in parts:
            place = part._id

            def change(value: Any, request: gr.Request, place: int = place) -> None:
                self.hold(request.session_hash or "", place, _paths(value))

            part.change(change, part, queue=False, show_progress="hidden", api_visibility="private")

    def hold(self, visitor: str, place: int, paths: Iterable[str]) -> None:
        """These take the place of those that the visitor had there; nothing does for one who just left.

        What a page sent last may come in after its farewell, and nobody would say another.
        """
        with self._lock:
            if visitor in self._gone:
                return
            places = self._held.setdefault(visitor, {})
            self._left |= places.get(place, set())
            places[place] = set(map(Path, paths))

    def leave(self, visitor: str) -> None:
        """The visitor's page is closed."""
        with self._lock:
            self._gone[visitor] = self._clock()
            for paths in self._held.pop(visitor, {}).values():
                self._left |= paths

    def sweep(self) -> set[Path]:
        """Remove what nobody has any more; the files that went."""
        with self._lock:
            held = {
                path for places in self._held.values() for part in places.values() for path in part
            }
            gone = set()
            for path in [p for p in self._files() if p not in held and self._due(p)]:
                with suppress(PermissionError):  # on Windows, while someone reads it: next time
                    path.unlink(missing_ok=True)
                    gone.add(path)
            self._left = {path for path in self._left if path.exists() and path not in held}
            now = self._clock()  # a page that slept may come back later
            self._gone = {name: at for name, at in self._gone.items() if now - at <= SOON}
        for folder in self._folders():
            if self._age(folder) > LATER:
                try:
                    folder.rmdir()
                except OSError:
                    continue  # not empty
        return gone

    def watch(self, known: Iterable[set[str]]) -> None:
        """Sweep from time to time, until `close`. `known`: Gradio's lists of files, to be kept short."""

        def work() -> None:
            trouble = ""
            while not self._over.wait(LOOK):
                try:
                    gone = set(map(str, self.sweep()))
                except OSError as error:
                    if str(error) != trouble:  # told once
                        trouble = str(error)
                        logger.error("visitors' files are not removed: %s", trouble)
                    continue
                for listed in known:
                    listed -= gone

        threading.Thread(target=work, name="fer-live leftovers", daemon=True).start()

    def close(self) -> None:
        self._over.set()

    def _due(self, path: Path) -> bool:
        return self._age(path) > (SOON if path in self._left else LATER)

    def _age(self, path: Path) -> float:
        """Seconds since it was made, moved or asked for; 0 where it is gone by now."""
        try:
            return self._clock() - path.lstat().st_ctime
        except FileNotFoundError:
            return 0.0

    def _folders(self) -> Iterator[Path]:
        for entry in _entries(self._folder):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False) and not any(map(path.match, OWNED)):
                yield path

    def _files(self) -> Iterator[Path]:
        for place in (self._folder, *self._folders()):
            for entry in _entries(place):
                if not entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds: nothing where the system's own tidying took it away."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _paths(value: Any) -> list[str]:
    """Of what a part holds: none, a path, paths, or pictures with their captions."""
    if not value:
        return []
    if isinstance(value, str):
        return [value]
    return [one if isinstance(one, str) else one[0] for one in value]
