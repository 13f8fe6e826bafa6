"""Cameras, through OpenCV."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from fer_live.errors import UserError
from fer_live.types import Frame

WARM_UP = 3.0  # seconds: some cameras give nothing at first
LOST = 2.0  # seconds without a frame until a camera counts as gone


class CameraSource:
    """A camera by its index. `size`: asked for as width and height; the camera may give another."""

    live = True
    frame_count: int | None = None

    def __init__(self, index: int = 0, size: tuple[int, int] = (1280, 720), mirror: bool = False):
        self.index = index
        self.mirror = mirror
        self.size: tuple[int, int] | None = size
        self.fps: float | None = None
        self._capture: cv2.VideoCapture | None = None

    def __enter__(self) -> "CameraSource":
        with _quiet():
            capture = cv2.VideoCapture(self.index)
        try:
            self._set_up(capture)
        except BaseException:
            capture.release()
            raise
        self._capture = capture
        return self

    def _set_up(self, capture: cv2.VideoCapture) -> None:
        if not capture.isOpened():
            raise UserError(_refusal(self.index))
        if sys.platform == "linux":  # uncompressed, most USB cameras give 720p at 10 fps only
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if self.size:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.size[1])
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in a queue is shown late
        with _quiet():
            image = _read(capture, WARM_UP)
        if image is None:
            raise UserError(
                f"camera {self.index} opens but gives no picture; close other programs that use it, "
                "or allow this one to use the camera"
            )
        self.size = (image.shape[1], image.shape[0])
        self.fps = capture.get(cv2.CAP_PROP_FPS) or None

    def __exit__(self, *exception: object) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __iter__(self) -> Iterator[Frame]:
        """Endless; raises UserError once the camera is gone."""
        capture = self._capture
        if capture is None:
            raise RuntimeError("enter the camera before reading it")
        began = time.monotonic()
        index = 0
        while True:
            image = _read(capture, LOST)
            if image is None:
                raise UserError(f"camera {self.index} stopped; plug it in again and restart")
            seconds = time.monotonic() - began
            if self.mirror:
                image = cv2.flip(image, 1)
            yield Frame(
                np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), index, seconds
            )
            index += 1


def find_cameras() -> list[int]:
    """The indices of the cameras that open."""
    if sys.platform == "linux":
        names = [path.name.removeprefix("video") for path in Path("/dev").glob("video*")]
        candidates = sorted(int(name) for name in names if name.isdecimal())
    else:
        candidates = list(range(4))  # no listing here, and each try takes time
    return [index for index in candidates if _opens(index)]


def _opens(index: int) -> bool:
    with _quiet():
        capture = cv2.VideoCapture(index)
        try:
            return capture.isOpened()
        finally:
            capture.release()


def _refusal(index: int) -> str:
    cameras = find_cameras()
    found = f"found: {', '.join(map(str, cameras))}" if cameras else "none was found"
    choose = f"--camera {cameras[0]}, " if cameras else ""
    return (
        f"camera {index} does not open; {found}; use {choose}--source FILE for a video or picture, "
        "or --demo"
    )


def _read(capture: cv2.VideoCapture, patience: float) -> cv2.typing.MatLike | None:
    """The next frame, BGR; None if none comes for `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        arrived, image = capture.read()
        if arrived and image is not None and image.size:
            return image
        if time.monotonic() > until:
            return None
        time.sleep(0.01)


@contextmanager
def _quiet() -> Iterator[None]:
    """OpenCV tells of cameras that are not there on stderr; ours is one line."""
    level = cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
