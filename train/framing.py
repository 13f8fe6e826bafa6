"""How a detector's box lies in FER2013's pictures: what the card says of the crop is measured here."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import atan2, degrees
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.types import Face, Image
from train.data import fer2013

Detector = Callable[[Image], list[Face]]
Surround = Literal["grey", "replicate"]

SCALE = 4  # of FER2013's 48 pixels, so that the face is as large as before a camera


class Quartiles(NamedTuple):
    """What a quarter, half and three quarters of the faces stay below."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Framing:
    """A detector's view of FER2013's pictures. A box's side is the larger of its width and height.

    `margin`: the picture's side in box sides. `offset_x`, `offset_y`: from the box's centre to the
    picture's, in box sides. The eyes: in sides of the picture, from its left and top. `roll`: of the
    line through the eyes, in degrees, clockwise. `found` of `faces`: the faces that were detected.
    """

    faces: int
    found: int
    margin: Quartiles
    offset_x: Quartiles
    offset_y: Quartiles
    left_eye_x: Quartiles
    left_eye_y: Quartiles
    right_eye_x: Quartiles
    right_eye_y: Quartiles
    roll: Quartiles

    def __str__(self) -> str:
        lines = [f"{self.found} of {self.faces} faces found", f"{'':12}  median  (quartiles)"]
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Quartiles):
                lines.append(
                    f"{field.name:12} {value.median:7.3f}  ({value.low:.3f} to {value.high:.3f})"
                )
        return "\n".join(lines)


def measure(
    root: Path, detect: Detector, count: int = 1000, seed: int = 0, surround: Surround = "grey"
) -> Framing:
    """Show `count` Training faces to the detector, enlarged and amid a picture of twice their side.

    `surround`: around the face, its mean grey or its outermost pixels repeated; where the two do not
    agree, the detector is led by the surround. Raises UserError where no face is found.
    """
    images = fer2013.load(root, "train").images
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    rows = [_row(detect, images[i], surround) for i in chosen]
    found = [row for row in rows if row is not None]
    if not found:
        raise UserError(f"no face was found among {len(rows)} of {root}: check the detector")
    low, median, high = np.percentile(np.array(found), (25, 50, 75), axis=0).tolist()
    return Framing(len(rows), len(found), *map(Quartiles, low, median, high))


def _row(detect: Detector, picture: NDArray[np.uint8], surround: Surround) -> list[float] | None:
    """Margin, offsets, eyes and roll of one picture (48, 48), as in Framing; None where no face is found."""
    side = SCALE * len(picture)
    face = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    rim = side // 2
    if surround == "grey":
        canvas = np.full((2 * side, 2 * side), face.mean(), np.uint8)
        canvas[rim : rim + side, rim : rim + side] = face
    else:
        canvas = np.pad(face, rim, mode="edge")
    faces = detect(np.stack([canvas] * 3, axis=-1))
    if not faces:
        return None
    surest = max(faces, key=lambda face: face.score)
    box, points = surest.box, surest.keypoints
    assert points is not None, "the detector must give keypoints"
    box_side = max(box.width, box.height)
    left, right = points.left_eye, points.right_eye
    return [
        side / box_side,
        (rim + side / 2 - box.centre.x) / box_side,
        (rim + side / 2 - box.centre.y) / box_side,
        *((value - rim) / side for value in (*left, *right)),
        degrees(atan2(right.y - left.y, right.x - left.x)),
    ]
