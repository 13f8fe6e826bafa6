"""A page as a picture, twice as fine as its pixels, for sharp screens."""

import math

import cv2
import numpy as np
import PIL.Image
import PIL.ImageDraw

from fer_live import fonts
from fer_live.summary.shapes import Area, Page, Picture, Rectangle, Words
from fer_live.types import Image

FINE = 2
FRACTION = 4  # bits of a coordinate below the pixel


def picture(page: Page) -> Image:
    """(FINE * height, FINE * width, 3) RGB."""
    canvas = np.full((FINE * page.height, FINE * page.width, 3), page.background, np.uint8)
    for shape in page.shapes:
        if isinstance(shape, Rectangle):
            cv2.fillPoly(canvas, [_fixed(_outline(shape))], shape.fill, cv2.LINE_AA, shift=FRACTION)
        elif isinstance(shape, Area):
            corners = _fixed(np.array(shape.corners))
            cv2.fillPoly(canvas, [corners], shape.fill, cv2.LINE_AA, shift=FRACTION)
            line = corners[1:-1]
            cv2.polylines(canvas, [line], False, shape.line, FINE, cv2.LINE_AA, shift=FRACTION)
        elif isinstance(shape, Picture):
            _lay(canvas, shape)
    drawn = PIL.Image.fromarray(canvas)
    pen = PIL.ImageDraw.Draw(drawn)
    for shape in page.shapes:
        if isinstance(shape, Words):
            _write(pen, shape)
    return np.asarray(drawn)


def _outline(shape: Rectangle) -> np.ndarray:
    """Corners of the rectangle, (n, 2), its round ones as arcs."""
    x0, y0, x1, y1 = shape.left, shape.top, shape.left + shape.width, shape.top + shape.height
    r = min(shape.radius, shape.width / 2, shape.height / 2)
    if r <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    centres = [(x1 - r, y0 + r), (x1 - r, y1 - r), (x0 + r, y1 - r), (x0 + r, y0 + r)]
    corners = []
    for quarter, (x, y) in enumerate(centres):
        for step in range(9):
            angle = (quarter - 1 + step / 8) * math.pi / 2  # from the top, clockwise
            corners.append((x + r * math.cos(angle), y + r * math.sin(angle)))
    return np.array(corners)


def _fixed(corners: np.ndarray) -> np.ndarray:
    """(n, 2) in pixels of the page -> whole numbers, FRACTION bits finer than the canvas.

    OpenCV counts from pixel centres, pages from their edges.
    """
    return np.round((corners * FINE - 0.5) * (1 << FRACTION)).astype(np.int32)


def _lay(canvas: Image, shape: Picture) -> None:
    side, left, top = (round(FINE * length) for length in (shape.side, shape.left, shape.top))
    image = cv2.resize(shape.image, (side, side), interpolation=cv2.INTER_AREA)
    canvas[top : top + side, left : left + side] = image


def _write(pen: PIL.ImageDraw.ImageDraw, words: Words) -> None:
    size = FINE * words.size
    stroke = round(0.02 * size) if words.bold else 0
    place = (FINE * words.x, FINE * words.y)
    fonts.draw(pen, place, words.text, size, words.colour, words.anchor, stroke)
