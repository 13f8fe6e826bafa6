"""Text in Pillow's font, which is the same on every computer, and in others where names have letters that it lacks."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Literal

import PIL.ImageDraw
import PIL.ImageFont

Font = PIL.ImageFont.FreeTypeFont
Anchor = Literal["start", "middle", "end"]

# In matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic.
DEJAVU = "mpl-data/fonts/ttf/DejaVuSans.ttf"
SYSTEMS = (  # names of files that Pillow looks for in the system's folders
    "msyh.ttc", "YuGothM.ttc", "malgun.ttf", "Nirmala.ttc", "LeelawUI.ttf",  # Windows
    "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "Arial Unicode.ttf",  # macOS
    "NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf", "wqy-microhei.ttc", "FreeSans.ttf",  # Linux
)  # fmt: skip
NOBODYS = "\uffff"  # no letter: a font draws what it draws for all that it lacks
BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}  # which share of a text lies before its place


def length(content: str, size: int) -> float:
    """In pixels, as `size` is."""
    return sum(font.getlength(part) for font, part in _parts(content, size))


def line(size: int) -> tuple[int, int]:
    """How far a line reaches above and below its base, in pixels."""
    return _own(size).getmetrics()


def draw(
    pen: PIL.ImageDraw.ImageDraw,
    place: tuple[float, float],
    content: str,
    size: int,
    fill: Any,
    anchor: Anchor = "start",
    stroke: int = 0,
) -> None:
    """Write a line of text. `place`: (x, y), x of its `anchor`, y of its base."""
    x, y = place
    if BEFORE[anchor]:
        x -= BEFORE[anchor] * length(content, size)
    for font, part in _parts(content, size):
        pen.text((x, y), part, fill, font, "ls", stroke_width=stroke)
        x += font.getlength(part)


@lru_cache(maxsize=2048)
def _parts(content: str, size: int) -> list[tuple[Font, str]]:
    """The text in one font that has all its letters, or else in parts, each letter in the first that has it."""
    if content.isascii():
        return [(_own(size), content)]
    tried = []
    for font in chain([_own(size)], _others(size)):
        if all(_has(font, letter) for letter in content):
            return [(font, content)]
        tried.append(font)
    fonts = [next((f for f in tried if _has(f, letter)), tried[0]) for letter in content]
    each = groupby(zip(fonts, content, strict=True), lambda pair: pair[0])
    return [(font, "".join(letter for _, letter in pairs)) for font, pairs in each]


@lru_cache(maxsize=64)
def _own(size: int) -> Font:
    found = PIL.ImageFont.load_default(size)
    if not isinstance(found, Font):
        raise RuntimeError("this Pillow was built without FreeType; install it from PyPI")
    return found


@lru_cache(maxsize=4096)  # names that are too long are tried letter by letter
def _has(font: Font, letter: str) -> bool:
    if not letter.isprintable() or letter.isspace():
        return True
    return bytes(font.getmask(letter)) != bytes(font.getmask(NOBODYS))


def _others(size: int) -> Iterator[Font]:
    matplotlib = find_spec("matplotlib")
    files = [] if matplotlib is None else [str(Path(str(matplotlib.origin)).parent / DEJAVU)]
    for file in (*files, *SYSTEMS):
        if (path := _path(file)) is not None:
            yield _opened(path, size)


@lru_cache
def _path(file: str) -> str | None:
    """Where the file lies, None where this system has it not: looking takes milliseconds."""
    try:
        return str(PIL.ImageFont.truetype(file).path)
    except OSError:
        return None


@lru_cache(maxsize=64)
def _opened(path: str, size: int) -> Font:
    return PIL.ImageFont.truetype(path, size)
