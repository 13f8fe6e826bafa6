"""Small soft-edged pictures to lay over a frame: panels, pills and text.

Each is drawn once, with Pillow, and kept: laying it down takes microseconds, drawing text does not.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import PIL.Image
import PIL.ImageDraw

from fer_live import fonts
from fer_live.types import Image

Colour: TypeAlias = tuple[int, int, int]  # RGB

WHITE: Colour = (255, 255, 255)
INK: Colour = (16, 18, 24)  # of panels
FINE = 4  # times finer shapes are drawn than shown


class Sprite(NamedTuple):
    """A picture with opacity. `colour`: (h, w, 3) uint8 RGB, multiplied by its opacity; `keep`: (h, w, 3) uint8, how much of what lies below stays."""

    colour: Image
    keep: Image

    @property
    def width(self) -> int:
        return self.colour.shape[1]

    @property
    def height(self) -> int:
        return self.colour.shape[0]


def paste(canvas: Image, sprite: Sprite, left: int, top: int) -> None:
    """Lay `sprite` on `canvas` (H, W, 3), in place; what lies outside is left out."""
    height, width = canvas.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + sprite.width, width), min(top + sprite.height, height)
    if x0 >= x1 or y0 >= y1:
        return
    area = canvas[y0:y1, x0:x1]
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    blend(area, sprite.colour[part], sprite.keep[part])


def blend(area: Image, colour: Image, keep: Image) -> None:
    """area * keep / 255 + colour, in place; all (h, w, 3) uint8."""
    cv2.multiply(area, keep, dst=area, scale=1 / 255)
    cv2.add(area, colour, dst=area)


def shrunk(sprite: Sprite, width: int, height: int) -> Sprite:
    """The sprite in the same form, within that room."""
    factor = min(width / sprite.width, height / sprite.height)
    size = max(int(factor * sprite.width), 1), max(int(factor * sprite.height), 1)
    colour, keep = (
        np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        for part in sprite
    )
    return Sprite(colour, keep)


def stack(base: Sprite, *layers: tuple[Sprite, int, int]) -> Sprite:
    """`base` with sprites laid on it, each with its left and top."""
    result = Sprite(base.colour.copy(), base.keep.copy())
    nothing = np.zeros_like(base.keep)
    for layer, left, top in layers:
        paste(result.colour, layer, left, top)
        paste(result.keep, Sprite(nothing[: layer.height, : layer.width], layer.keep), left, top)
    return result


@lru_cache(maxsize=2048)
def text(
    content: str, size: int, colour: Colour = WHITE, opacity: float = 1.0, bold: bool = False
) -> Sprite:
    """A line of text, as high as its font's lines; `size` in pixels."""
    fine = size * FINE  # at small sizes the font's own hinting swallows spaces
    stroke = round(0.02 * fine) if bold else 0
    wide, high = text_width(content, size), text_height(size)
    picture = PIL.Image.new("L", (wide * FINE, high * FINE))
    above, _ = fonts.line(fine)
    fonts.draw(PIL.ImageDraw.Draw(picture), (stroke, above), content, fine, 255, stroke=stroke)
    return _tinted(np.asarray(picture.reduce(FINE)), colour, opacity)


@lru_cache(maxsize=2048)
def text_width(content: str, size: int) -> int:
    return max(math.ceil(fonts.length(content, size * FINE) / FINE), 1)


def fitting(forms: Sequence[str], size: int, room: int) -> str:
    """The first that is no wider than `room` pixels, or the last."""
    return next((form for form in forms if text_width(form, size) <= room), forms[-1])


def shortened(content: str, size: int, room: int) -> str:
    """The text, with an ellipsis for its end where it is wider than `room` pixels."""
    shown = content
    while len(shown) > 1 and text_width(shown, size) > room:
        shown = shown[:-2].rstrip() + "…"
    return shown


def text_height(size: int) -> int:
    return math.ceil(sum(fonts.line(size * FINE)) / FINE)


@lru_cache(maxsize=2048)
def rounded(
    width: int, height: int, radius: float, colour: Colour = INK, opacity: float = 1.0
) -> Sprite:
    """A rectangle with round corners."""
    picture = PIL.Image.new("L", (width * FINE, height * FINE))
    PIL.ImageDraw.Draw(picture).rounded_rectangle(
        (0, 0, width * FINE - 1, height * FINE - 1), min(radius, width / 2, height / 2) * FINE, 255
    )
    return _tinted(np.asarray(picture.reduce(FINE)), colour, opacity)


def contrasting(colour: Colour) -> Colour:
    """Ink or white, whichever reads better on `colour`."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else WHITE


def _tinted(mask: np.ndarray, colour: Colour, opacity: float) -> Sprite:
    """mask: (h, w) uint8."""
    share = mask[:, :, None] * (opacity / 255)
    tinted = (share * colour + 0.5).astype(np.uint8)
    keep = np.repeat(255 * (1 - share) + 0.5, 3, 2).astype(np.uint8)
    return Sprite(tinted, keep)
