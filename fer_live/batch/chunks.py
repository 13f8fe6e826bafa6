"""Frames read several at a time, and the drawing on them."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from fer_live.overlay import Boxes, HeatMap, Overlay, Panels
from fer_live.types import Frame

IMAGES, PIXELS = 8, 24_000_000  # at a time: enough faces for a batch, and little memory
PASSED = 64  # items that need no reading, for which a chunk waits

Item = TypeVar("Item")


def chunks(items: Iterable[tuple[Item, Frame] | None]) -> Iterator[list[tuple[Item, Frame]]]:
    """Items with their frames in lists of at most IMAGES frames or about PIXELS pixels; None needs no reading."""
    chunk: list[tuple[Item, Frame]] = []
    pixels = passed = 0
    for item in items:
        if item is None:
            passed += bool(chunk)
        else:
            chunk.append(item)
            pixels += item[1].image.shape[0] * item[1].image.shape[1]
        if len(chunk) == IMAGES or pixels >= PIXELS or passed == PASSED:
            yield chunk
            chunk, pixels, passed = [], 0, 0
    if chunk:
        yield chunk


def drawing(heatmap: bool) -> Overlay:
    """What is drawn on files. One for each film or picture: it remembers, so that nothing flickers."""
    return Overlay([*([HeatMap()] if heatmap else []), Boxes(), Panels()])
