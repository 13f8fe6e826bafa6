"""Frames read several at a time, and the drawing on them."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from fer_live.overlay import Boxes, HeatMap, Overlay, Panels
from fer_live.types import Frame

IMAGES, PIXELS = 8, 24_000_000  # at a time: enough faces for a batch, and little memory

Item = TypeVar("Item")


def chunks(items: Iterable[tuple[Item, Frame]]) -> Iterator[list[tuple[Item, Frame]]]:
    """Items with their frames in lists of at most IMAGES frames or about PIXELS pixels."""
    chunk: list[tuple[Item, Frame]] = []
    pixels = 0
    for item, frame in items:
        chunk.append((item, frame))
        pixels += frame.image.shape[0] * frame.image.shape[1]
        if len(chunk) == IMAGES or pixels >= PIXELS:
            yield chunk
            chunk, pixels = [], 0
    if chunk:
        yield chunk


def drawing(heatmap: bool) -> Overlay:
    """What is drawn on files. One for each film or picture: it remembers, so that nothing flickers."""
    return Overlay([*([HeatMap()] if heatmap else []), Boxes(), Panels()])
