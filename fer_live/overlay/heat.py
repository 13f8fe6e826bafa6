"""Where the model found what it read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from fer_live.expressions import Expression
from fer_live.overlay.sprites import blend
from fer_live.types import FloatArray, Image, Reading

FINE = 64  # pixels: the map's side once smoothed
COARSE = 128  # pixels: the longest side of what is turned and coloured before it is enlarged
DARKEST = 72  # where the colours begin: black over a face would look like shadow
CURVE = 0.75  # exponent of opacity over heat: below 1, lukewarm places still show
FORGOTTEN = 1e-9  # a scale so small belongs to a track that is long gone
EDGE = 0.08  # share of the map's side over which it fades at its border


@dataclass
class HeatMap:
    """The heat-map of what each face shows, or of the `chosen` expression: the hotter, the more opaque.

    One object for each stream. Each track has its own scale: the peak over all expressions' maps,
    which rises at once and falls by half in `half_life` frames. Scaled by each frame's own maximum,
    live video would flicker and noise would glow; a scale common to all expressions also shows a
    weak reading as weak. `reference` sets a fixed scale instead. Pictures without tracks are scaled
    by themselves.
    """

    opacity: float = 0.65
    chosen: Expression | None = None
    half_life: float = 150
    reference: float | None = None
    _peaks: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        decay = 0.5 ** (1 / self.half_life)
        self._peaks = {t: peak * decay for t, peak in self._peaks.items() if peak > FORGOTTEN}
        for reading in readings:
            heat = self.normalised(reading)
            if heat is not None and reading.heatmap_area is not None:
                glow(canvas, heat, reading.heatmap_area, self.opacity)

    def start_afresh(self) -> None:
        """Forget all scales: another model comes, whose maps have other units."""
        self._peaks = {}

    def target(self, reading: Reading) -> Expression:
        """Whose map is shown: the chosen one's, else that of the label's first."""
        return self.chosen or next(iter(reading.shown), reading.prediction.expression)

    def normalised(self, reading: Reading) -> FloatArray | None:
        """(h, w) in [0, 1]; None where there is no map, or nothing in it."""
        if reading.heatmaps is None:
            return None
        labels, target = list(reading.prediction.probabilities), self.target(reading)
        if target not in labels:
            return None
        scale = self._scale(reading.track, float(reading.heatmaps.max()))
        return np.clip(reading.heatmaps[labels.index(target)] / scale, 0, 1) if scale > 0 else None

    def _scale(self, track: int | None, peak: float) -> float:
        if self.reference is not None:
            return self.reference
        if track is None:
            return peak
        self._peaks[track] = max(peak, self._peaks.get(track, 0.0))
        return self._peaks[track]


def glow(canvas: Image, heat: FloatArray, area: FloatArray, opacity: float) -> None:
    """Lay heat, (h, w) in [0, 1], over area, (4, 2), its corners in the canvas."""
    height, width = canvas.shape[:2]
    x0, y0 = map(int, np.maximum(np.floor(area.min(0)), 0))
    x1, y1 = map(int, np.minimum(np.ceil(area.max(0)), (width, height)))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    # The map is smooth: it is turned and coloured small and then enlarged, six times faster.
    shrink = min(COARSE / max(x1 - x0, y1 - y0), 1.0)
    small = max(round((x1 - x0) * shrink), 2), max(round((y1 - y0) * shrink), 2)
    corners = (area - (x0, y0)) * (small[0] / (x1 - x0), small[1] / (y1 - y0)) - 0.5
    source = np.array([(0, 0), (FINE, 0), (FINE, FINE), (0, FINE)]) - 0.5
    turn = cv2.getPerspectiveTransform(source.astype(np.float32), corners.astype(np.float32))
    levels = cv2.warpPerspective(_smooth(heat), turn, small, flags=cv2.INTER_LINEAR)
    colour, keep = (
        np.asarray(cv2.resize(cv2.applyColorMap(levels, table), (x1 - x0, y1 - y0)), np.uint8)
        for table in _palette(opacity)
    )
    blend(canvas[y0:y1, x0:x1], colour, keep)


def _smooth(heat: FloatArray) -> Image:
    """(h, w) in [0, 1] -> (FINE, FINE) uint8, fading at the border."""
    fine = cv2.resize(heat.astype(np.float32), (FINE, FINE), interpolation=cv2.INTER_CUBIC)
    return np.clip(255 * fine * _window(), 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _window() -> FloatArray:
    """(FINE, FINE): 1 inside, falling to 0 at the border."""
    place = (np.arange(FINE) + 0.5) / FINE
    side = np.clip(np.minimum(place, 1 - place) / EDGE, 0, 1)
    side = side * side * (3 - 2 * side)
    return np.outer(side, side).astype(np.float32)


@lru_cache(maxsize=8)
def _palette(opacity: float) -> tuple[Image, Image]:
    """Colour times opacity, and what stays of the canvas: (256, 1, 3) uint8 each, by heat.

    Inferno: its steps look equally large, to colour-blind people too.
    """
    levels = np.arange(256, dtype=np.uint8)[:, None]
    bright = (DARKEST + levels * ((255 - DARKEST) / 255)).astype(np.uint8)
    inferno = cv2.cvtColor(cv2.applyColorMap(bright, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    share = opacity * (levels[:, :, None] / 255) ** CURVE
    colour = (share * inferno + 0.5).astype(np.uint8)
    keep = np.repeat(255 * (1 - share) + 0.5, 3, 2).astype(np.uint8)
    return colour, keep
