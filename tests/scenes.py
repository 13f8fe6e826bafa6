"""Scenes and pictures for the tests of sinks."""

import numpy as np

from fer_live.expressions import SEVEN
from fer_live.types import Box, Face, Frame, Prediction, Reading, Scene


def scene(index=0, seconds=0.0, uncertainty: float | None = 0.31, score=0.97) -> Scene:
    probabilities = dict(zip(SEVEN, (0.01, 0.02, 0.03, 0.9, 0.01, 0.02, 0.01234567), strict=True))
    face = Face(Box(10.04, 20, np.float32(30.26), 40), score)
    reading = Reading(face, Prediction(probabilities, uncertainty), track=1)
    return Scene(Frame(np.zeros((4, 4, 3), np.uint8), index, seconds), [reading])


def picture(height=48, width=64, seed=0) -> np.ndarray:
    """A left half of red and a right half of blue, with noise that does not compress."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = image[:, width // 2 :, 2] = 200
    return image + np.random.default_rng(seed).integers(0, 55, image.shape, np.uint8)
