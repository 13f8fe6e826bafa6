"""Frames that are read while others are drawn, shown and written."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from fer_live.pipeline import Analyzer, Seen
from fer_live.types import Frame, Scene

# A frame, what was seen in it, and when that began on time.perf_counter's clock; the frame's scene.
Tell = Callable[[Frame, Seen, float], Scene]


@dataclass
class _Found:
    seen: Seen
    began: float


class Ahead:
    """Up to `depth` frames in hand, in order: of one the faces are read while the next one's are found.

    `tell` makes scenes, in a thread of its own and one after the other. What fails there is raised by `take`.
    """

    def __init__(self, analyzer: Analyzer, tell: Tell, depth: int):
        self._analyzer = analyzer
        self._tell = tell
        self._depth = depth
        self._finding = ThreadPoolExecutor(1, "fer-live finding")
        self._reading = ThreadPoolExecutor(1, "fer-live reading")
        self._scenes: deque[Future[Scene]] = deque()

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(self, *exception: object) -> None:
        for thread in (self._finding, self._reading):
            thread.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        return len(self._scenes)

    @property
    def full(self) -> bool:
        return len(self._scenes) >= self._depth

    def begin(self, frame: Frame) -> None:
        """Take a frame in hand."""
        found = self._finding.submit(self._find, frame)
        self._scenes.append(self._reading.submit(self._read, frame, found))

    def take(self) -> Scene:
        """The scene of the frame that was begun first, once it is read."""
        return self._scenes.popleft().result()

    def wait(self) -> None:
        """Until all in hand is read."""
        wait(self._scenes)

    def _find(self, frame: Frame) -> _Found:
        began = time.perf_counter()
        return _Found(self._analyzer.find([frame.image]), began)

    def _read(self, frame: Frame, found: "Future[_Found]") -> Scene:
        it = found.result()
        return self._tell(frame, it.seen, it.began)
