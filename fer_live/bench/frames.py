"""Frames to measure on: the built-in clip's faces, placed in empty scenes of any size."""

import math
from collections.abc import Iterator

import cv2
import numpy as np

from fer_live import packaged
from fer_live.sources import open_source
from fer_live.types import Frame, Image

FPS = 30.0
FILLED = 0.9  # of each cell of the grid that the faces stand in


class FaceScene:
    """A source of `count` frames, `size` (width, height), with `faces` faces that sway a little."""

    live = False
    stills = False
    fps: float | None = FPS
    state: str | None = None

    def __init__(self, size: tuple[int, int], faces: int, count: int):
        self.size: tuple[int, int] | None = size
        self.faces = faces
        self.frame_count: int | None = count
        self._clip: list[Image] = []

    def __enter__(self) -> "FaceScene":
        with open_source(packaged.folder("assets") / "demo.mp4") as clip:
            self._clip = [self._packed(frame.image) for frame in clip]
        return self

    def __exit__(self, *exception: object) -> None:
        self._clip = []

    def _grid(self) -> tuple[int, int, int]:
        """Columns of the grid that the faces stand in, and its cells' width and height."""
        assert self.size is not None
        width, height = self.size
        columns = math.ceil(math.sqrt(self.faces * width / height))
        rows = math.ceil(self.faces / columns)
        return columns, width // columns, height // rows

    def _packed(self, image: Image) -> Image:
        """The picture at its size in a cell, as a JPEG: a clip of plain pixels would be most of the memory."""
        _, width, height = self._grid()
        scale = FILLED * min(width / image.shape[1], height / image.shape[0])
        sides = (round(scale * image.shape[1]), round(scale * image.shape[0]))
        _, packed = cv2.imencode(".jpg", cv2.resize(image, sides, interpolation=cv2.INTER_AREA))
        return np.asarray(packed, np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        assert self.size is not None
        assert self.frame_count is not None
        width, height = self.size
        columns, cell_width, cell_height = self._grid()
        for index in range(self.frame_count):
            image = np.full((height, width, 3), 96, np.uint8)
            # Both ways through the clip, so that nothing jumps.
            step = index % (2 * len(self._clip) - 2)
            packed = self._clip[min(step, 2 * len(self._clip) - 2 - step)]
            picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
            slack = cell_width - picture.shape[1], cell_height - picture.shape[0]
            for face in range(self.faces):
                row, column = divmod(face, columns)
                sway = 0.5 + 0.5 * math.sin(index / 15 + face)
                left = column * cell_width + int(sway * slack[0])
                top = row * cell_height + int(sway * slack[1])
                image[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
            yield Frame(image, index, index / FPS)
