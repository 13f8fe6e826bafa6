"""The last half minute of every face."""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from fer_live.expressions import Expression
from fer_live.types import FloatArray, Scene

SPAN = 30.0  # seconds that are kept
STEPS = 300  # in which they are kept: a tenth of a second each


class Timeline:
    """Probabilities of each track in steps of SPAN / STEPS; what is older is forgotten."""

    def __init__(self) -> None:
        self.step = 0  # the newest
        self._kept: dict[int, deque[tuple[int, Mapping[Expression, float]]]] = {}

    def add(self, scene: Scene) -> None:
        """A clock that runs backwards, as in a video that starts again, begins anew."""
        step = int(scene.frame.seconds * STEPS / SPAN)
        if step < self.step:
            self._kept.clear()
        self.step = step
        for reading in scene.readings:
            if reading.track is not None:
                kept = self._kept.setdefault(reading.track, deque(maxlen=STEPS))
                if kept and kept[-1][0] == step:
                    kept.pop()  # the newest of a step stands for it
                kept.append((step, reading.prediction.probabilities))
        oldest = step - STEPS
        self._kept = {track: kept for track, kept in self._kept.items() if kept[-1][0] > oldest}

    def of(self, track: int | None, expressions: Sequence[Expression]) -> FloatArray:
        """(STEPS, K), newest last; NaN where the face was not read, or by a model without that expression."""
        values = np.full((STEPS, len(expressions)), np.nan, np.float32)
        for step, probabilities in self._kept.get(track or 0, ()):
            row = step - self.step + STEPS - 1
            if row >= 0:
                values[row] = [probabilities.get(expression, np.nan) for expression in expressions]
        # Slower than ten frames a second, steps between two readings are no gaps.
        return _bridged(values)


def _bridged(values: FloatArray, longest: int = 5) -> FloatArray:
    """Fill gaps of fewer than `longest` steps with what came before them."""
    read = ~np.isnan(values).all(1)
    last = np.maximum.accumulate(np.where(read, np.arange(len(values)), -longest))
    near = (np.arange(len(values)) - last < longest) & (last >= 0)
    filled = np.where(near[:, None], values[np.maximum(last, 0)], np.nan)
    return filled.astype(np.float32)
