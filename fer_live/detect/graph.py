"""BlazeFace in MediaPipe's own graph, a picture at a time."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fer_live.detect.found import FACE_MODEL, INSTALL, SIDE, Found
from fer_live.errors import UserError
from fer_live.types import Image

# mp.solutions.face_detection ignores a confidence below the 0.5 of its graph: set it where it counts
SCORE = "facedetectionshortrange__facedetection__TensorsToDetectionsCalculator.min_score_thresh"


class Graph:
    """`floor`: the lowest score to report. Raises UserError where MediaPipe or its model is missing."""

    def __init__(self, floor: float):
        with _silent_stderr():
            self._graph = _load(floor)
            # TensorFlow's notices come with the first picture.
            self._graph.process(np.zeros((SIDE, SIDE, 3), np.uint8))

    def __call__(self, pictures: Sequence[Image], rough: int = 0) -> list[list[Found]]:
        results = (self._graph.process(picture).detections or [] for picture in pictures)
        return [[_found(detection) for detection in detections] for detections in results]

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()
            self._graph = None


def _load(floor: float) -> Any:
    try:
        from mediapipe.python.solution_base import SolutionBase
    except ImportError as error:
        raise UserError(f"mediapipe cannot be imported ({error}): {INSTALL}") from None
    graph = f"{FACE_MODEL}_cpu.binarypb"
    try:
        return SolutionBase(
            binary_graph_path=graph, calculator_params={SCORE: floor}, outputs=["detections"]
        )
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"mediapipe has no face model {graph} ({reason}): {INSTALL}") from None


def _found(detection: Any) -> Found:
    where = detection.location_data
    area = where.relative_bounding_box
    corners = [(area.xmin, area.ymin), (area.xmin + area.width, area.ymin + area.height)]
    points = [(point.x, point.y) for point in where.relative_keypoints]
    return Found(detection.score[0], np.array(corners + points, np.float32))


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
