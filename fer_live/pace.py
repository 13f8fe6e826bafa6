"""How fast a session goes."""

import time

from fer_live.overlay import HudInfo
from fer_live.pipeline import Analyzer


class Pace:
    """Frames per second and milliseconds of work, averaged over about the last second."""

    def __init__(self) -> None:
        self.fps = 0.0
        self.milliseconds = 0.0
        self._last: float | None = None

    def step(self, work: float) -> None:
        """Count one frame that took `work` milliseconds."""
        now = time.perf_counter()
        if self._last is None:  # work before a rest may have been another picture's, or model's
            self.milliseconds = work
        else:
            elapsed = max(now - self._last, 1e-6)
            share = min(1.0, max(elapsed, 0.05))
            self.fps += share * (1 / elapsed - self.fps) if self.fps else 1 / elapsed
            self.milliseconds += share * (work - self.milliseconds)
        self._last = now

    def rest(self) -> None:
        """What passes until the next step is no work."""
        self._last = None

    def info(self, analyzer: Analyzer, dropped: int = 0) -> HudInfo:
        classifier = analyzer.classifier
        return HudInfo(
            self.fps,
            self.milliseconds,
            classifier.card.name,
            classifier.device,
            classifier.runtime.name,
            dropped,
        )
