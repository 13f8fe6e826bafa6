"""`fer-live cameras`: which cameras there are, what they give, and what they see."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from fer_live.errors import UserError
from fer_live.sinks.picture import PictureFile
from fer_live.sources.camera import CameraSource
from fer_live.sources.find import camera_name, find_cameras
from fer_live.types import Frame, Image, Scene

WIDE = 320  # pixels, of a thumbnail


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera that opens. `name`, `size` (width, height) and `fps`: None where it does not tell.

    `thumbnail`: (H, W, 3) RGB, what it sees; None where it gives no picture, and `problem` tells why.
    """

    index: int
    name: str | None
    size: tuple[int, int] | None
    fps: float | None
    thumbnail: Image | None
    problem: str | None = None


def list_cameras() -> Iterator[Camera]:
    """Each camera that opens, as soon as it has given a picture or failed to."""
    for index in find_cameras():
        name = camera_name(index)
        try:
            with CameraSource(index) as source:
                image = next(iter(source)).image
                yield Camera(index, name, source.size, source.fps, _thumbnail(image))
        except UserError as error:
            yield Camera(index, name, None, None, None, str(error))


def show(thumbnails: Path | None = None) -> int:
    """Print a line for each camera; return 0, or 1 where there is none.

    `thumbnails`: the folder where what each sees is saved as camera-N.png; raises UserError where it
    cannot be written.
    """
    console = Console(soft_wrap=True, markup=False, highlight=False)
    found = False
    for camera in list_cameras():
        found = True
        console.print(_line(camera))
        if thumbnails is not None and camera.thumbnail is not None:
            path = thumbnails / f"camera-{camera.index}.png"
            with PictureFile(path) as picture:
                picture.write(Scene(Frame(camera.thumbnail), []), camera.thumbnail)
            console.print(f"   written: {path}")
    if not found:
        console.print("no camera found; plug one in, or use --source FILE or --demo")
    return 0 if found else 1


def _line(camera: Camera) -> str:
    parts = [camera.name or f"camera {camera.index}"]
    if camera.size:
        parts.append("{}x{}".format(*camera.size))
    if camera.fps:
        parts.append(f"{camera.fps:g} fps")
    if camera.problem:
        parts.append(camera.problem)
    return f"{camera.index}  {', '.join(parts)}"


def _thumbnail(image: Image) -> Image:
    """(H, W, 3) -> no wider than WIDE pixels."""
    height, width = image.shape[:2]
    if width <= WIDE:
        return image
    small = cv2.resize(image, (WIDE, round(height * WIDE / width)), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
