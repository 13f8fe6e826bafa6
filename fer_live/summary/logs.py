"""Logs read back: JSON lines, or a table with a row for each face and frame."""

import csv
import json
import math
from collections.abc import Iterator
from itertools import chain, groupby, islice, pairwise
from pathlib import Path
from typing import Any, TextIO

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.home import at_home
from fer_live.sinks.log import COLUMNS, CSV, JSON, PERSON

NAMES = frozenset(map(str, Expression))
LONGEST = 1e9  # seconds, thirty years: what lies beyond is no time of a session
FIRST = 1000  # frames of a table whose numbers tell how many frames apart they were taken
MOST = 100_000  # frames without a face between two, an hour of film: more is a leap
ODD = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def read_log(path: str | Path) -> Iterator[dict[str, Any]]:
    """The records of a log by its name's ending, frame by frame.

    A last line that was cut off is left out. Raises UserError, which names file and line, where the
    file is no such log. A table has no rows for frames without faces: those between others come of their
    numbers, at times evenly between, without the picture's name.
    """
    path = at_home(path)
    suffix = path.suffix.lower()
    if suffix not in (*JSON, *CSV):
        raise UserError(f"{path} is no log; name a .jsonl or .csv file that --log wrote")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(path, file) if suffix in CSV else _lines(path, file)
    except (UnicodeDecodeError, csv.Error):  # a cell without end, or a zero byte before Python 3.11
        raise UserError(f"{path} is not text; name a log that --log wrote") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the path") from None


def _lines(path: Path, file: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        try:
            record = _checked(json.loads(line))
        except ODD as error:
            if not line.endswith("\n"):
                return  # whoever wrote it was stopped within the line
            raise _unreadable(path, number, error) from None
        yield record


def _rows(path: Path, file: TextIO) -> Iterator[dict[str, Any]]:
    records = _seen(path, file)
    first = list(islice(records, FIRST))
    numbers = [record["frame"] for record in first]
    stride = min((b - a for a, b in pairwise(numbers) if b > a), default=1)  # of --every
    before = None
    for record in chain(first, records):
        if before is not None:
            yield from _between(before, record, stride)
        yield record
        before = record


def _between(
    before: dict[str, Any], after: dict[str, Any], stride: int
) -> Iterator[dict[str, Any]]:
    """The frames without faces between two with some; none where the numbers leap."""
    steps = (after["frame"] - before["frame"]) // stride
    if not 1 < steps <= MOST:
        return
    times = before["seconds"], after["seconds"]
    for i in range(1, steps):
        seconds = None if None in times else times[0] + (times[1] - times[0]) * i / steps
        yield {"frame": before["frame"] + i * stride, "seconds": seconds, "faces": []}


def _seen(path: Path, file: TextIO) -> Iterator[dict[str, Any]]:
    """The frames with faces."""
    for place, group in groupby(_faces(path, file), key=lambda pair: pair[0]):
        frame, seconds, source = place
        record = {"frame": frame, "seconds": seconds, "faces": [face for _, face in group]}
        yield record | ({} if source is None else {"source": source})


def _faces(path: Path, file: TextIO) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each row as its frame's place and its face; raises UserError."""
    line = ""

    def remembered(each: str) -> str:
        nonlocal line
        line = each
        return each

    reader = csv.DictReader(map(remembered, file))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(
            f"{path} has no column {missing[0]!r} in its first line; name a log that --log wrote"
        )
    for row in reader:
        try:
            yield _numbered(row)
        except ODD as error:
            if not line.endswith("\n"):
                return  # whoever wrote it was stopped within the row
            raise _unreadable(path, reader.line_num, error) from None


def _numbered(row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """One row as its frame's place and its face; raises one of ODD."""
    if None in row.values():
        raise ValueError(f"fewer than {len(COLUMNS)} cells")
    cells = {name: row[name] or None for name in COLUMNS}
    place = (int(row["frame"]), _seconds(cells["seconds"]), cells["source"])
    face = {
        "track": cells["track"],
        "box": [_decimal(cells[name]) for name in ("left", "top", "right", "bottom")],
        "score": _decimal(cells["score"]),
        "expression": row["expression"],
        "probabilities": {name: p for name in NAMES if (p := cells[name])},
        "uncertainty": _decimal(cells["uncertainty"]),
        **({PERSON: row[PERSON]} if row.get(PERSON) else {}),
    }
    return place, _face(face)


def _checked(record: dict[str, Any]) -> dict[str, Any]:
    """The record with numbers for numbers, if a summary can be made of it; raises one of ODD."""
    return record | {
        "frame": int(record["frame"]),
        "seconds": _seconds(record["seconds"]),
        "faces": [_face(face) for face in record["faces"]],
    }


def _face(face: dict[str, Any]) -> dict[str, Any]:
    for name in (face["expression"], *face["probabilities"]):
        _check_name(name)
    return face | {
        "track": None if face["track"] is None else int(face["track"]),
        "probabilities": {name: _decimal(p) for name, p in face["probabilities"].items()},
    }


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise ValueError(f"unknown expression {name!r}")


def _decimal(text: str | float | None) -> float | None:
    if text is None:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value


def _seconds(text: str | float | None) -> float | None:
    value = _decimal(text)
    if value is not None and abs(value) > LONGEST:
        raise ValueError(f"{value:g} seconds")
    return value


def _unreadable(path: Path, number: int, error: Exception) -> UserError:
    reason = f"no {error}" if isinstance(error, KeyError) else str(error)
    return UserError(
        f"{path}, line {number}, is no line of a log ({reason}); name a log that --log wrote"
    )
