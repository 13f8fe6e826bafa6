"""Readings, frames and what an annotator makes of them."""

import numpy as np

from fer_live.expressions import SEVEN
from fer_live.overlay import Overlay
from fer_live.types import Box, Face, Prediction, Reading

PROBABILITIES = (0.02, 0.01, 0.03, 0.8, 0.04, 0.06, 0.04)


def reading(left, top, right, bottom, track: int | None = 1, heat=1.0) -> Reading:
    """A happy face whose heat-maps have one hot cell in their upper left, over the box."""
    heatmaps = np.zeros((7, 7, 7), np.float32)
    heatmaps[:, 1, 1] = heat
    area = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    prediction = Prediction(dict(zip(SEVEN, PROBABILITIES, strict=True)), 0.31)
    face = Face(Box(left, top, right, bottom), 0.9)
    return Reading(face, prediction, track, heatmaps, area)


def frame(height=480, width=640, level=0) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def drawn(annotator, readings, canvas) -> np.ndarray:
    """(H, W): where the annotator changed the canvas."""
    return (Overlay([annotator])(canvas, readings) != canvas).any(2)
