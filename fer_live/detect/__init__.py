"""Faces in a picture: FaceDetector is what the app needs, MediaPipeDetector what it has."""

from typing import Protocol

from fer_live.detect.mediapipe import MOST, MediaPipeDetector, Scan
from fer_live.types import Face, Image


class FaceDetector(Protocol):
    """Finds the faces in a picture; a context manager."""

    def __call__(self, image: Image) -> list[Face]: ...
    def close(self) -> None: ...
    def __enter__(self) -> "FaceDetector": ...
    def __exit__(self, *exception: object) -> None: ...


__all__ = ["MOST", "FaceDetector", "MediaPipeDetector", "Scan"]
