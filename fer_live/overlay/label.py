"""What is read in a face: a word and a number, in forms from whole to tiny."""

from functools import lru_cache
from typing import NamedTuple

from fer_live.expressions import Expression
from fer_live.overlay import sprites
from fer_live.overlay.layout import small_type
from fer_live.overlay.sprites import Colour, Sprite
from fer_live.types import Reading

DIM = 0.85  # opacity of what matters less
PANEL = 0.86  # opacity of panels: with it every expression's colour stands out from any picture
RIM = 2  # pixels around a chip
MUTED: Colour = (150, 150, 160)  # of readings that are not sure enough for one expression
WHOLE, ROW, WORD, SHORT, CHIP = FORMS = range(5)


class Words(NamedTuple):
    """What a label says; numbers as whole percents.

    `leading`: what is most probable where that is not shown, for names are steadier than probabilities.
    """

    track: int | None
    shown: tuple[Expression, ...]
    percent: int
    rank: int | None  # uncertainty: 31 is more unsure than 31 of 100 training faces
    leading: Expression | None = None

    @property
    def name(self) -> str:
        """Such as "sad", "sad or neutral", "unsure"."""
        return " or ".join(map(str, self.shown)) or "unsure"

    @property
    def abbreviation(self) -> str:
        """Such as "sad", "sad/neu", "?"."""
        return "/".join(str(expression)[:3] for expression in self.shown) or "?"

    def said(self, form: int) -> str:
        return self.name if form < SHORT else self.abbreviation


def words(reading: Reading) -> Words:
    """The percentage is that of all that is named together."""
    prediction, shown = reading.prediction, reading.shown
    rank = None if prediction.uncertainty is None else round(100 * prediction.uncertainty)
    sure = sum(prediction.probabilities.get(expression, 0.0) for expression in shown)
    first = prediction.expression
    leading = first if shown and first not in shown else None
    return Words(reading.track, shown, round(100 * sure), rank, leading)


def shown_colour(reading: Reading) -> Colour:
    """The expression's, muted where the label does not name exactly one."""
    return _colour(reading.shown)


def _colour(shown: tuple[Expression, ...]) -> Colour:
    return shown[0].colour if len(shown) == 1 else MUTED


def label_size(content: Words, size: int, form: int) -> tuple[int, int]:
    """Width and height of `draw_label`."""
    if form == CHIP:
        return _chip_size(content.abbreviation, size)
    type_height = _row_type(size, form)
    padding, gap = round(0.45 * size), round(0.4 * size)
    height = sprites.text_height(type_height)
    said = content.said(form)
    width = badge_width(content.track, height) + gap + sprites.text_width(said, type_height)
    if form < WORD and content.shown:
        width += gap + _percent_width(content.percent, type_height)
    total = height + 2 * padding
    if form == WHOLE and content.rank is not None:
        # Of what leads, too: that is shorter, and the panel keeps its width.
        below = _uncertainty(content.rank)
        width = max(width, sprites.text_width(below, small_type(size)))
        total += sprites.text_height(small_type(size))
    return width + 2 * padding + size // 6, total


@lru_cache(maxsize=512)
def draw_label(content: Words, size: int, form: int) -> Sprite:
    """Badge, name, percentage and below them the uncertainty, or what leads where the name is another.

    ROW has nothing below, WORD no percentage, SHORT and CHIP an abbreviation, CHIP no badge.
    """
    colour = _colour(content.shown)
    if form == CHIP:
        return _chip(content.abbreviation, colour, size)
    type_height = _row_type(size, form)
    padding, gap = round(0.45 * size), round(0.4 * size)
    width, height = label_size(content, size, form)
    name = sprites.text(content.said(form), type_height, bold=len(content.shown) == 1)
    chip = badge(content.track, colour, name.height)
    left = padding + chip.width + gap
    layers = [(chip, padding, padding), (name, left, padding)]
    if form < WORD and content.shown:
        percent = sprites.text(f"{content.percent}%", type_height, opacity=DIM)
        room = _percent_width(content.percent, type_height)
        layers.append((percent, left + name.width + gap + room - percent.width, padding))
    if form == WHOLE and content.rank is not None:
        said = f"{content.leading} leads" if content.leading else _uncertainty(content.rank)
        below = sprites.text(said, small_type(size), opacity=DIM)
        layers.append((below, padding, padding + name.height + size // 6))
    panel = sprites.rounded(width, height, 0.55 * size, opacity=PANEL)
    return sprites.stack(panel, *layers)


def _row_type(size: int, form: int) -> int:
    return {WHOLE: round(1.15 * size), ROW: size}.get(form, small_type(size))


def _uncertainty(rank: int) -> str:
    return f"uncertainty {rank}/100"


def _percent_width(percent: int, size: int) -> int:
    """Room for two digits at least, so that the panel keeps its width."""
    return max(sprites.text_width(text, size) for text in ("00%", f"{percent}%"))


def badge_width(track: int | None, height: int) -> int:
    if track is None:
        return height // 2
    return max(height, sprites.text_width(str(track), round(0.7 * height)) + height // 2)


def badge(track: int | None, colour: Colour, height: int) -> Sprite:
    """A chip in the expression's colour that holds the identity; without one, half as wide as high."""
    width = badge_width(track, height)
    chip = sprites.rounded(width, height, 0.3 * height, colour)
    if track is None:
        return chip
    number = sprites.text(str(track), round(0.7 * height), sprites.contrasting(colour), bold=True)
    return sprites.stack(chip, (number, (width - number.width) // 2, (height - number.height) // 2))


def _chip_size(text: str, size: int) -> tuple[int, int]:
    small = small_type(size)
    return sprites.text_width(text, small) + small, sprites.text_height(small) + 2 * RIM


def _chip(text: str, colour: Colour, size: int) -> Sprite:
    """Letters on the expression's colour, with a dark rim."""
    width, height = _chip_size(text, size)
    letters = sprites.text(text, small_type(size), sprites.contrasting(colour))
    rim = sprites.rounded(width, height, height / 3, opacity=PANEL)
    chip = sprites.rounded(width - 2 * RIM, height - 2 * RIM, height / 3 - RIM, colour)
    return sprites.stack(rim, (chip, RIM, RIM), (letters, (width - letters.width) // 2, RIM))
