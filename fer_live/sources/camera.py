"""Cameras, through OpenCV."""

import logging
import sys
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from fer_live.errors import UserError
from fer_live.sources.base import Lost
from fer_live.sources.find import find_cameras, quiet
from fer_live.types import Frame, Image

RESOLUTION = (1280, 720)  # asked for where nobody asks for another
LAST = 2**31 - 1  # number that OpenCV takes
WARM_UP = 3.0  # seconds: some cameras give nothing at first
LOST = 2.0  # seconds without a frame until a camera counts as gone
TO_RGB = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}  # by channels
AGAIN = 0.01  # seconds between two tries to read

logger = logging.getLogger(__name__)


class CameraSource:
    """A camera by its index.

    `resolution` (width, height) and `rate`, frames a second, are asked for; the camera may give others,
    which `size` and `fps` tell once it is entered. `mirror`: flip left to right.
    """

    live = True
    stills = False
    frame_count: int | None = None
    state: str | None = None

    def __init__(
        self,
        index: int = 0,
        resolution: tuple[int, int] | None = None,
        rate: float | None = None,
        mirror: bool = False,
        clock: Callable[[], float] = time.perf_counter,  # monotonic ticks in 1/64 s on Windows
        sleep: Callable[[float], object] = time.sleep,
    ):
        self.index = index
        self.name = f"camera {index}"
        self.mirror = mirror
        self.size: tuple[int, int] | None = None
        self.fps: float | None = None
        self._resolution = resolution
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._known = False  # to open: then nobody needs to hear of other cameras
        self._capture: cv2.VideoCapture | None = None

    def __enter__(self) -> "CameraSource":
        with quiet():
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
            raise UserError(f"{self.name} does not open" if self._known else _refusal(self.index))
        if sys.platform == "linux":  # uncompressed, most USB cameras give 720p at 10 fps only
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        width, height = self._resolution or RESOLUTION
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if self._rate:
            capture.set(cv2.CAP_PROP_FPS, self._rate)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in a queue is shown late
        image = self._read(capture, WARM_UP)
        if image is None:
            raise UserError(
                f"{self.name} opens but gives no picture; close other programs that use it, "
                "or allow this one to use the camera"
            )
        height, width = self._rgb(image).shape[:2]
        self.size = (width, height)
        self.fps = capture.get(cv2.CAP_PROP_FPS) or None
        if not self._known:
            self._compare(self.size, self.fps)
        self._known = True

    def _compare(self, size: tuple[int, int], fps: float | None) -> None:
        """Say where the camera gives something else than was asked for."""
        if self._resolution and size != self._resolution:
            given, asked = ("{}x{}".format(*pair) for pair in (size, self._resolution))
            logger.warning(f"{self.name} gives {given} pixels instead of {asked}")
        if self._rate and fps and abs(fps - self._rate) > 0.5:
            logger.warning(f"{self.name} gives {fps:g} frames a second instead of {self._rate:g}")

    def __exit__(self, *exception: object) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __iter__(self) -> Iterator[Frame]:
        """Endless; raises Lost once the camera is gone."""
        capture = self._capture
        if capture is None:
            raise RuntimeError("enter the camera before reading it")
        began = self._clock()
        index = 0
        while True:
            image = self._read(capture, LOST)
            if image is None:
                raise Lost(self.name, "plug it in again and restart")
            seconds = self._clock() - began
            rgb = self._rgb(image)
            if self.mirror:
                rgb = np.asarray(cv2.flip(rgb, 1), np.uint8)
            yield Frame(rgb, index, seconds)
            index += 1

    def _rgb(self, image: cv2.typing.MatLike) -> Image:
        """A camera's picture as the app has them. Raises UserError where it is of no kind that OpenCV makes for cameras."""
        channels = 1 if image.ndim == 2 else image.shape[2]
        if channels not in TO_RGB or image.dtype != np.uint8:
            raise UserError(
                f"{self.name} gives pictures of {channels} channels of {image.dtype}, and what is read are 1, 3 "
                "or 4 of uint8: set it to another format, or use another --camera"
            )
        return np.asarray(cv2.cvtColor(image, TO_RGB[channels]), np.uint8)

    def _read(self, capture: cv2.VideoCapture, patience: float) -> cv2.typing.MatLike | None:
        """The next picture, BGR; None if none comes for `patience` seconds."""
        until = self._clock() + patience
        while True:
            with quiet():
                arrived, image = capture.read()
            if arrived and image is not None and image.size:
                return image
            if self._clock() > until:
                return None
            self._sleep(AGAIN)


def _refusal(index: int) -> str:
    cameras = find_cameras()
    found = f"found: {', '.join(map(str, cameras))}" if cameras else "none was found"
    choose = f"--camera {cameras[0]}, " if cameras else ""
    return (
        f"camera {index} does not open; {found}; use {choose}--source FILE for a video or picture, "
        "or --demo"
    )
