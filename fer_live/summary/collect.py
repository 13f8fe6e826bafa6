"""What a session saw of each person, added up reading by reading in memory that stays small."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fer_live.expressions import Expression
from fer_live.types import Image

BINS = 480  # parts of a timeline at most: about one for each pixel and a half of the page
FINEST = 0.05  # seconds of a bin, at first
BREAK = 0.5  # seconds: what was missed for less does not break a timeline
LONGEST = 1.0  # seconds that one reading may stand for, until the next frame: longer is a pause
CLEAR = 0.5  # a moment is worth showing where its expression was more probable than this


@dataclass
class Bin:
    """The readings within one part of a timeline: their number, and the sum of each probability."""

    count: int = 0
    sums: dict[Expression, float] = field(default_factory=dict)

    def add(self, probabilities: dict[Expression, float]) -> None:
        self.count += 1
        for expression, p in probabilities.items():
            self.sums[expression] = self.sums.get(expression, 0.0) + p

    def merge(self, other: "Bin") -> None:
        self.count += other.count
        for expression, p in other.sums.items():
            self.sums[expression] = self.sums.get(expression, 0.0) + p

    def mean(self, expression: Expression) -> float:
        return self.sums.get(expression, 0.0) / self.count


@dataclass(frozen=True)
class Moment:
    """When an expression was most probable. `source`: the picture's file; `thumbnail`: RGB."""

    frame: int
    seconds: float
    probability: float
    source: str | None = None
    thumbnail: Image | None = None


@dataclass
class Person:
    """One track; None is all faces that were not tracked. Times in seconds of the session."""

    track: int | None
    first: float
    last: float
    readings: int = 0
    counts: Counter[Expression] = field(default_factory=Counter)
    seconds: dict[Expression, float] = field(default_factory=dict)
    bins: dict[int, Bin] = field(default_factory=dict)
    best: dict[Expression, Moment] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "All faces" if self.track is None else f"Person {self.track}"

    @property
    def shares(self) -> dict[Expression, float]:
        """Of the time; where no time passed, as for pictures, of the readings."""
        return shares([self])

    @property
    def moments(self) -> list[tuple[Expression, Moment]]:
        """The best moments of clear expressions, earliest first."""
        clear = [(e, moment) for e, moment in self.best.items() if moment.probability > CLEAR]
        return sorted(clear, key=lambda pair: (pair[1].seconds, pair[1].frame))


