"""Who is who in a recording: names that a visitor gave, and tracks that are one person."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fer_live.errors import UserError
from fer_live.summary.collect import Person, merged

Track: TypeAlias = int | None  # None: all faces that were not tracked

LONGEST_NAME = 40


@dataclass(frozen=True)
class Someone:
    """A person as shown: all their tracks, the one that stands for them first, added up in `person`."""

    tracks: tuple[Track, ...]
    name: str
    person: Person

    @property
    def key(self) -> str:
        return key(self.tracks[0])


@dataclass
class People:
    """Changed as the visitor wishes; tracks stay what they were, so that everything can be undone."""

    persons: Sequence[Person]
    names: dict[Track, str] = field(default_factory=dict)
    same: dict[Track, Track] = field(default_factory=dict)  # a track -> the one that stands for it

    def who(self, track: Track) -> Track:
        """The track that stands for this one's person."""
        return self.same.get(track, track)

    def name(self, track: Track) -> str:
        """Of a track's person."""
        track = self.who(track)
        return self.names.get(track) or Person(track, 0, 0).name

    def everyone(self) -> list[Someone]:
        """Longest seen first."""
        groups: dict[Track, list[Person]] = {}
        for person in self.persons:
            groups.setdefault(self.who(person.track), []).append(person)
        found = []
        for first, group in groups.items():
            group.sort(key=lambda person: person.track != first)
            tracks = tuple(person.track for person in group)
            whole = merged(group) if len(group) > 1 else group[0]
            found.append(Someone(tracks, self.name(first), whole))
        return sorted(found, key=lambda one: -one.person.readings)

    def rename(self, track: Track, name: str) -> None:
        """An empty name takes it back. Raises UserError on a name that another has, or that no file should hold."""
        track, name = self._known(track), " ".join(name.split())
        if len(name) > LONGEST_NAME:
            raise UserError(f"a name has at most {LONGEST_NAME} letters, this one {len(name)}")
        # A table's cell that begins otherwise may be taken for a formula.
        if name and not (name[0].isalnum() and name.isprintable()):
            raise UserError(f"{name!r} does not begin with a letter or a number; choose another")
        if name in self._taken(self.who(track)):
            raise UserError(f"someone is called {name} already; say that they are the same")
        self.names.pop(self.who(track), None)
        if name:
            self.names[self.who(track)] = name

    def merge(self, track: Track, into: Track) -> None:
        """These two are one person, who keeps the second one's name."""
        gone, stays = self.who(self._known(track)), self.who(self._known(into))
        if gone == stays:
            raise UserError(f"{self.name(stays)} is one person already")
        for person in self.persons:
            if self.who(person.track) == gone:
                self.same[person.track] = stays

    def split(self, track: Track) -> None:
        """Undo all merging into this person; whoever has a name that was given to another since loses it."""
        first = self.who(self._known(track))
        apart = [gone for gone, stays in self.same.items() if stays == first]
        self.same = {track: stays for track, stays in self.same.items() if stays != first}
        for gone in apart:
            if self.name(gone) in self._taken(gone):
                self.names.pop(gone, None)

    def _taken(self, first: Track) -> set[str]:
        """The names of all others, and those that they go back to: merged and renamed ones, too."""
        others = {one.name for one in self.everyone() if one.tracks[0] != first}
        return others | {Person(p.track, 0, 0).name for p in self.persons if p.track != first}

    def _known(self, track: Track) -> Track:
        if track not in (person.track for person in self.persons):
            raise UserError("there is no such person in this recording; choose another")
        return track


def key(track: Track) -> str:
    """A track as the page's script writes it."""
    return "" if track is None else str(track)


def track_of(text: object) -> Track:
    """Back from `key`. Raises UserError on anything else."""
    if text == "":
        return None
    if not (isinstance(text, str) and text.isdecimal()):
        raise UserError("that is no person; choose another")
    return int(text)
