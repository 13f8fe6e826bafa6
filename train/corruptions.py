"""What a webcam does to a face: uint8 pictures, spoilt before any preprocessing, in five severities.

After Hendrycks and Dietterich 2019 (ImageNet-C), sized for faces of 48 pixels: lengths are shares of the
picture's side. Places of eyes and mouth are those of FER2013's mean face.
"""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from typing_extensions import Self

from train.data import Faces
from train.data.images import Picture

Random = np.random.Generator

SEVERITIES = (1, 2, 3, 4, 5)
# Top, bottom, left and right of the whole part, in shares of the side; severity 5 covers all of it.
EYES = (0.24, 0.48, 0.10, 0.90)
MOUTH = (0.62, 1.00, 0.18, 0.82)
GLASSES, MASK = 20, 200  # grey values


def noise(image: Picture, severity: int, random: Random) -> Picture:
    """Gaussian, of a deviation in grey values."""
    deviation = (8, 16, 24, 36, 48)[severity - 1]
    return _bytes(image + random.normal(0, deviation, image.shape))


def motion_blur(image: Picture, severity: int, random: Random) -> Picture:
    """A straight line in any direction, as long as this share of the side."""
    length = (0.06, 0.10, 0.14, 0.18, 0.22)[severity - 1] * min(image.shape[:2])
    angle = random.uniform(0, np.pi)
    half = int(np.ceil(length / 2))
    reach = 16 * length / 2 * np.array([np.cos(angle), np.sin(angle)])  # of OpenCV's 1/16 pixels
    middle = np.full(2, 16.0 * half)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    first, last = (tuple(np.rint(middle + way * reach).astype(int).tolist()) for way in (-1, 1))
    cv2.line(kernel, first, last, (255,), lineType=cv2.LINE_AA, shift=4)
    return _filter(image, kernel)


def defocus(image: Picture, severity: int, random: Random) -> Picture:
    """A disk whose radius is this share of the side."""
    radius = (0.02, 0.03, 0.04, 0.05, 0.06)[severity - 1] * min(image.shape[:2])
    half = int(np.ceil(radius))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    centre = (16 * half, 16 * half)  # in sixteenths of a pixel, as the radius is
    cv2.circle(kernel, centre, round(16 * radius), (255,), cv2.FILLED, cv2.LINE_AA, 4)
    return _filter(image, kernel)


def low_light(image: Picture, severity: int, random: Random) -> Picture:
    """So much of the light, and the noise of the few photons that are left."""
    light = (0.5, 0.35, 0.25, 0.15, 0.10)[severity - 1]
    photons = 2.0  # for each grey value
    return _bytes(random.poisson(image * light * photons) / photons)


def over_exposure(image: Picture, severity: int, random: Random) -> Picture:
    """So many times the light, cut off at white."""
    return _bytes(image * (1.25, 1.5, 1.8, 2.2, 2.7)[severity - 1])


def low_contrast(image: Picture, severity: int, random: Random) -> Picture:
    """So much of the distance to the mean."""
    mean = image.mean()
    return _bytes(mean + (image - mean) * (0.7, 0.5, 0.35, 0.2, 0.1)[severity - 1])


def jpeg(image: Picture, severity: int, random: Random) -> Picture:
    """Compressed with this quality."""
    quality = (40, 25, 15, 10, 6)[severity - 1]
    written = io.BytesIO()
    PIL.Image.fromarray(image).save(written, "JPEG", quality=quality)
    with PIL.Image.open(written) as picture:
        return np.asarray(picture)


def small_face(image: Picture, severity: int, random: Random) -> Picture:
    """So many pixels wide: 48 are FER2013's own. Smaller pictures stay as they are."""
    side = min((48, 40, 32, 28, 24)[severity - 1], *image.shape[:2])
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def eyes_covered(image: Picture, severity: int, random: Random) -> Picture:
    """A dark bar, from a thin one to sunglasses."""
    return _cover(image, EYES, severity, GLASSES)


def mouth_covered(image: Picture, severity: int, random: Random) -> Picture:
    """A light patch, from the lips to a mask up to the nose."""
    return _cover(image, MOUTH, severity, MASK)


def rotation(image: Picture, severity: int, random: Random) -> Picture:
    """By so many degrees, to one side or the other; the edge's pixels are repeated."""
    degrees = (6, 12, 18, 24, 30)[severity - 1] * random.choice([-1, 1])
    height, width = image.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    return _warp(image, cv2.getRotationMatrix2D(centre, degrees, 1))


def crop_shift(image: Picture, severity: int, random: Random) -> Picture:
    """By this share of the side in any direction; the edge's pixels are repeated."""
    length = (0.03, 0.06, 0.09, 0.12, 0.15)[severity - 1] * min(image.shape[:2])
    angle = random.uniform(0, 2 * np.pi)
    x, y = length * np.cos(angle), length * np.sin(angle)
    return _warp(image, np.array([[1, 0, x], [0, 1, y]]))


# Name -> what it does to a picture (H, W) grey or (H, W, 3) RGB; it leaves its argument alone.
CORRUPTIONS: dict[str, Callable[[Picture, int, Random], Picture]] = {
    "noise": noise,
    "motion blur": motion_blur,
    "defocus": defocus,
    "low light": low_light,
    "over-exposure": over_exposure,
    "low contrast": low_contrast,
    "JPEG": jpeg,
    "small face": small_face,
    "eyes covered": eyes_covered,
    "mouth covered": mouth_covered,
    "rotation": rotation,
    "crop shift": crop_shift,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class CorruptedFaces(Faces):
    """The same faces, spoilt by one of CORRUPTIONS when they are read.

    Chance depends on `seed`, corruption and row, not on the severity or on what else is read.
    """

    source: Faces
    corruption: str
    severity: int
    seed: int

    @property
    def grey(self) -> bool:
        return self.source.grey

    def picture(self, place: int) -> Picture:
        key = (self.seed, zlib.crc32(self.corruption.encode()), int(self.rows[place]))
        spoil = CORRUPTIONS[self.corruption]
        return spoil(self.source.picture(place), self.severity, np.random.default_rng(key))

    def select(self, which: NDArray) -> Self:
        return replace(super().select(which), source=self.source.select(which))


def corrupted(faces: Faces, corruption: str, severity: int, seed: int = 0) -> CorruptedFaces:
    """`faces` through one of CORRUPTIONS at a severity from 1 to 5."""
    same = {field.name: getattr(faces, field.name) for field in fields(Faces)}
    return CorruptedFaces(source=faces, corruption=corruption, severity=severity, seed=seed, **same)


def _cover(
    image: Picture, part: tuple[float, float, float, float], severity: int, value: int
) -> Picture:
    """Fill the middle of a part: two fifths of its height at severity 1, all of it at 5."""
    top, bottom, left, right = part
    height, width = image.shape[:2]
    middle, half = (top + bottom) / 2, (bottom - top) / 2 * (0.25 + 0.15 * severity)
    covered = image.copy()
    rows = slice(round((middle - half) * height), round((middle + half) * height))
    covered[rows, round(left * width) : round(right * width)] = value
    return covered


def _filter(image: Picture, kernel: NDArray[np.uint8]) -> Picture:
    weights = kernel / kernel.sum()
    return np.asarray(cv2.filter2D(image, -1, weights, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _warp(image: Picture, transform: NDArray) -> Picture:
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, transform, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _bytes(values: NDArray[np.float64]) -> Picture:
    return np.rint(values).clip(0, 255).astype(np.uint8)
