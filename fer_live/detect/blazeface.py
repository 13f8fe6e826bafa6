"""BlazeFace, MediaPipe's near face model, on one tile of a picture. Bazarevsky et al. 2019."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from fer_live.detect.tiles import Tile
from fer_live.errors import UserError
from fer_live.types import Box, Face, Image, Keypoints, Point

SIDE = 128  # the model's input
GRAPH = "mediapipe/modules/face_detection/face_detection_short_range_cpu.binarypb"
# mp.solutions.face_detection ignores a confidence below the 0.5 of its graph: set it where it counts
SCORE = "facedetectionshortrange__facedetection__TensorsToDetectionsCalculator.min_score_thresh"
INSTALL = "pip install 'mediapipe>=0.10.14,<0.10.22'"


class BlazeFace:
    """Finds the faces in a tile. Not thread-safe: one object for each thread.

    `floor`: the lowest score to report. Raises UserError where MediaPipe, or the model inside its
    wheel, is missing.
    """

    def __init__(self, floor: float):
        with _silent_stderr():
            self._graph = _load(floor)
            self._run(_black())  # TensorFlow's notices come with the first run

    def __call__(self, image: Image, tile: Tile, mirrored: bool = False) -> list[Face]:
        """The faces in the tile of `image`, in pixels of the image and not clipped, in any order.

        `mirrored`: show the model the tile's mirror image; the faces come back the right way round.
        """
        pixels = _pixels(image, tile)
        if mirrored:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
        return [_face(found, tile, mirrored) for found in self._run(pixels)]

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def _run(self, pixels: Image) -> list[Any]:
        return self._graph.process(pixels).detections or []


def _load(floor: float) -> Any:
    try:
        from mediapipe.python.solution_base import SolutionBase
    except ImportError as error:
        raise UserError(f"mediapipe cannot be imported ({error}): {INSTALL}") from None
    try:
        return SolutionBase(
            binary_graph_path=GRAPH, calculator_params={SCORE: floor}, outputs=["detections"]
        )
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"mediapipe has no face model {GRAPH} ({reason}): {INSTALL}") from None


def _pixels(image: Image, tile: Tile) -> Image:
    """The tile scaled to the model's input, (SIDE, SIDE, 3); black where it sticks out of the image."""
    height, width = image.shape[:2]
    left, top = max(tile.left, 0), max(tile.top, 0)
    right, bottom = min(tile.left + tile.side, width), min(tile.top + tile.side, height)
    if left >= right or top >= bottom:
        return _black()
    part = image[top:bottom, left:right]
    if part.shape[:2] != (tile.side, tile.side):
        below, beyond = tile.top + tile.side - bottom, tile.left + tile.side - right
        rim = (top - tile.top, below), (left - tile.left, beyond), (0, 0)
        part = np.pad(part, rim)
    method = cv2.INTER_AREA if tile.side > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=method), np.uint8)


def _black() -> Image:
    return np.zeros((SIDE, SIDE, 3), np.uint8)


def _face(found: Any, tile: Tile, mirrored: bool) -> Face:
    def place(x: float, y: float) -> Point:
        return Point(tile.left + (1 - x if mirrored else x) * tile.side, tile.top + y * tile.side)

    area = found.location_data.relative_bounding_box
    a = place(area.xmin, area.ymin)
    b = place(area.xmin + area.width, area.ymin + area.height)
    # MediaPipe's order is the person's right and left eye, nose, mouth, right and left ear
    eye, other_eye, nose, mouth, ear, other_ear = (
        place(point.x, point.y) for point in found.location_data.relative_keypoints
    )
    if mirrored:
        eye, other_eye, ear, other_ear = other_eye, eye, other_ear, ear
    return Face(
        Box(min(a.x, b.x), a.y, max(a.x, b.x), b.y),
        found.score[0],
        Keypoints(eye, other_eye, nose, mouth, ear, other_ear),
    )


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Hide what the C++ libraries write to file descriptor 2; they know no other switch."""
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # no stderr, as under pythonw
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
