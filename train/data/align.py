"""Alignment: both eyes at fixed places, by the similarity transform that their two points decide."""

import math

import numpy as np

from fer_live.card import Crop
from fer_live.preprocess import crop_face
from fer_live.types import FloatArray
from train.data.images import Picture

# From the left and the top, in sides of the picture: where FER2013's eyes lie (medians of 292 faces,
# `python -m scripts.framing`), so that faces of all sets are framed alike.
LEFT_EYE, RIGHT_EYE, EYE_LINE = 0.314, 0.686, 0.4
# The same framing from the app's detector, whose box knows the eyes' slope but not their distance.
ALIGNED_CROP = Crop(margin=1.16, offset_x=0.0, offset_y=-0.095, align=True)
POINTS = 68  # of the landmarks that data sets bring (iBUG's order)


def align(picture: Picture, eyes: FloatArray) -> Picture:
    """Cut the square in which the eyes lie at their places; about as many pixels as it has in the picture.

    `eyes`: (2, 2), x and y of the left and the right eye as the viewer sees them.
    """
    area = eye_square(eyes)
    size = max(round(float(np.linalg.norm(area[1] - area[0]))), 1)
    return crop_face(picture, area, size)


def eye_square(eyes: FloatArray) -> FloatArray:
    """Corners (4, 2) of that square from the top left, clockwise."""
    left, right = np.asarray(eyes, np.float64)
    along = right - left
    side = math.hypot(*along) / (RIGHT_EYE - LEFT_EYE)
    right_way = along / max(math.hypot(*along), 1e-6)
    down = np.array([-right_way[1], right_way[0]])
    corner = left - side * (LEFT_EYE * right_way + EYE_LINE * down)
    steps = [(0, 0), (1, 0), (1, 1), (0, 1)]
    return np.array([corner + side * (x * right_way + y * down) for x, y in steps], np.float32)


def eyes_of(landmarks: FloatArray) -> FloatArray:
    """The centres (..., 2, 2) of both eyes from landmarks (..., 68, 2) in iBUG's order."""
    left, right = landmarks[..., 36:42, :].mean(-2), landmarks[..., 42:48, :].mean(-2)
    return np.stack([left, right], -2).astype(np.float32)
