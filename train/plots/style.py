"""What all figures share: sizes, and colours that say the same everywhere."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.text import Text

from fer_live.expressions import Expression

Colour = tuple[float, float, float]

CONTRAST = 3.0  # to white, of all that is drawn: WCAG 2.1, 1.4.11
DARKER = 0.97
MARKERS = "osD^vPX<>*"
INVISIBLE = "\u200b"  # a space without a width
LETTERS_PER_INCH, LEGEND_HANDLE = 11.0, 0.7  # of a legend's text, and the inches beside it


def figure(width: float, height: float) -> Figure:
    """An empty one, in inches; its layout leaves room for every label."""
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def save(picture: Figure, path: Path) -> None:
    """Its texts as they are: in the name of a model or a row, dollars mean no formula."""
    for text in picture.findobj(Text):
        text.set_parse_math(False)
    picture.savefig(path, facecolor="white")


def legend_name(name: str) -> str:
    """The name as a legend shows it: one that begins with _ would be left out."""
    return f"{INVISIBLE}{name}" if name.startswith("_") else name


def legend_columns(names: Sequence[str], width: float) -> int:
    """As many as fit below a figure of this width in inches, three at most."""
    longest = LEGEND_HANDLE + max(map(len, names)) / LETTERS_PER_INCH
    return max(1, min(3, len(names), int(width / longest)))


def class_colour(label: str) -> Colour:
    """The expression's colour in the app, darkened where white paper asks for it."""
    red, green, blue = (channel / 255 for channel in Expression(label).colour)
    while contrast_to_white((red, green, blue)) < CONTRAST:
        red, green, blue = DARKER * red, DARKER * green, DARKER * blue
    return red, green, blue


def row_colour(place: int) -> Colour:
    """The colour of a table's row, far from its neighbours' and the same in all figures; from the 11th on paler."""
    known: Sequence[Colour] = colormaps["tab20"].colors  # type: ignore[attr-defined]
    return [*known[::2], *known[1::2]][place % len(known)]


def row_marker(place: int) -> str:
    """The marker of a table's row, for where colours alone are alike."""
    return MARKERS[place % len(MARKERS)]


def contrast_to_white(colour: Colour) -> float:
    """1 (white) to 21 (black). WCAG 2.1, relative luminance."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
