"""Faces in picture files, decoded when they are needed."""

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps
from typing_extensions import Self

from fer_live.colour import to_rgb
from fer_live.errors import UserError
from fer_live.types import FloatArray
from train.data import unreadable
from train.data.align import align
from train.data.cache import remembered
from train.data.images import Faces, LabelledFaces, Picture
from train.data.threads import CHUNK, on_threads

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
# What Pillow raises for broken files of one format or another.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    PillowImage.DecompressionBombError,
)
# So that rows are the same on Windows, which knows no case where it orders paths.
BY_NAME = attrgetter("name")


@dataclass(frozen=True, eq=False, kw_only=True)
class FiledFaces(Faces):
    """Faces in files.

    `files`: (N,) paths as strings, from `root`. `boxes`: (N, 4) left, top, right, bottom in pixels, where
    faces are parts of their pictures. `eyes`: (N, 2, 2) float32, x and y of the left and the right eye as the
    viewer sees them, in pixels of the whole picture, NaN where they are unknown. `by_eyes`: faces
    are cut so that the eyes lie at fixed places, where they are known. `listed`: whether `rows` are those of
    a list; where they are places among the files that are there, names tell the faces apart.
    """

    root: Path
    files: NDArray[np.object_]
    boxes: NDArray[np.int64] | None = None
    eyes: FloatArray | None = None
    by_eyes: bool = False
    listed: bool = True

    @property
    def keys(self) -> list[Any]:
        return super().keys if self.listed else self.files.tolist()

    @property
    def grey(self) -> bool:
        return False

    def picture(self, place: int) -> Picture:
        path = self.root / self.files[place]
        try:
            whole = read_picture(path, upright=self.boxes is None)
            if self.by_eyes and self.eyes is not None and np.isfinite(self.eyes[place]).all():
                return align(whole, self.eyes[place])
            return whole if self.boxes is None else _cut(whole, self.boxes[place])
        except BROKEN as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise UserError(
                f"{path} cannot be read ({reason}): fetch it again, or remove it"
            ) from None

    def pictures(self, places: Sequence[int]) -> list[Picture]:
        if len(places) < CHUNK:
            return super().pictures(places)
        return list(on_threads(lambda i: self.picture(places[i]), len(places), "reading"))

    def select(self, which: NDArray) -> Self:
        return replace(
            super().select(which),
            files=self.files[which],
            boxes=None if self.boxes is None else self.boxes[which],
            eyes=None if self.eyes is None else self.eyes[which],
        )

    def aligned(self) -> Self:
        if self.eyes is None or not np.isfinite(self.eyes).any():
            return super().aligned()
        return replace(self, by_eyes=True)

    def readable(self) -> Self:
        # All are decoded once, before anything is counted on: every process must see the same faces.
        broken = self._remembered("unreadable", self._find_broken)
        if not len(broken):
            return self
        names = [str(self.files[place]) for place in broken]
        unreadable.report(names, len(self), self.root, f"{self.dataset}-{self.split}")
        return self.select(np.setdiff1d(np.arange(len(self)), broken))

    def in_memory(self, size: int, channels: int) -> LabelledFaces:
        images = self._remembered(
            f"{size} {channels} {self.by_eyes}", lambda: self._decode(size, channels)
        )
        return self._with_images(images)

    def _find_broken(self) -> NDArray:
        def broken(place: int) -> bool:
            try:
                self.picture(place)
            except UserError:
                return True
            return False

        return np.flatnonzero(
            list(on_threads(broken, len(self), f"checking {self.dataset}'s pictures"))
        )

    def _remembered(self, what: str, compute: Callable[[], NDArray]) -> NDArray:
        """`compute()`, or what it returned before for the same faces."""
        faces = hashlib.sha256(os.fsencode("\n".join(self.files)))
        for places in (self.boxes, self.eyes):
            faces.update(b"" if places is None else np.ascontiguousarray(places).tobytes())
        paths = (self.root / name for name in dict.fromkeys(self.files))
        note = f"2 {what} {faces.hexdigest()}"  # a higher number whenever decoding changes
        return remembered(note, paths, lambda: {"found": compute()})["found"]


def read_picture(path: Path, upright: bool = True) -> Picture:
    """(H, W) or (H, W, 3) RGB uint8, as the app reads it: transparency on white, 16 bits scaled.

    `upright`: turned by its EXIF tag too, which published boxes do not know of. Raises one of BROKEN.
    """
    with PillowImage.open(path) as stored:
        picture = ImageOps.exif_transpose(stored) if upright else stored
        if picture.mode == "L":
            return np.asarray(picture)
        return to_rgb(picture)


def pictures_in(folder: Path) -> list[Path]:
    """The folder's picture files by name; others (thumbnails of file managers, notes) are no part of it."""
    found = (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    return sorted(found, key=BY_NAME)


def class_folders(folder: Path) -> list[Path]:
    """Folders that hold classes: not those which systems hide or leave behind."""
    if not folder.is_dir():
        return []
    found = (p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))
    return sorted(found, key=BY_NAME)


def as_names(names: Iterable[object]) -> NDArray[np.object_]:
    """(N,) strings, as `files` holds them."""
    return np.array([str(name) for name in names], dtype=object)


def _cut(picture: Picture, box: NDArray[np.int64]) -> Picture:
    height, width = picture.shape[:2]
    left, right = np.clip(box[[0, 2]], 0, width)
    top, bottom = np.clip(box[[1, 3]], 0, height)
    if left >= right or top >= bottom:
        raise ValueError(f"its face's box {box.tolist()} lies outside {width}x{height} pixels")
    return picture[top:bottom, left:right]
