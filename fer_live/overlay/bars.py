"""The probabilities of each face, as bars."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from fer_live.expressions import Expression
from fer_live.overlay import sprites
from fer_live.overlay.label import DIM, label_places
from fer_live.overlay.layout import (
    SMALLEST,
    Obstacle,
    by_track,
    fit,
    panel_area,
    type_size,
    visible,
)
from fer_live.overlay.sprites import Sprite
from fer_live.types import Box, Image, Prediction, Reading

CROWD = 2  # faces; more have smaller panels
CROWDED = 0.5  # a panel that costs more is left out: it would hide a quarter of its own face


@dataclass
class Bars:
    """A panel beside each face, on whichever side there is room: name, bar and percentage.

    The order is that of the probabilities, always. In a crowd, faces without room have no panel.
    One object for each stream: a panel stays on its side while it can.
    """

    _sides: dict[int, int] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        boxes = [visible(reading, canvas) for reading in readings]
        labels = label_places(canvas, readings)
        taken = [label for label in labels if label]
        sides: dict[int, int] = {}
        for i in by_track(readings):
            reading, box, label = readings[i], boxes[i], labels[i]
            if box is None:
                continue
            others = [other for other in boxes if other and other is not box]
            obstacles = [Obstacle(box, 2)]  # a face that fills the frame is hidden in part
            obstacles += [Obstacle(other, 3) for other in others]
            obstacles += [Obstacle(other, 10) for other in taken]
            names = tuple(map(str, reading.prediction.probabilities))
            for size in _sizes(canvas, len(readings)):
                panel = _panel(names, size)
                place = fit(
                    (panel.base.width, panel.base.height),
                    _wishes(box, label or box, panel.base, size),
                    panel_area(canvas),
                    obstacles,
                    self._sides.get(reading.track or 0),
                )
                if place and place.cost < CROWDED:
                    _draw(canvas, panel, reading.prediction, place.box, size)
                    taken.append(place.box)
                    sides[reading.track or 0] = place.wish
                    break
        self._sides = sides


class _Panel(NamedTuple):
    """What does not change from frame to frame, and where the rest goes (pixels from its corner)."""

    base: Sprite
    rows: tuple[int, ...]  # tops
    row: int  # height
    name: int  # left
    bar: int  # left
    length: int  # of a full bar
    end: int  # right of the percentages
    thick: int  # of a bar


def _sizes(canvas: Image, faces: int) -> list[int]:
    """Type sizes to try: small pictures have room for small panels only."""
    size = type_size(canvas)
    if faces > CROWD:
        size = max(SMALLEST, round(0.8 * size))
    return [size, 10, 8]


def _wishes(box: Box, label: Box, panel: Sprite, size: int) -> list[tuple[float, float]]:
    """Right and left of the face, right and left of its label, below and above both."""
    gap = size / 2
    right, left = max(box.right, label.right), min(box.left, label.left)
    below, above = max(box.bottom, label.bottom), min(box.top, label.top)
    return [
        (box.right + gap, box.top),
        (box.left - gap - panel.width, box.top),
        (right + gap, box.top),
        (left - gap - panel.width, box.top),
        (box.left, below + gap),
        (box.left, above - gap - panel.height),
    ]


@lru_cache(maxsize=32)
def _panel(names: tuple[str, ...], size: int) -> _Panel:
    padding, gap = round(0.7 * size), round(0.6 * size)
    row, thick, length = round(1.5 * size), max(3, round(0.55 * size)), round(5.5 * size)
    bar = padding + max(sprites.text_width(name, size) for name in names) + gap
    end = bar + length + gap // 2 + sprites.text_width("100%", size)
    rows = tuple(padding + i * row for i in range(len(names)))
    panel = sprites.rounded(end + padding, rows[-1] + row + padding, 0.7 * size, opacity=0.72)
    track = sprites.rounded(length, thick, thick / 2, sprites.WHITE, 0.16)
    base = sprites.stack(panel, *((track, bar, top + (row - thick) // 2) for top in rows))
    return _Panel(base, rows, row, padding, bar, length, end, thick)


def _draw(canvas: Image, panel: _Panel, prediction: Prediction, place: Box, size: int) -> None:
    left, top = int(place.left), int(place.top)
    sprites.paste(canvas, panel.base, left, top)
    best = prediction.expression
    for row, (expression, p) in zip(panel.rows, prediction.probabilities.items(), strict=True):
        middle = top + row + panel.row // 2
        bold = expression is best
        opacity = 1.0 if bold else DIM
        name = sprites.text(str(expression), size, opacity=opacity, bold=bold)
        sprites.paste(canvas, name, left + panel.name, middle - name.height // 2)
        percent = sprites.text(f"{p:.0%}", size, opacity=opacity, bold=bold)
        sprites.paste(
            canvas, percent, left + panel.end - percent.width, middle - percent.height // 2
        )
        _draw_bar(canvas, panel, expression, p, left + panel.bar, middle - panel.thick // 2)


def _draw_bar(
    canvas: Image, panel: _Panel, expression: Expression, p: float, left: int, top: int
) -> None:
    length = min(round(p * panel.length), panel.length)
    if length > 0:
        fill = sprites.rounded(length, panel.thick, panel.thick / 2, expression.colour)
        sprites.paste(canvas, fill, left, top)
