"""A folder of pictures, or all that match a pattern."""

import glob
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sources.picture import read_image, suffixes
from fer_live.types import Frame

EACH = 2.0  # seconds for which a picture is shown

logger = logging.getLogger(__name__)


class FolderSource:
    """Pictures, one frame each, in natural order: 2.jpg before 10.jpg. `Frame.source` names the file.

    `place`: a folder, of which all files named like pictures count, or a pattern such as
    "pictures/**/*.jpg". What cannot be read is `skipped` with a warning, and `frame_count` falls.
    """

    live = False
    stills = True
    state: str | None = None
    fps: float | None = 1 / EACH

    def __init__(self, place: str | Path):
        self.place = at_home(place)
        self.frame_count: int | None = None
        self.size: tuple[int, int] | None = None
        self.skipped = 0
        self.warning: str | None = None
        self._paths: list[Path] = []

    def __enter__(self) -> "FolderSource":
        self._paths = list_pictures(self.place)
        if not self._paths and self.place.is_dir():
            pattern = self.place / "**" / "*.jpg"
            raise UserError(
                f"{self.place} holds no pictures; name another folder, or '{pattern}' for those in "
                "folders inside it"
            )
        if not self._paths:
            raise UserError(f"no file matches {self.place}; check the pattern")
        self.frame_count = len(self._paths)
        return self

    def __exit__(self, *exception: object) -> None:
        self._paths = []

    def __iter__(self) -> Iterator[Frame]:
        """One is read ahead, so that `frame_count` tells whether another follows.

        Raises UserError if not one picture can be read.
        """
        paths, index = self._paths, 0
        read: Frame | None = None
        for path in paths:
            try:
                image = read_image(path)
            except UserError as error:
                self.skipped += 1
                self.frame_count = len(paths) - self.skipped
                logger.warning(f"skipped: {error}")
                continue
            self.size = self.size or (image.shape[1], image.shape[0])
            if read is not None:
                yield read
            read = Frame(image, index, index * EACH, str(path))
            index += 1
        if read is not None:
            yield read
        if self.skipped:
            self.warning = f"{self.place}: {self.skipped} of {len(paths)} files could not be read"
            if index == 0:
                raise UserError(f"{self.warning}; name another place")
            logger.warning(self.warning)


def list_pictures(place: Path) -> list[Path]:
    """A folder's files that are named like pictures, or all files that match a pattern, in natural order."""
    if place.is_dir():
        kinds = suffixes()
        found = [path for path in place.iterdir() if path.suffix.lower() in kinds]
        found = [path for path in found if not path.name.startswith(".")]  # macOS hides copies so
    else:
        found = [Path(name) for name in glob.glob(str(place), recursive=True)]  # noqa: PTH207 (`~`, absolute)
    return sorted((path for path in found if path.is_file()), key=_natural)


def is_pattern(text: str) -> bool:
    """Whether a place stands for all files of a kind, such as "*.jpg"."""
    return any(character in text for character in "*?[")


def _natural(path: Path) -> list[list[tuple[int, str]]]:
    """Sorts numbers within names by value, letters without case unless all else is the same, folder by folder."""
    return [
        [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
        for name in (*map(str.casefold, path.parts), str(path))
    ]
