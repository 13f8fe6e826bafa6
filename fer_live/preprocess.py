"""From a face in a frame to the network's input, from the card alone: for the app and the workshop."""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.card import Card, Crop
from fer_live.types import Face, FloatArray, Image

LARGEST_OVERSAMPLING = 8
LONGEST = 2**15 - 2  # pixels a side of what OpenCV warps


def crop_area(face: Face, crop: Crop) -> FloatArray:
    """Corners of the face's crop in the frame, from the top left, clockwise: (4, 2) float32, x then y."""
    box = face.box
    side = max(box.width, box.height)
    angle = 0.0
    if crop.align and face.keypoints is not None:
        left, right = face.keypoints.left_eye, face.keypoints.right_eye
        angle = math.atan2(right.y - left.y, right.x - left.x)
    right_way = np.array([math.cos(angle), math.sin(angle)])
    down = np.array([-math.sin(angle), math.cos(angle)])
    centre = np.array(box.centre) + side * crop.offset_x * right_way + side * crop.offset_y * down
    half = side * crop.margin / 2
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array([centre + half * (x * right_way + y * down) for x, y in corners], np.float32)


def within_reach(image: Image, area: FloatArray) -> tuple[Image, FloatArray]:
    """An image that OpenCV can warp, and the area (4, 2) in it: of longer ones the part around the area."""
    if max(image.shape[:2]) <= LONGEST:
        return image, area
    height, width = image.shape[:2]
    last = np.array([width - 1, height - 1])
    left, top = np.clip(np.floor(area.min(0)).astype(int) - 2, 0, last)
    right, bottom = np.clip(np.ceil(area.max(0)).astype(int) + 2, 0, last)
    return image[top : bottom + 1, left : right + 1], area - np.array([left, top], np.float32)


def crop_face(image: Image, area: FloatArray, size: int) -> Image:
    """Cut the square `area` (4, 2) out of an image: (size, size, 3), edges repeated outside the frame.

    Large faces are cut finer and averaged, because bilinear sampling alone would alias.
    """
    image, area = within_reach(image, area)
    side = float(np.linalg.norm(area[1] - area[0]))
    finer = min(max(math.ceil(side / size), 1), LARGEST_OVERSAMPLING)
    target = size * finer
    # Pixel centres lie half a pixel from the corner, in the frame and in the crop.
    corners = np.array([[0, 0], [target, 0], [target, target]], np.float32) - 0.5
    transform = cv2.getAffineTransform(area[:3] - 0.5, corners)
    cut = cv2.warpAffine(
        image, transform, (target, target), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if finer > 1:
        cut = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cut, np.uint8)


def fit_crop(crop: NDArray[np.uint8], card: Card) -> NDArray[np.uint8]:
    """A face crop, (H, W) grey or (H, W, 3) RGB of any size -> (size, size, channels) as the card says."""
    return fit_square(crop, card.size, card.channels)


def fit_square(crop: NDArray[np.uint8], size: int, channels: int) -> NDArray[np.uint8]:
    """`fit_crop` by the two numbers it needs: for training, where there is no card yet."""
    fitted: NDArray[Any] = crop
    if channels == 1 and crop.ndim == 3:
        fitted = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    elif channels == 3 and crop.ndim == 2:
        fitted = cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB)
    if crop.shape[:2] != (size, size):
        shrinks = min(crop.shape[:2]) > size
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        fitted = cv2.resize(fitted, (size, size), interpolation=how)
    return fitted.reshape(size, size, channels)


def to_input(crops: Sequence[NDArray[np.uint8]], card: Card) -> FloatArray:
    """B face crops of any size -> the network's input (B, C, size, size), channels last in memory."""
    batch = np.stack([fit_crop(crop, card) for crop in crops]).transpose(0, 3, 1, 2)
    images = batch.astype(np.float32)
    images /= 255
    images -= card.mean
    images /= card.deviation
    return images
