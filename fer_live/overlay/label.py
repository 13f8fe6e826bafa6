"""What is read in each face: a word and a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fer_live.expressions import Expression
from fer_live.overlay import sprites
from fer_live.overlay.layout import (
    Obstacle,
    by_track,
    fit,
    panel_area,
    small_type,
    type_size,
    visible,
)
from fer_live.overlay.sprites import Sprite
from fer_live.types import Box, Image, Reading

DIM = 0.85  # opacity of what matters less


@dataclass(frozen=True)
class Label:
    """Identity, expression and percentage at each face, and below them the uncertainty.

    The uncertainty is a rank: 31/100 means more unsure than of 31 in 100 training faces.
    """

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        size = type_size(canvas)
        for reading, place in zip(readings, label_places(canvas, readings), strict=True):
            if place is not None:
                sprites.paste(canvas, _label(reading, size), int(place.left), int(place.top))


def label_places(canvas: Image, readings: Sequence[Reading]) -> list[Box | None]:
    """Where each reading's label lies; None without a face or without room."""
    size, area = type_size(canvas), panel_area(canvas)
    boxes = [visible(reading, canvas) for reading in readings]
    obstacles = [Obstacle(box, 1) for box in boxes if box]
    places: list[Box | None] = [None] * len(readings)
    for i in by_track(readings):
        box = boxes[i]
        if box is None:
            continue
        label = _label(readings[i], size)
        above, below = box.top - label.height - size / 3, box.bottom + size / 3
        wishes = [
            (left, top) for top in (above, below) for left in (box.left, box.right - label.width)
        ]
        place = fit((label.width, label.height), wishes, area, obstacles)
        if place:
            places[i] = place.box
            obstacles.append(Obstacle(place.box, 4))
    return places


def _label(reading: Reading, size: int) -> Sprite:
    prediction = reading.prediction
    rank = None if prediction.uncertainty is None else round(100 * prediction.uncertainty)
    percent = round(100 * prediction.confidence)
    return _drawn(reading.track, prediction.expression, percent, rank, size)


@lru_cache(maxsize=256)
def _drawn(
    track: int | None, expression: Expression, percent: int, rank: int | None, size: int
) -> Sprite:
    padding, gap = round(0.45 * size), round(0.4 * size)
    name = sprites.text(str(expression), round(1.15 * size), bold=True)
    share = sprites.text(f"{percent}%", round(1.15 * size), opacity=DIM)
    badge = _badge(track, expression, name.height)
    row = [badge, name, share]
    lefts = [padding]
    for part in row:
        lefts.append(lefts[-1] + part.width + gap)
    width, height = lefts[-1] - gap + padding + size // 6, name.height + 2 * padding
    layers = [
        (part, left, padding + (name.height - part.height) // 2)
        for part, left in zip(row, lefts, strict=False)
    ]
    if rank is not None:
        below = sprites.text(f"uncertainty {rank}/100", small_type(size), opacity=DIM)
        width = max(width, below.width + 2 * padding + size // 6)
        layers.append((below, padding, height - padding + size // 6))
        height += below.height
    panel = sprites.rounded(width, height, 0.55 * size, opacity=0.72)
    return sprites.stack(panel, *layers)


def _badge(track: int | None, expression: Expression, height: int) -> Sprite:
    """A chip in the expression's colour that holds the identity."""
    if track is None:
        return sprites.rounded(height // 2, height // 2, height, expression.colour)
    number = sprites.text(
        str(track), round(0.7 * height), sprites.contrasting(expression.colour), bold=True
    )
    chip = sprites.rounded(
        max(height, number.width + height // 2), height, 0.3 * height, expression.colour
    )
    middle = ((chip.width - number.width) // 2, (chip.height - number.height) // 2)
    return sprites.stack(chip, (number, *middle))
