"""The probabilities of a face, as bars."""

from functools import lru_cache
from typing import NamedTuple

from fer_live.expressions import Expression
from fer_live.overlay import sprites
from fer_live.overlay.label import DIM, PANEL, badge, badge_width, shown_colour
from fer_live.overlay.layout import SMALLEST, type_size
from fer_live.overlay.sprites import Sprite
from fer_live.types import Image, Reading

CROWD, THRONG = 2, 6  # faces; more have smaller panels, and all of one size
TINIEST = 10  # pixels of type


class _Panel(NamedTuple):
    """What does not change from frame to frame, and where the rest goes (pixels from its corner)."""

    base: Sprite
    edge: int  # left and top of what is in it
    rows: tuple[int, ...]  # tops
    row: int  # height
    name: int  # left
    bar: int  # left
    length: int  # of a full bar
    end: int  # right of the percentages
    thick: int  # of a bar


def bar_types(canvas: Image, faces: int) -> list[int]:
    """Type sizes to try, best first: small pictures have room for small panels only.

    Of several faces all have the same, or they could not be compared at a glance.
    """
    size = type_size(canvas)
    if faces > THRONG:
        return [max(TINIEST, round(0.7 * size))]
    if faces > CROWD:
        return [max(SMALLEST, round(0.8 * size))]
    return [size, *(smaller for smaller in (SMALLEST, TINIEST) if smaller < size)]


def bars_size(reading: Reading, size: int, signed: bool) -> tuple[int, int]:
    """Width and height of `draw_bars`."""
    base = _panel(_names(reading), size, _margin(reading, size, signed)).base
    return base.width, base.height


def draw_bars(
    canvas: Image, reading: Reading, left: int, top: int, size: int, signed: bool
) -> None:
    """A panel: name, bar and percentage of each expression, in the probabilities' order, always.

    `signed`: with the label's badge, which tells whose they are.
    """
    panel = _panel(_names(reading), size, _margin(reading, size, signed))
    sprites.paste(canvas, panel.base, left, top)
    if signed:
        sign = badge(reading.track, shown_colour(reading), sprites.text_height(size))
        sprites.paste(canvas, sign, left + panel.edge, top + panel.edge)
    for row, (expression, p) in zip(
        panel.rows, reading.prediction.probabilities.items(), strict=True
    ):
        middle = top + row + panel.row // 2
        bold = expression in reading.shown
        opacity = 1.0 if bold else DIM
        name = sprites.text(str(expression), size, opacity=opacity, bold=bold)
        sprites.paste(canvas, name, left + panel.name, middle - name.height // 2)
        percent = sprites.text(f"{p:.0%}", size, opacity=opacity, bold=bold)
        sprites.paste(
            canvas, percent, left + panel.end - percent.width, middle - percent.height // 2
        )
        _draw_bar(canvas, panel, expression, p, left + panel.bar, middle - panel.thick // 2)


def _names(reading: Reading) -> tuple[str, ...]:
    return tuple(map(str, reading.prediction.probabilities))


def _margin(reading: Reading, size: int, signed: bool) -> int:
    """Pixels at the left for the badge."""
    if not signed:
        return 0
    return badge_width(reading.track, sprites.text_height(size)) + round(0.5 * size)


@lru_cache(maxsize=64)
def _panel(names: tuple[str, ...], size: int, margin: int = 0) -> _Panel:
    edge, gap = round(0.7 * size), round(0.6 * size)
    padding = edge + margin
    row, thick, length = round(1.5 * size), max(3, round(0.55 * size)), round(5.5 * size)
    bar = padding + max(sprites.text_width(name, size) for name in names) + gap
    end = bar + length + gap // 2 + sprites.text_width("100%", size)
    rows = tuple(edge + i * row for i in range(len(names)))
    panel = sprites.rounded(end + edge, rows[-1] + row + edge, 0.7 * size, opacity=PANEL)
    track = sprites.rounded(length, thick, thick / 2, sprites.WHITE, 0.16)
    base = sprites.stack(panel, *((track, bar, top + (row - thick) // 2) for top in rows))
    return _Panel(base, edge, rows, row, padding, bar, length, end, thick)


def _draw_bar(
    canvas: Image, panel: _Panel, expression: Expression, p: float, left: int, top: int
) -> None:
    length = min(round(p * panel.length), panel.length)
    if length > 0:
        fill = sprites.rounded(length, panel.thick, panel.thick / 2, expression.colour)
        sprites.paste(canvas, fill, left, top)
