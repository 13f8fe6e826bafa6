"""One identity for each face over time, and readings that do not flicker."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from fer_live.expressions import Expression
from fer_live.labels import Naming, honest_label
from fer_live.types import Box, Face, Prediction, Reading

MEMORY = 1.0  # seconds of frames without it for which a lost face keeps its identity
STALL = 10.0  # seconds without any frame after which whoever is in a place is someone else
REACH = 1.0  # face sizes that a face may move between two readings
STEADY = 0.1  # seconds: time constant of a box that hardly moves
LEAP = 0.15  # face sizes: a box that moves so far between two readings is followed at once


@dataclass(frozen=True)
class _Track:
    reading: Reading  # as last returned
    seconds: float
    naming: Naming | None  # None: what is read next starts afresh


class Tracks:
    """Who is in the picture. Identities count from 1 and are never given twice.

    `smoothing`: time constant in seconds of probabilities and uncertainty; 0 leaves readings as they are
    and each its own label. `abstain_below`: how probable what a label names must be; it may be changed
    at any time.
    """

    def __init__(self, smoothing: float = 0.3, abstain_below: float = 0.0):
        self.smoothing = smoothing
        self.abstain_below = abstain_below
        self._tracks: dict[int, _Track] = {}
        self._newest = 0
        self._last = -math.inf  # the frame before, in seconds
        self._source: str | None = None

    def update(
        self, readings: Sequence[Reading], seconds: float, source: str | None = None
    ) -> list[Reading]:
        """The same readings in the same order, with `track` and `label` set and smoothed up to now.

        `seconds`: the frame's time. Where it runs backwards, as in a video that starts again, time
        counts from there. A face is lost by frames that do not show it: those that a camera does not
        give, for up to STALL seconds, are no loss. `source`: the frame's file, where each has its own;
        faces of another one are new.
        """
        self._forget(seconds, source)
        known = self._match(readings, seconds)
        updated = []
        for i, reading in enumerate(readings):
            if i in known:
                identity = known[i]
                track = self._tracks[identity]
                elapsed = seconds - track.seconds
                before = track.naming if elapsed <= MEMORY else None
                if before is not None:
                    reading = self._smooth(track.reading, reading, elapsed)
                naming = self._name(before, reading.prediction, seconds)
            else:
                self._newest = identity = self._newest + 1
                naming = self._name(None, reading.prediction, seconds)
            reading = replace(reading, track=identity, label=naming.label)
            self._tracks[identity] = _Track(reading, seconds, naming)
            updated.append(reading)
        return updated

    def start_afresh(self) -> None:
        """Keep the identities but blend nothing with what was read so far: another model comes."""
        self._tracks = {
            identity: replace(track, naming=None) for identity, track in self._tracks.items()
        }

    def _forget(self, seconds: float, source: str | None) -> None:
        """Those whom the frames up to the last one have not shown for too long; all after a stall."""
        last = min(self._last, seconds)
        known = self._tracks if source == self._source and seconds - last <= STALL else {}
        self._tracks = {
            identity: replace(track, seconds=min(track.seconds, seconds))
            for identity, track in known.items()
            if last - track.seconds <= MEMORY
        }
        self._last, self._source = seconds, source

    def _match(self, readings: Sequence[Reading], seconds: float) -> dict[int, int]:
        """Index of a reading -> identity; nearest pairs first."""
        pairs = []
        for (i, reading), (identity, track) in product(enumerate(readings), self._tracks.items()):
            distance = _distance(reading.face.box, track.reading.face.box)
            if distance < REACH:
                # Of two faces equally near, it is rather the one seen just now.
                pairs.append((distance + (seconds - track.seconds) / MEMORY, i, identity))
        known: dict[int, int] = {}
        for _, i, identity in sorted(pairs):
            if i not in known and identity not in known.values():
                known[i] = identity
        return known

    def _smooth(self, before: Reading, now: Reading, elapsed: float) -> Reading:
        if self.smoothing <= 0:
            return now
        share = 1 - math.exp(-elapsed / self.smoothing)
        prediction = _blend(before.prediction, now.prediction, share)
        return replace(now, face=_steady(before.face, now.face, elapsed), prediction=prediction)

    def _name(self, before: Naming | None, prediction: Prediction, seconds: float) -> Naming:
        if before is None or self.smoothing <= 0:
            return Naming(honest_label(prediction.probabilities, self.abstain_below))
        return before.after(prediction.probabilities, self.abstain_below, seconds)


def _distance(a: Box, b: Box) -> float:
    """Between centres and sizes, in face sizes; 0 for the same box."""
    size = (a.width + a.height + b.width + b.height) / 4
    if size <= 0:
        return math.inf
    apart = math.dist(a.centre, b.centre) / size
    growth = (a.width + a.height - b.width - b.height) / (2 * size)
    return apart + abs(growth)


def _blend(before: Prediction, now: Prediction, share: float) -> Prediction:
    """Exponential smoothing; `share` of the new reading. Another model's labels start afresh."""
    if before.probabilities.keys() != now.probabilities.keys():
        return now
    probabilities: dict[Expression, float] = {
        expression: before.probabilities[expression] * (1 - share) + p * share
        for expression, p in now.probabilities.items()
    }
    uncertainty = now.uncertainty
    if uncertainty is not None and before.uncertainty is not None:
        uncertainty = before.uncertainty * (1 - share) + uncertainty * share
    return Prediction(probabilities, uncertainty)


def _steady(before: Face, now: Face, elapsed: float) -> Face:
    """The box without the detector's trembling, which shakes all that is drawn beside the face.

    The further it moved, the more it is followed, so that it does not lag behind a moving face.
    """
    moved = max(abs(a - b) for a, b in zip(before.box, now.box, strict=True))
    size = max(now.box.width, now.box.height, 1.0)
    share = max(1 - math.exp(-elapsed / STEADY), min(moved / (LEAP * size), 1.0))
    box = Box(*(a * (1 - share) + b * share for a, b in zip(before.box, now.box, strict=True)))
    return replace(now, box=box)