class Summary:
    """Adds up scenes in the log's plain form, `scene_record`; timelines have at most `bins` parts."""

    def __init__(self, bins: int = BINS) -> None:
        self._most = bins
        self.frames = 0
        self.readings = 0
        self.began: float | None = None
        self.ended = 0.0
        self._step = math.inf  # the shortest from frame to frame
        self._latest: list[tuple[Person, Expression]] = []  # readings, of the last frame
        self.width = FINEST  # seconds of a bin
        self._people: dict[int | None, Person] = {}
        self._labels: dict[Expression, None] = {}

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return 0.0 if self.began is None else self.ended - self.began

    @property
    def length(self) -> float:
        """Seconds from the first frame to the last one's end, to a hundredth; 0 of pictures without times."""
        return round(self.duration + self._given, 2)

    @property
    def _given(self) -> float:
        """Seconds that the last frame stands for, as long as none follows it."""
        return min(self._spacing, LONGEST)

    @property
    def patience(self) -> int:
        """Bins from one reading to the next that do not break a timeline: half a second's, or from frame to frame."""
        return max(round(max(BREAK, 1.5 * self._spacing) / self.width), 1)

    @property
    def _spacing(self) -> float:
        """Seconds from frame to frame, the shortest; 0 where no second one has come."""
        return self._step if math.isfinite(self._step) else 0.0

    @property
    def labels(self) -> list[Expression]:
        """All expressions that some model named, in the canonical order."""
        return [expression for expression in Expression if expression in self._labels]

    @property
    def people(self) -> list[Person]:
        """Longest seen first."""
        return sorted(
            self._people.values(), key=lambda person: (-person.readings, person.track or 0)
        )

    def add(self, record: dict[str, Any], crops: Sequence[Image] | None = None) -> None:
        """Count one frame; `crops`: a picture of each face, kept where it shows a best moment."""
        seconds = record["seconds"] or 0.0
        if self.began is None:
            self.began = self.ended = seconds
        self._settle(min(max(seconds - self.ended, 0.0), LONGEST))
        if seconds > self.ended:
            self._step = min(self._step, seconds - self.ended)
        self.ended = max(self.ended, seconds)
        self.frames += 1
        index = self._bin(max(seconds - self.began, 0.0))
        for i, face in enumerate(record["faces"]):
            self.readings += 1
            probabilities = {
                Expression(name): p for name, p in face["probabilities"].items() if p is not None
            }
            self._labels |= dict.fromkeys(probabilities)
            track = face["track"]
            person = self._people.setdefault(track, Person(track, seconds, seconds))
            self._read(person, Expression(face["expression"]), seconds)
            person.bins.setdefault(index, Bin()).add(probabilities)
            _remember(person, record, face, crops[i] if crops is not None else None)

    def _settle(self, passed: float) -> None:
        """The last frame's readings stand for the time until the next one, which is known now."""
        for person, expression in self._latest:
            person.seconds[expression] += passed - self._given
        self._latest = []

    def _read(self, person: Person, expression: Expression, seconds: float) -> None:
        person.readings += 1
        person.first, person.last = min(person.first, seconds), max(person.last, seconds)
        person.counts[expression] += 1
        person.seconds[expression] = person.seconds.get(expression, 0.0) + self._given
        self._latest.append((person, expression))

    def _bin(self, elapsed: float) -> int:
        """The bin of that time; a timeline that grows too long gets bins of twice the width."""
        while elapsed >= self._most * self.width:
            self.width *= 2
            for person in self._people.values():
                person.bins = _coarser(person.bins)
        return int(elapsed / self.width)


def shares(people: Sequence[Person]) -> dict[Expression, float]:
    """The share of each expression in what these people showed, in the canonical order."""
    weights: Counter[Expression] = Counter()
    for person in people:
        weights.update(person.seconds)
    if not sum(weights.values()):
        for person in people:
            weights.update(person.counts)
    total = sum(weights.values()) or 1
    return {expression: weights[expression] / total for expression in Expression}


def merged(people: Sequence[Person]) -> Person:
    """These as one, with the first one's track; they stay as they are."""
    whole = Person(
        people[0].track,
        min(person.first for person in people),
        max(person.last for person in people),
        sum(person.readings for person in people),
    )
    for person in people:
        whole.counts.update(person.counts)
        for expression, seconds in person.seconds.items():
            whole.seconds[expression] = whole.seconds.get(expression, 0.0) + seconds
        for index, part in person.bins.items():
            whole.bins.setdefault(index, Bin()).merge(part)
        for expression, moment in person.best.items():
            best = whole.best.get(expression)
            if best is None or moment.probability > best.probability:
                whole.best[expression] = moment
    return whole


def _remember(
    person: Person, record: dict[str, Any], face: dict[str, Any], crop: Image | None
) -> None:
    """Keep the moment if its expression was never more probable."""
    expression = Expression(face["expression"])
    probability = face["probabilities"].get(str(expression)) or 0.0
    best = person.best.get(expression)
    if best is None or probability > best.probability:
        person.best[expression] = Moment(
            record["frame"], record["seconds"] or 0.0, probability, record.get("source"), crop
        )


def _coarser(bins: dict[int, Bin]) -> dict[int, Bin]:
    """Each two bins as one."""
    merged: dict[int, Bin] = {}
    for index, part in bins.items():
        merged.setdefault(index // 2, Bin()).merge(part)
    return merged
