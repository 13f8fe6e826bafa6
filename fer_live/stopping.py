"""Ctrl-C and requests to end, for loops that finish what is in hand."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

INTERRUPTED = 130  # exit code of a command that did not do all that it was asked for
Item = TypeVar("Item")
HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none


@dataclass
class Stop:
    """Whether Ctrl-C or a request to end has come."""

    asked: bool = False

    def heed(self) -> None:
        """Raise KeyboardInterrupt where it has come before there was a loop to end."""
        if self.asked:
            raise KeyboardInterrupt

    def heeded(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, each after a look whether to `heed`."""
        for item in items:
            self.heed()
            yield item


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Ctrl-C, SIGTERM and a closed terminal end the loop after the frame in hand, so that files are whole.

    Twice is at once.
    """
    stop = Stop()

    def ask(number: int, frame: Any) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    heard = [signal.SIGINT, signal.SIGTERM]
    if HANG_UP is not None and signal.getsignal(HANG_UP) != signal.SIG_IGN:  # as nohup asks for
        heard.append(HANG_UP)
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
