"""The corners of each face's box."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from fer_live.overlay.label import shown_colour
from fer_live.overlay.layout import type_size, visible
from fer_live.overlay.sprites import INK, WHITE
from fer_live.types import Image, Reading

SUB = 4  # bits of a pixel's fraction: corners glide instead of stepping


@dataclass(frozen=True)
class Boxes:
    """Four round corners around each face, in its expression's colour with a dark rim.

    `selected`: the track that a light frame marks.
    """

    selected: int | None = None

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        stroke = max(2, round(type_size(canvas) / 5))
        for reading in readings:
            box = visible(reading, canvas)
            if box is None:
                continue
            inset = stroke / 2 + 1
            half = np.array([box.width / 2 - inset, box.height / 2 - inset])
            reach = min(half.min(), 0.4 * half.min() + stroke)
            corners = [
                ((np.array(box.centre) + (half - reach * _corner()) * sides) * 2**SUB)
                .round()
                .astype(np.int32)
                for sides in np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
            ]
            if self.selected is not None and reading.track == self.selected:
                left, top, right, bottom = box.rounded()
                for colour, thick in ((INK, stroke), (WHITE, stroke // 2)):
                    cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), colour, thick)
            colour = shown_colour(reading)
            cv2.polylines(canvas, corners, False, INK, stroke + 2, cv2.LINE_AA, SUB)
            cv2.polylines(canvas, corners, False, colour, stroke, cv2.LINE_AA, SUB)


@lru_cache(maxsize=1)
def _corner() -> np.ndarray:
    """(12, 2): from one arm's end over the bend to the other's, as distances from the corner in arm lengths."""
    bend = 0.45
    angles = np.linspace(0, np.pi / 2, 10)
    arc = bend * (1 - np.stack([np.sin(angles), np.cos(angles)], 1))
    return np.concatenate([[(1, 0)], arc, [(0, 1)]])
