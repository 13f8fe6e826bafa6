"""Faces of any size in a picture or a live stream: MediaPipe's near model on tiles."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from fer_live.detect.blazeface import BlazeFace, View, shown
from fer_live.detect.rows import reading_order
from fer_live.detect.stream import SWEEP, Lost, Stream
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
from fer_live.errors import UserError
from fer_live.types import Box, Face, Image

Scan = Literal["full", "live"]

GUESS = 0.25  # a tile's score that is worth a second look
HOPELESS = 0.4  # a second look's score that is not worth a third
KEEP = 0.5  # the score that keeps a known face: less than a new one's, so that it does not flicker
BOX = 0.5  # least side of a box, in sides of the smallest face: boxes are tighter than faces
SMALL = 1.2 * SMALLEST  # pixels; more is asked of a smaller box,
DOUBT = 0.04  # because coins, lamps and badges pass for small faces
MOST = 300  # faces of a picture: of a larger crowd the surest, so that no picture takes minutes
NARROW = 16  # pixels; a picture that is less wide or high shows no face
TOGETHER = 8  # guesses that are looked at again at a time, so that all cores have some
AHEAD = 64  # guesses from which those are chosen: in a made-up crowd there are thousands
CLOSE, WIDE = 2, 4  # sides of the tile around a face, in sides of its box


class MediaPipeDetector:
    """Finds faces of 40 pixels up to the whole frame, MOST of them; boxes are clipped to the frame.

    Tiles only propose. A face counts when a tile centred on it confirms it, seen straight and in the
    mirror: the mean score, less how far the two looks' keypoints lie apart, must reach `threshold`. Box
    and keypoints come from the centred tile, so that they do not depend on where the face was in others.

    `scan`: "full" looks at the whole pyramid and gives the faces in reading order. "live" is for the
    successive frames of one stream, best face first: it looks around the faces it knows and at a twelfth
    of the pyramid, less the tiles that were empty and have not changed since; it starts anew when the
    frame's size changes. `every`: where it sees each so many of a stream's frames alone, it goes through the
    pyramid in as many fewer of them. Not thread-safe: one object for each stream. Raises UserError where
    MediaPipe, or the model inside its wheel, is missing.
    """

    def __init__(self, scan: Scan = "full", threshold: float = 0.58, every: int = 1):
        if scan not in get_args(Scan):
            raise UserError(f"scan {scan!r} is not known: use {' or '.join(get_args(Scan))}")
        self._threshold = threshold
        self._model = BlazeFace(GUESS)
        self._stream = Stream(max(1, SWEEP // every)) if scan == "live" else None

    def __call__(self, image: Image) -> list[Face]:
        height, width = image.shape[:2]
        if min(width, height) < NARROW:
            return []
        if self._stream is None:
            faces = self._search(image, pyramid(width, height))
        else:
            faces = self._follow(image, self._stream)
        faces = [face for face in faces if holds(width, height, face.box.centre)]
        faces = [replace(face, box=clip(face.box, width, height)) for face in faces]
        if self._stream is None:
            return reading_order(faces)
        return sorted(faces, key=lambda face: -face.score)

    def __enter__(self) -> "MediaPipeDetector":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._model.close()

    def _follow(self, image: Image, stream: Stream) -> list[Face]:
        height, width = image.shape[:2]
        due = [(tile, shown(image, View(tile))) for tile in stream.next_tiles(width, height)]
        due = [(tile, picture) for tile, picture in due if stream.is_due(tile, picture)]
        views = [View(tile_around(face.box, CLOSE)) for face in stream.faces]
        views += [View(tile_around(lost.box, WIDE)) for lost in stream.lost]
        pictures = [shown(image, view) for view in views] + [picture for _, picture in due]
        # What the tiles propose is looked at again; known faces keep what is seen here.
        looks = self._model.find([*views, *(View(tile) for tile, _ in due)], pictures, len(due))
        for (tile, _), found in zip(due, looks[len(views) :], strict=True):
            if found:
                del stream.empty[tile]
        kept, lost = [], []
        for known, found in zip(stream.faces, looks, strict=False):
            face = _nearest(found, known.box)
            if face is not None and face.score >= KEEP:
                kept.append(face)
            else:
                lost.append(Lost(known.box))
        kept = suppress(kept)
        guesses = [guess for found in looks[len(stream.faces) :] for guess in found]
        if lost:  # it may only have moved
            wide = [View(tile_around(one.box, WIDE)) for one in lost]
            guesses += [guess for found in self._model(image, wide) for guess in found]
            stream.lost += lost
        stream.faces = kept + self._new(image, guesses, kept)
        stream.forget()
        return stream.faces

    def _search(self, image: Image, tiles: Sequence[Tile]) -> list[Face]:
        """The faces in the tiles, confirmed and best first."""
        looks = self._model(image, [View(tile) for tile in tiles])
        return self._new(image, [guess for found in looks for guess in found], ())

    def _new(self, image: Image, guesses: list[Face], known: Sequence[Face]) -> list[Face]:
        """The guesses that are confirmed and not among the known faces, best first."""
        tried: list[Box] = []
        found: list[Face] = []
        guesses = sorted(guesses, key=lambda guess: -guess.score)
        answers: dict[int, Face | None] = {}
        for i, guess in enumerate(guesses):
            if _is_known(guess, (*known, *found)) or _was_tried(guess, tried):
                continue
            if len(tried) == 2 * MOST or len(known) + len(found) == MOST:
                break
            if i not in answers:
                near = _apart(guesses[i : i + AHEAD], (*known, *found), tried)
                due = [i + k for k in near]
                answers |= zip(due, self._confirm(image, [guesses[k] for k in due]), strict=True)
            tried.append(guess.box)
            face = answers[i]
            if face is not None:
                found.append(face)
        return suppress(found, known)

    def _confirm(self, image: Image, guesses: Sequence[Face]) -> list[Face | None]:
        """Each face again from a tile centred on it, scored by the mean of two looks; None where refused."""
        first = self._model(image, [View(tile_around(guess.box, CLOSE)) for guess in guesses])
        near = [_nearest(found, guess.box) for found, guess in zip(first, guesses, strict=True)]
        hopeful = [face if face and face.score >= HOPELESS else None for face in near]
        tiles = [tile_around(face.box, CLOSE) for face in hopeful if face]
        views = [View(tile, mirrored) for tile in tiles for mirrored in (False, True)]
        looks = iter(self._model(image, views))
        return [face and self._judged(image, face, next(looks), next(looks)) for face in hopeful]

    def _judged(
        self, image: Image, seen: Face, straight: Sequence[Face], turned: Sequence[Face]
    ) -> Face | None:
        """What was `seen`, in looks at the tile centred on it, straight and mirrored; None if refused."""
        mirrored, face = _nearest(turned, seen.box), _nearest(straight, seen.box)
        if face is None or mirrored is None:
            return None
        side, picture = max(face.box.width, face.box.height), min(image.shape[:2])
        score = (face.score + mirrored.score) / 2 - _disagreement(face, mirrored)
        small = side < min(SMALL, picture / 2)  # a small picture may be all face
        if score < self._threshold + DOUBT * small or side < BOX * min(SMALLEST, picture):
            return None
        return replace(face, score=score)


def _is_known(guess: Face, faces: Sequence[Face]) -> bool:
    return any(same_face(guess.box, face.box) for face in faces)


def _was_tried(guess: Face, tried: Sequence[Box]) -> bool:
    return any(intersection_over_union(guess.box, box) > 0.5 for box in tried)


def _apart(guesses: Sequence[Face], faces: Sequence[Face], tried: Sequence[Box]) -> list[int]:
    """Places of the first guess and of those after it that it, or each other, will hardly answer: TOGETHER at most."""
    chosen: list[int] = []
    for i, guess in enumerate(guesses):
        others = [guesses[k] for k in chosen]
        if not _is_known(guess, (*faces, *others)) and not _was_tried(guess, tried):
            chosen.append(i)
            if len(chosen) == TOGETHER:
                break
    return chosen


def _nearest(found: Sequence[Face], box: Box) -> Face | None:
    """The face at `box`, of those found in a tile centred on it."""
    fits = [(intersection_over_union(face.box, box), face) for face in found]
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
