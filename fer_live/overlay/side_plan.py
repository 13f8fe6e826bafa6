"""Where things go in the side panel."""

from functools import lru_cache
from typing import NamedTuple

from fer_live.expressions import Expression
from fer_live.overlay import sprites

NARROWEST = 200  # pixels, where the window has room
LEAST = 105  # pixels: in fewer, names and numbers would lie on each other
TINIEST = 10  # pixels of type
FLATTEST = 8  # pixels: a lower row of the timeline shows nothing


def panel_width(size: tuple[int, int]) -> int:
    """Pixels that the panel takes of a window of `size` (width, height); 0 where it does not fit."""
    width, height = size
    wanted = min(max(round(0.5 * height), NARROWEST), round(0.45 * width))
    return wanted if wanted >= LEAST else 0


class Plan(NamedTuple):
    """Where things go in the panel, in its own pixels; 0 is left out."""

    type: int
    margin: int
    square: int  # side of crop and heat-map
    row: int  # height of a bar's row
    curve: int  # height of a row of the timeline


@lru_cache(maxsize=32)
def plan_panel(width: int, height: int) -> Plan:
    """What does not fit is left out: first the timeline, then the pictures.

    There is room for all expressions: nothing moves when a model comes that names fewer.
    """
    count = len(Expression)
    size = max(TINIEST, round(min(width / 23, height / 38)))
    margin = round(0.9 * size)
    title = round(2.1 * size) + margin
    line = sprites.text_height(fine_type(size))
    row = max(sprites.text_height(size), round(1.45 * size))
    meter = round(3.3 * size)
    square = min((width - 3 * margin) // 2, round(0.36 * height))
    pictures = square + line + round(0.9 * size)
    timeline = line + round(0.3 * size)
    left = height - margin - title - count * row - meter
    if left < pictures:
        return Plan(size, margin, 0, min(row, max((height - title) // count, 1)), 0)
    curve = min((left - pictures - timeline) // count, round(2 * size))
    return Plan(size, margin, square, row, curve if curve >= FLATTEST else 0)


def fine_type(size: int) -> int:
    return max(TINIEST, round(0.82 * size))
