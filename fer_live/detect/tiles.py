"""Where to look: square tiles of a picture, and which of the boxes found there are the same face."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fer_live.types import Box, Face, Point

SMALLEST = 40  # side in pixels of the smallest face promised, in pictures no wider than
WIDEST = 3840
REACH = 5  # a tile shows boxes down to this part of its side
GROWTH = 2  # from one level's tiles to the next one's
OVERLAP = 0.3  # of neighbouring tiles; with 0.4 no more faces were found


class Tile(NamedTuple):
    """A square of the picture in whole pixels; it may stick out of the picture."""

    left: int
    top: int
    side: int


def pyramid(width: int, height: int) -> list[Tile]:
    """All tiles for a picture, large ones first: each face fills 1/5 to 1/1.25 of one that shows it whole.

    640x480 takes 20 tiles, 1280x720 63, 1920x1080 149, 3840x2160 554; beyond, the smallest face grows
    with the picture.
    """
    long, short = max(width, height), min(width, height)
    largest = min(long, 2 * short)  # no face is larger than the short side
    finer: list[Tile] = []
    side = round(SMALLEST * REACH * max(long, WIDEST) / WIDEST)
    while side < largest:
        finer = _level(width, height, side, OVERLAP) + finer
        side *= GROWTH
    return _level(width, height, largest, 0.5) + finer


def _level(width: int, height: int, side: int, overlap: float) -> list[Tile]:
    """Tiles of one size, evenly spread, that share at least the part `overlap` with their neighbours."""
    lefts, tops = (_starts(length, side, overlap) for length in (width, height))
    return [Tile(left, top, side) for top in tops for left in lefts]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    if side >= length:
        return [(length - side) // 2]
    gaps = math.ceil((length - side) / (side * (1 - overlap)))
    return [round(i * (length - side) / gaps) for i in range(gaps + 1)]


def tile_around(box: Box, scale: float) -> Tile:
    """The tile of `scale` times the box's side, centred on it."""
    side = max(round(scale * max(box.width, box.height)), 1)
    return Tile(round(box.centre.x - side / 2), round(box.centre.y - side / 2), side)


def intersection_over_union(a: Box, b: Box) -> float:
    shared = _shared(a, b)
    return shared / (_area(a) + _area(b) - shared) if shared else 0.0


def same_face(a: Box, b: Box) -> bool:
    """Whether two boxes overlap so much, or one holds so much of the other, that they are one face."""
    shared = _shared(a, b)
    return shared > 0.6 * min(_area(a), _area(b)) or intersection_over_union(a, b) > 0.3


def suppress(faces: Iterable[Face], known: Sequence[Face] = ()) -> list[Face]:
    """The best-scored of each face, best first, less those that are in `known`."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(same_face(face.box, other.box) for other in (*known, *kept)):
            kept.append(face)
    return kept


def holds(width: int, height: int, point: Point) -> bool:
    """Whether the point is inside a picture."""
    return 0 <= point.x < width and 0 <= point.y < height


def clip(box: Box, width: int, height: int) -> Box:
    """The part of the box inside the picture."""
    return Box(
        min(max(box.left, 0.0), width),
        min(max(box.top, 0.0), height),
        min(max(box.right, 0.0), width),
        min(max(box.bottom, 0.0), height),
    )


def _shared(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return width * height if width > 0 and height > 0 else 0.0


def _area(box: Box) -> float:
    return box.width * box.height
