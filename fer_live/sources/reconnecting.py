"""A live source that comes back."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from fer_live.errors import UserError
from fer_live.sources.base import Around, Lost, Source
from fer_live.types import Frame

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0  # seconds between tries; each waits twice as long

logger = logging.getLogger(__name__)


class Reconnecting(Around):
    """A source that is opened again whenever it is Lost, for as long as it takes.

    Indices and seconds go on growing, by as much as the break took; meanwhile `state` tells what is
    wrong, and the log when it went and came back. One that cannot be opened at first raises its error.
    `source` is entered anew each time. `pause` sleeps so many seconds or until the source shall close,
    and tells which: threading.Event.wait.
    """

    def __init__(
        self,
        source: Source,
        pause: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__(source)
        self._pause = pause
        self._clock = clock
        self._lost: tuple[str, float] | None = None  # its name, and when
        self._wait = FIRST_WAIT
        self._open = False

    def __enter__(self) -> "Reconnecting":
        self._source.__enter__()
        self._open = True
        return self

    def __exit__(self, *exception: object) -> None:
        if self._open:
            self._open = False
            self._source.__exit__(*exception)

    @property
    def state(self) -> str | None:
        """Such as "camera 0 stopped 3 s ago; reconnecting"."""
        lost = self._lost  # once: another thread writes it
        if lost is None:
            return self._source.state
        name, moment = lost
        return f"{name} stopped {self._clock() - moment:.0f} s ago; reconnecting"

    def __iter__(self) -> Iterator[Frame]:
        """Ends where the source does, or where it is lost and shall close."""
        began = self._clock()
        index, seconds = 0, 0.0
        while True:
            shift: float | None = None if self._lost else 0.0
            try:
                for frame in self._source:
                    if shift is None:
                        shift = self._clock() - began - frame.seconds
                    self._returned()
                    seconds = max(seconds, frame.seconds + shift)
                    yield replace(frame, index=index, seconds=seconds)
                    index += 1
                return
            except Lost as error:
                if self._lost is None:
                    self._lost = error.name, self._clock()
                    logger.warning(f"{error.name} stopped; reconnecting")
            if not self._reopened():
                return

    def _returned(self) -> None:
        if self._lost is not None:
            name, moment = self._lost
            logger.warning(f"{name} is back after {self._clock() - moment:.0f} s")
        self._lost, self._wait = None, FIRST_WAIT

    def _reopened(self) -> bool:
        """Whether the source could be opened before it shall close."""
        self.__exit__()
        while not self._pause(self._wait):
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            try:
                self.__enter__()
            except UserError:
                continue
            return True
        return False
