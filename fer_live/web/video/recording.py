"""A film with what was read in it: by the page itself, or before, by the log that was kept of it."""

import math
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_live.errors import UserError
from fer_live.sinks.log import PERSON, CsvLog
from fer_live.stopping import Stop
from fer_live.summary.collect import Summary
from fer_live.summary.logs import read_log
from fer_live.summary.words import clock
from fer_live.web.uploads import existing
from fer_live.web.video.films import Film, keep
from fer_live.web.video.people import People, Track

BINS = 12_000  # parts of a timeline: a twentieth of a second each in a film of ten minutes
CLOSE = 0.15  # seconds that a log lasts longer than its film where both were begun together
SLACK = 1.0  # and at most
CROWD = 5000  # people in a log: each takes memory
ROUNDED = 2  # pixels that a face may lie outside: recordings have even sizes


@dataclass
class Recording:
    """All of one visitor's. `folder` is its own; `video` plays in a browser.

    `began`: the log's second at which the film begins; `seconds`: how long it is. `notes`: what its
    owner should know of it.
    """

    folder: Path
    name: str
    video: Path
    log: Path
    summary: Summary
    people: People
    began: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def table(self) -> Path:
        """All readings as CSV, each with its person's name, and with one track for each person. Raises UserError on none."""
        if not self.summary.readings:
            raise UserError(f"no face was read in {self.name}, so there is nothing to list")
        path = self.folder / f"{Path(self.name).stem}-readings.csv"
        with CsvLog(path, named=True) as file:
            for record in read_log(self.log):
                file.write_record(
                    record | {"faces": [self._named(face) for face in record["faces"]]}
                )
        return path

    def _named(self, face: dict[str, Any]) -> dict[str, Any]:
        track: Track = face["track"]
        return face | {"track": self.people.who(track), PERSON: self.people.name(track)}

    def remove(self) -> None:
        """Its files; it is of no use afterwards."""
        shutil.rmtree(self.folder, ignore_errors=True)


def recall(film: Film, log: str | Path | None, name: str, folder: Path, stop: Stop) -> Recording:
    """A finished recording from the film and the log, whose file is called `name`; nothing is read anew.

    Its `video` is still to be made. Raises UserError, naming no folder, where the file is no log or
    that of something else.
    """
    try:
        kept = keep(existing(log), folder / f"log{Path(name).suffix}")
        summary, names, most = Summary(BINS), dict[Track, str](), [0.0, 0.0]
        seen, first, last = None, 0.0, 0.0
        for record in _checked(read_log(kept), film, name):
            if stop.asked:
                break
            summary.add(record)
            last = max(last, record["seconds"])
            if seen is None:
                seen = record["seconds"]
                first = seen - record["frame"] / (film.fps or math.inf)
            for face in record["faces"]:
                most = [max(most[i], face["box"][2 + i] or 0.0) for i in (0, 1)]
                if isinstance(face.get(PERSON), str):
                    names[face["track"]] = face[PERSON]
    except UserError as error:
        raise UserError(str(error).replace(str(folder / "log"), Path(name).stem)) from None
    if seen is None or not summary.readings:
        raise UserError(f"{name} holds no readings; choose another log")
    if most[0] > film.size[0] + ROUNDED or most[1] > film.size[1] + ROUNDED:
        wide, high = film.size
        raise UserError(
            f"{name} has faces outside of {film.name}, which has {wide} x {high} pixels; "
            "choose the log of this film"
        )
    seconds = film.seconds or last
    gaps = kept.suffix.lower() == ".csv"  # frames without faces are not listed
    began = _beginning([0.0, first, *([] if gaps else [seen])], last, seconds, CLOSE)
    if began is None:
        began = _beginning([0.0, first, seen], last, seconds, SLACK)
    if began is None:
        raise UserError(
            f"{name} goes on until {clock(last)}, but {film.name} is {clock(seconds)} long; "
            "choose the log of this film"
        )
    notes = []
    if last - began < seconds - SLACK - 0.02 * seconds:
        notes.append(f"The log ends at {clock(last - began)} of {clock(seconds)}.")
    people = People(summary.people)
    _name(people, names)
    video = folder / f"film{film.plays or '.mp4'}"
    return Recording(folder, film.name, video, kept, summary, people, began, seconds, tuple(notes))


def _checked(records: Iterator[dict[str, Any]], film: Film, name: str) -> Iterator[dict[str, Any]]:
    seen: set[Track] = set()
    for record in records:
        if record.get("source") is not None or record["seconds"] is None:
            raise UserError(f"{name} is a log of pictures, not of {film.name}; choose another log")
        if not _whole(record):
            raise UserError(f"{name} has a frame {record['frame']} that no log has; choose another")
        seen.update(face["track"] for face in record["faces"])
        if len(seen) > CROWD:
            raise UserError(f"{name} has more than {CROWD:,} people; choose a shorter recording")
        yield record


def _whole(record: dict[str, Any]) -> bool:
    """Whether all is there that a table needs, in the form that logs have it; `read_log` has seen to the rest."""
    try:
        return all(
            len(face["box"]) == 4
            and all(isinstance(value, int | float | None) for value in face["box"])
            and {"score", "uncertainty"} <= set(face)
            for face in record["faces"]
        )
    except (KeyError, TypeError):
        return False


def _beginning(
    candidates: Iterable[float], last: float, seconds: float, slack: float
) -> float | None:
    """The log's second of the film's first picture; None where they do not fit.

    Logs count from the beginning of what was read. A recording of a part of it begins later: with the
    log's first frame, or the first of a session that it was begun in the middle of.
    """
    return next((began for began in candidates if last - began <= seconds + slack), None)


def _name(people: People, names: dict[Track, str]) -> None:
    """Those that were given when the log was written; any that will not do is left out."""
    for track, name in names.items():
        if name != people.name(track):
            try:
                people.rename(track, name)
            except UserError:
                continue
