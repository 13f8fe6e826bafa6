"""Faces of any size in a picture or a live stream: MediaPipe's near model on tiles."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from fer_live.detect.blazeface import BlazeFace
from fer_live.detect.tiles import (
    SMALLEST,
    Tile,
    clip,
    holds,
    intersection_over_union,
    pyramid,
    same_face,
    suppress,
    tile_around,
)
from fer_live.types import Box, Face, Image

Scan = Literal["full", "live"]

GUESS = 0.25  # a tile's score that is worth a second look
HOPELESS = 0.4  # a second look's score that is not worth a third
KEEP = 0.5  # the score that keeps a known face: less than a new one's, so that it does not flicker
BOX = 0.5  # least side of a box, in sides of the smallest face: boxes are tighter than faces
SMALL = 1.2 * SMALLEST  # pixels; more is asked of a smaller box,
DOUBT = 0.04  # because coins, lamps and badges pass for small faces
NARROW = 16  # pixels; a picture that is less wide or high shows no face
CLOSE, WIDE = 2, 4  # sides of the tile around a face, in sides of its box
SWEEP = 12  # frames in which the live scan goes through the pyramid: half a second at 25 a second


class MediaPipeDetector:
    """Finds faces of 40 pixels up to the whole frame, best first; boxes are clipped to the frame.

    Tiles only propose. A face counts when a tile centred on it confirms it, seen straight and in the
    mirror: the mean score, less how far the two looks' keypoints lie apart, must reach `threshold`. Box
    and keypoints come from the centred tile, so that they do not depend on where the face was in others.

    `scan`: "full" looks at the whole pyramid; "live" is for the successive frames of one stream and
    looks around the faces it knows and at a twelfth of the pyramid; it starts anew when the frame's
    size changes. Not thread-safe: one object for each stream. Raises UserError where MediaPipe, or the
    model inside its wheel, is missing.
    """

    def __init__(self, scan: Scan = "full", threshold: float = 0.58):
        if scan not in get_args(Scan):
            raise ValueError(f"scan {scan!r} is not known: use {' or '.join(get_args(Scan))}")
        self._threshold = threshold
        self._model = BlazeFace(GUESS)
        self._stream = _Stream() if scan == "live" else None

    def __call__(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        if min(width, height) < NARROW:
            return []
        if self._stream is None:
            faces = self._search(image, pyramid(width, height))
        else:
            faces = self._follow(image, self._stream)
        faces = [face for face in faces if holds(width, height, face.box.centre)]
        faces.sort(key=lambda face: -face.score)
        return [replace(face, box=clip(face.box, width, height)) for face in faces]

    def __enter__(self) -> "MediaPipeDetector":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._model.close()

    def _follow(self, image: Image, stream: "_Stream") -> list[Face]:
        height, width = image.shape[:2]
        tiles = stream.next_tiles(width, height)
        kept = []
        for known in stream.faces:
            face = self._look(image, known.box)
            if face is not None and face.score >= KEEP:
                kept.append(face)
            else:
                stream.lost.append(_Lost(known.box))
        kept = suppress(kept)
        tiles += [tile_around(lost.box, WIDE) for lost in stream.lost]
        stream.faces = kept + self._search(image, tiles, kept)
        stream.forget()
        return stream.faces

    def _search(
        self, image: Image, tiles: Iterable[Tile], known: Sequence[Face] = ()
    ) -> list[Face]:
        """The faces in the tiles that are not among the known ones, confirmed and best first."""
        guesses = [guess for tile in tiles for guess in self._model(image, tile)]
        guesses.sort(key=lambda guess: -guess.score)
        tried: list[Box] = []
        found: list[Face] = []
        for guess in guesses:
            if any(same_face(guess.box, face.box) for face in (*known, *found)):
                continue
            if any(intersection_over_union(guess.box, box) > 0.5 for box in tried):
                continue
            tried.append(guess.box)
            face = self._confirm(image, guess)
            if face is not None:
                found.append(face)
        return suppress(found, known)

    def _confirm(self, image: Image, guess: Face) -> Face | None:
        """The face again from a tile centred on it, scored by the mean of two looks; None if refused."""
        face = self._look(image, guess.box)
        if face is None or face.score < HOPELESS:
            return None
        mirrored = self._look(image, face.box, mirrored=True)
        face = self._look(image, face.box)
        if face is None or mirrored is None:
            return None
        side, picture = max(face.box.width, face.box.height), min(image.shape[:2])
        score = (face.score + mirrored.score) / 2 - _disagreement(face, mirrored)
        small = side < min(SMALL, picture / 2)  # a small picture may be all face
        if score < self._threshold + DOUBT * small or side < BOX * min(SMALLEST, picture):
            return None
        return replace(face, score=score)

    def _look(self, image: Image, box: Box, mirrored: bool = False) -> Face | None:
        """The face at `box`, from a tile centred on it."""
        fits = [
            (intersection_over_union(face.box, box), face)
            for face in self._model(image, tile_around(box, CLOSE), mirrored)
        ]
        near = [(overlap * face.score, face) for overlap, face in fits if overlap > 0.2]
        return max(near, key=lambda pair: pair[0])[1] if near else None


def _disagreement(a: Face, b: Face) -> float:
    """Mean distance of the eyes, nose and mouth in two looks at a face, in sides of its box.

    A true face's points come back where they were (0.03), those imagined in a lamp do not (0.1).
    """
    assert a.keypoints is not None
    assert b.keypoints is not None
    apart = [math.dist(p, q) for p, q in zip(a.keypoints[:4], b.keypoints[:4], strict=True)]
    return sum(apart) / len(apart) / max(a.box.width, a.box.height)


@dataclass
class _Lost:
    """A face that was known; `missed`: frames since."""

    box: Box
    missed: int = 0


@dataclass
class _Stream:
    """What the live scan remembers: the faces of the last frame, those lost, its place in the pyramid."""

    size: tuple[int, int] = (0, 0)
    tiles: list[Tile] = field(default_factory=list)
    place: int = 0
    faces: list[Face] = field(default_factory=list)
    lost: list[_Lost] = field(default_factory=list)

    def next_tiles(self, width: int, height: int) -> list[Tile]:
        """The part of the pyramid that is due in this frame."""
        if self.size != (width, height):
            self.size, self.tiles, self.place = (width, height), pyramid(width, height), 0
            self.faces, self.lost = [], []
        count = math.ceil(len(self.tiles) / SWEEP)
        due = (self.tiles * 2)[self.place : self.place + count]
        self.place = (self.place + count) % len(self.tiles)
        return due

    def forget(self) -> None:
        """Drop what was found again, or has been missing for a whole sweep."""
        for lost in self.lost:
            lost.missed += 1
        self.lost = [
            lost
            for lost in self.lost
            if lost.missed < SWEEP and not any(same_face(lost.box, f.box) for f in self.faces)
        ]
