"""How large things are and where they go, so that nothing leaves the frame or hides another."""

from collections.abc import Sequence
from typing import NamedTuple

from fer_live.types import Box, Image, Reading

SMALLEST = 12  # pixels: the smallest type that reads well


class Obstacle(NamedTuple):
    """A place to keep clear of; hiding all of it costs `weight`."""

    box: Box
    weight: float


class Place(NamedTuple):
    """Where something goes. `wish`: the index of the wish; `cost`: of what it hides."""

    box: Box
    wish: int
    cost: float


def type_size(canvas: Image) -> int:
    """Pixels of running text, by the frame alone: text that grew with each face would tremble."""
    return max(SMALLEST, round(min(canvas.shape[:2]) / 45))


def small_type(size: int) -> int:
    """For what matters less, beside text of `size`."""
    return max(SMALLEST - 1, round(0.82 * size))


def panel_area(canvas: Image) -> Box:
    """Where labels and bars may lie: the frame without a margin and the HUD's strip."""
    height, width = canvas.shape[:2]
    margin = type_size(canvas) // 3
    return Box(margin, margin, width - margin, height - hud_height(canvas))


def hud_height(canvas: Image) -> int:
    """Pixels at the bottom that are the HUD's."""
    return 0 if canvas.shape[0] < 15 * SMALLEST else round(2.4 * type_size(canvas))


def visible(reading: Reading, canvas: Image) -> Box | None:
    """The part of the face's box inside the frame; None if there is none."""
    height, width = canvas.shape[:2]
    box = reading.face.box
    inside = Box(max(box.left, 0), max(box.top, 0), min(box.right, width), min(box.bottom, height))
    return inside if inside.width >= 4 and inside.height >= 4 else None


def fit(
    size: tuple[int, int],
    wishes: Sequence[tuple[float, float]],
    area: Box,
    obstacles: Sequence[Obstacle],
    favourite: int | None = None,
) -> Place | None:
    """The wish (left, top) that hides least, moved into `area`; None if that is too small.

    `size`: width and height. Earlier wishes win ties, and the favourite wins near-ties, so that what
    follows a face does not jump to and fro.
    """
    width, height = size
    if width > area.width or height > area.height:
        return None
    places = []
    for i, (left, top) in enumerate(wishes):
        x = round(min(max(left, area.left), area.right - width))
        y = round(min(max(top, area.top), area.bottom - height))
        box = Box(x, y, x + width, y + height)
        cost = sum(weight * _hidden(other, box) for other, weight in obstacles)
        places.append(Place(box, i, cost))
    return min(places, key=lambda place: place.cost - 0.1 * (place.wish == favourite))


def by_track(readings: Sequence[Reading]) -> list[int]:
    """Indices, oldest track first: the detector's own order changes from frame to frame."""
    return sorted(range(len(readings)), key=lambda i: readings[i].track or 0)


def _hidden(box: Box, by: Box) -> float:
    """The share of `box` that lies under `by`."""
    width = min(box.right, by.right) - max(box.left, by.left)
    height = min(box.bottom, by.bottom) - max(box.top, by.top)
    return max(width, 0.0) * max(height, 0.0) / (box.width * box.height)
