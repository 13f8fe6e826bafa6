"""How long each stage of a frame takes."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import numpy as np

KEPT = 600  # newest measurements of each stage, so that a long session does not grow


class StageTimes:
    """Milliseconds of each named stage, newest last."""

    def __init__(self) -> None:
        self._milliseconds: dict[str, deque[float]] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, 1000 * (time.perf_counter() - started))

    def add(self, stage: str, milliseconds: float) -> None:
        self._milliseconds.setdefault(stage, deque(maxlen=KEPT)).append(milliseconds)

    def percentile(self, percent: float) -> dict[str, float]:
        """Stage -> milliseconds that this share of its measurements stay below."""
        return {
            stage: float(np.percentile(values, percent))
            for stage, values in self._milliseconds.items()
        }

    def medians(self) -> dict[str, float]:
        """Stage -> median milliseconds, in the order in which stages were first seen."""
        return {stage: median(values) for stage, values in self._milliseconds.items()}
