"""A thread that reads a source while its frames are worked on."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from fer_live.sources.base import Around, Source
from fer_live.sources.reconnecting import Reconnecting
from fer_live.types import Frame

AHEAD = 2  # frames that wait where none may be lost: enough to overlap, and little memory
SILENT = 2.0  # seconds without a frame of which the state tells
GRACE = 2.0  # seconds that a read may still take when the reader is left
LOOK = 0.5  # seconds between looks for Ctrl-C, which some systems do not let through while waiting

logger = logging.getLogger(__name__)


class Reader(Around):
    """`source` in a thread of its own, as a source.

    Of a live one it keeps the newest frame, so that what is shown is never late, and counts those
    `dropped`; of any other one, or with `every_frame`, it loses none: where the consumer is slower the
    source waits. What the source raises is raised where its frames are taken. Entering opens the source;
    the thread closes it, because none else may while it reads. One that hangs in a read when the reader
    is left is given GRACE seconds and then closes whenever it comes back; the program can end before.
    `stop`: set when the reader is left, for sources that wait.
    """

    def __init__(
        self,
        source: Source,
        every_frame: bool = False,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__(source)
        self.dropped = 0
        self._every_frame = every_frame
        self._stop = stop or threading.Event()
        self._clock = clock
        self._changed = threading.Condition()
        self._frames: deque[Frame] = deque()
        self._done = False
        self._error: BaseException | None = None
        self._heard = 0.0
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Reader":
        self._source.__enter__()
        self._heard = self._clock()
        self._thread = threading.Thread(target=self._run, name="fer-live reader", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._thread is None:
            return
        with self._changed:
            self._stop.set()
            self._frames.clear()
            self._changed.notify_all()
        self._thread.join(GRACE)
        if self._thread.is_alive():
            logger.warning(f"the source does not answer; left it after {GRACE:.0f} s")
        self._thread = None

    @property
    def state(self) -> str | None:
        """The source's own, or that a live one has been silent for seconds."""
        silent = self._clock() - self._heard
        waited_for = self.live and not self._frames and not self._done
        if self._source.state or not waited_for or silent < SILENT:
            return self._source.state
        return f"no picture for {silent:.0f} s"

    @property
    def ended(self) -> bool:
        """Whether all frames there were are taken."""
        with self._changed:
            return self._done and not self._frames and self._error is None

    @property
    def waiting(self) -> bool:
        """Whether a frame can be taken at once."""
        return bool(self._frames)

    def take(self, patience: float | None = None) -> Frame | None:
        """The next frame; None once the source has ended, or if none comes for `patience` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._done, patience)
            if self._frames:
                self._changed.notify_all()
                return self._frames.popleft()
            if self._error is not None:
                raise self._error
            return None

    def __iter__(self) -> Iterator[Frame]:
        if self._thread is None:
            raise RuntimeError("enter the reader before reading it")
        while not self.ended:
            frame = self.take(LOOK)
            if frame is not None:
                yield frame

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            try:
                for frame in self._source:
                    if not self._put(frame):
                        break
            finally:
                self._source.__exit__()
        except BaseException as raised:
            error = raised
        with self._changed:
            self._error, self._done = error, True
            self._changed.notify_all()

    def _put(self, frame: Frame) -> bool:
        """Whether more are wanted."""
        newest_only = self.live and not self._every_frame
        with self._changed:
            self._heard = self._clock()
            if newest_only:
                self.dropped += len(self._frames)
                self._frames.clear()
            else:
                self._changed.wait_for(lambda: len(self._frames) < AHEAD or self._stop.is_set())
            if self._stop.is_set():
                return False
            self._frames.append(frame)
            self._changed.notify_all()
            return True


def follow(source: Source, every_frame: bool = False) -> Reader:
    """`source` in a thread of its own, and opened again where a camera or live stream breaks off."""
    stop = threading.Event()
    return Reader(Reconnecting(source, stop.wait), every_frame, stop)
