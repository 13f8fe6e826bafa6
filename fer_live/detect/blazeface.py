"""BlazeFace, MediaPipe's near face model, on tiles of a picture. Bazarevsky et al. 2019."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live import quiet_openvino
from fer_live.detect.compiled import Compiled
from fer_live.detect.found import SIDE, Found, Model
from fer_live.detect.graph import Graph
from fer_live.detect.tiles import Tile
from fer_live.types import Box, Face, Image, Keypoints, Point


class View(NamedTuple):
    """A tile of a picture as the model is shown it; `mirrored`: its mirror image."""

    tile: Tile
    mirrored: bool = False


class BlazeFace:
    """Finds the faces in tiles. Not thread-safe: one object for each thread.

    `floor`: the lowest score to report. The model is the one in MediaPipe's wheel; OpenVINO runs it where
    it is installed, several tiles at once and each in half the time, MediaPipe where it is not. Raises
    UserError where MediaPipe, or the model inside its wheel, is missing.
    """

    def __init__(self, floor: float):
        self._model: Model = Compiled(floor) if quiet_openvino.is_installed() else Graph(floor)

    def __call__(self, image: Image, views: Sequence[View]) -> list[list[Face]]:
        """The faces in each view of `image`, in pixels of the image and not clipped, in any order.

        Faces in a mirrored view come back the right way round.
        """
        return self.find(views, [shown(image, view) for view in views])

    def find(
        self, views: Sequence[View], pictures: Sequence[Image], rough: int = 0
    ) -> list[list[Face]]:
        """The same, of views that are `shown` already; the places in the last `rough` are about right."""
        found = self._model(pictures, rough)
        return [[_face(one, view) for one in its] for view, its in zip(views, found, strict=True)]

    def close(self) -> None:
        self._model.close()


def shown(image: Image, view: View) -> Image:
    """The view scaled to the model's input, (SIDE, SIDE, 3); black where it sticks out of the image."""
    height, width = image.shape[:2]
    tile = view.tile
    left, top = max(tile.left, 0), max(tile.top, 0)
    right, bottom = min(tile.left + tile.side, width), min(tile.top + tile.side, height)
    if left >= right or top >= bottom:
        return np.zeros((SIDE, SIDE, 3), np.uint8)
    part: NDArray[Any] = image[top:bottom, left:right]
    if part.shape[:2] != (tile.side, tile.side):
        below, beyond = tile.top + tile.side - bottom, tile.left + tile.side - right
        rim = (top - tile.top, below, left - tile.left, beyond)
        part = cv2.copyMakeBorder(part, *rim, cv2.BORDER_CONSTANT)
    while part.shape[0] >= 2 * SIDE:
        # Halving averages each four pixels, a tenth of the work of averaging by any other number.
        half = part.shape[0] // 2
        part = cv2.resize(part, (half, half), interpolation=cv2.INTER_AREA)
    part = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.flip(part, 1) if view.mirrored else part, np.uint8)


def _face(found: Found, view: View) -> Face:
    tile = view.tile

    def place(x: float, y: float) -> Point:
        across = 1 - x if view.mirrored else x
        return Point(tile.left + across * tile.side, tile.top + y * tile.side)

    a, b, *points = (place(float(x), float(y)) for x, y in found.places)
    # MediaPipe's order is the person's right and left eye, nose, mouth, right and left ear
    eye, other_eye, nose, mouth, ear, other_ear = points
    if view.mirrored:
        eye, other_eye, ear, other_ear = other_eye, eye, other_ear, ear
    return Face(
        Box(min(a.x, b.x), a.y, max(a.x, b.x), b.y),
        found.score,
        Keypoints(eye, other_eye, nose, mouth, ear, other_ear),
    )
