"""What a face model finds in a small square picture."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from fer_live.types import FloatArray, Image

SIDE = 128  # pixels of the model's input
FACE_MODEL = "mediapipe/modules/face_detection/face_detection_short_range"  # in MediaPipe's wheel
INSTALL = "pip install 'mediapipe>=0.10.14,<0.10.22'"


class Found(NamedTuple):
    """A face. `places`: (8, 2) x and y in sides of the picture: the box's left top and right bottom, then
    the person's right and left eye, nose, mouth, right and left ear.
    """

    score: float
    places: FloatArray


class Model(Protocol):
    """Finds faces in pictures (SIDE, SIDE, 3) RGB; not thread-safe.

    The last `rough` of them only ask whether there may be a face, and about where: a model may take a
    quicker arithmetic for those.
    """

    def __call__(self, pictures: Sequence[Image], rough: int = 0) -> list[list[Found]]: ...

    def close(self) -> None: ...
