"""What the live scan remembers from one frame of a stream to the next."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from fer_live.detect.tiles import Tile, pyramid, same_face
from fer_live.types import Box, Face, Image

SWEEP = 12  # frames in which the live scan goes through the pyramid: half a second at 25 a second
CELLS = 16  # a side of the small copy of a tile; the smallest face covers three by three
CHANGE = 4  # grey levels of a cell: more than the noise of a camera leaves in its mean


@dataclass
class Lost:
    """A face that was known; `missed`: frames since."""

    box: Box
    missed: int = 0


@dataclass
class Stream:
    """The faces of the last frame, those lost, the place in the pyramid, and what empty tiles looked like.

    `sweep`: the frames in which the scan goes through the pyramid.
    """

    sweep: int = SWEEP
    size: tuple[int, int] = (0, 0)
    tiles: list[Tile] = field(default_factory=list)
    frames: int = 0
    faces: list[Face] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    empty: dict[Tile, Image] = field(default_factory=dict)

    def next_tiles(self, width: int, height: int) -> list[Tile]:
        """The part of the pyramid that is due in this frame: its share of a sweep, a tile at least, in turn.

        All of it in the first frame of a size whose pyramid has fewer tiles than that: films of few pixels are short.
        """
        changed = self.size != (width, height)
        if changed:
            self.size, self.tiles, self.frames = (width, height), pyramid(width, height), 0
            self.faces, self.lost, self.empty = [], [], {}
        frames = min(self.sweep, len(self.tiles))
        if changed and frames < self.sweep:
            return self.tiles
        first, end = (len(self.tiles) * step // frames for step in (self.frames, self.frames + 1))
        self.frames = (self.frames + 1) % frames
        return self.tiles[first:end]

    def is_due(self, tile: Tile, picture: Image) -> bool:
        """Whether the tile looks other than it did when nothing in it resembled a face.

        It is then looked at, and counts as empty unless it is taken from `empty`.
        """
        now = np.asarray(
            cv2.resize(picture, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.uint8
        )
        before = self.empty.get(tile)
        if before is not None and cv2.absdiff(before, now).max() <= CHANGE:
            return False
        self.empty[tile] = now
        return True

    def forget(self) -> None:
        """Drop what was found again, or has been missing for a whole sweep."""
        for lost in self.lost:
            lost.missed += 1
        self.lost = [
            lost
            for lost in self.lost
            if lost.missed < self.sweep and not any(same_face(lost.box, f.box) for f in self.faces)
        ]
