"""Readings in files: a line of JSON for each frame, or a row of CSV for each face and frame."""

import csv
import io
import json
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.home import at_home
from fer_live.sinks.base import reserve, unwritten
from fer_live.sinks.record import scene_record
from fer_live.types import Image, Scene

JSON = (".jsonl", ".json")
CSV = (".csv",)
PLACE = ("frame", "seconds", "source")
FACE = ("track", "left", "top", "right", "bottom", "score", "expression")
# All that any model names, so that a table's columns do not depend on the model.
COLUMNS = (*PLACE, *FACE, *map(str, Expression), "uncertainty")
PERSON = "person"  # a face's name, where someone gave it one
FORMULA = ("=", "+", "-", "@")  # with which spreadsheets take a text for one


class Log(Protocol):
    """A sink that also takes what it would write of a scene, `scene_record`'s plain form."""

    drawn: bool

    path: Path

    def __enter__(self) -> "Log": ...

    def __exit__(self, *exception: object) -> None: ...

    def write(self, scene: Scene, canvas: Image) -> None: ...

    def write_record(self, record: dict[str, Any]) -> None: ...


def open_log(path: str | Path) -> Log:
    """A log by its name's ending, .jsonl or .csv; not yet entered. Raises UserError on another ending."""
    path = at_home(path)
    suffix = path.suffix.lower()
    if suffix in CSV:
        return CsvLog(path)
    if suffix in JSON:
        return JsonLog(path)
    raise UserError(f"{path} cannot be saved; end its name in .jsonl or .csv")


class JsonLog:
    """JSON lines, one for each frame."""

    drawn = False

    def __init__(self, path: str | Path):
        self._lines = WholeLines(path, JSON)
        self.path = self._lines.path

    def __enter__(self) -> "JsonLog":
        self._lines.open()
        return self

    def __exit__(self, *exception: object) -> None:
        self._lines.close()

    def write(self, scene: Scene, canvas: Image) -> None:
        """Raises UserError where the disk is full; the lines so far are kept."""
        self.write_record(scene_record(scene))

    def write_record(self, record: dict[str, Any]) -> None:
        self._lines.write(json_line(record))


class CsvLog:
    """A table with a row for each face and frame, and empty cells where a number is missing.

    The columns are always the same, `COLUMNS`: probabilities of expressions that the model does not
    know are empty, as is `source` unless the frames are pictures of several files. `named`: one more
    column, `person`, for the names that someone gave to faces.
    """

    drawn = False

    def __init__(self, path: str | Path, named: bool = False):
        self._lines = WholeLines(path, CSV)
        self.path = self._lines.path
        self._more = (PERSON,) if named else ()
        self._headed = False

    def __enter__(self) -> "CsvLog":
        self._lines.open()
        self._headed = False
        return self

    def __exit__(self, *exception: object) -> None:
        self._lines.close()

    def write(self, scene: Scene, canvas: Image) -> None:
        """Raises UserError where the disk is full; the rows so far are kept."""
        self.write_record(scene_record(scene))

    def write_record(self, record: dict[str, Any]) -> None:
        if not self._headed:
            self._lines.write(_row((*COLUMNS, *self._more)))
            self._headed = True
        rows = [
            _row([*_cells(record, face), *(face.get(name) for name in self._more)])
            for face in record["faces"]
        ]
        if rows:
            self._lines.write(b"".join(rows))


class WholeLines:
    """A file to which only whole lines go, each in the file once it is written, so that it stays readable.

    A file that is there already is replaced with the first line, not before.
    """

    def __init__(self, path: str | Path, suffixes: tuple[str, ...]):
        self.path = at_home(path)
        self._suffixes = suffixes
        self._file: BinaryIO | None = None
        self._held = ExitStack()
        self._entered = False
        self._length = 0

    def open(self) -> None:
        """Raises UserError where the place cannot be written, or another program does so."""
        self._held = reserve(self.path, self._suffixes)
        self._entered, self._length = True, 0

    def close(self) -> None:
        self._entered = False
        if self._file is not None:
            self._file.close()
            self._file = None
        self._held.close()

    def write(self, lines: bytes) -> None:
        """Raises UserError where the disk is full; what was written before is kept."""
        if not self._entered:
            raise RuntimeError("enter the log before writing to it")
        try:
            if self._file is None:  # unbuffered: a line is in the file once it is written
                self._file = self.path.open("wb", buffering=0)
            written = self._file.write(lines)
            if written < len(lines):  # the disk filled up within the line
                raise OSError(28, os.strerror(28))
        except OSError as error:
            if self._file is not None:
                with suppress(OSError):  # devices cannot be cut
                    self._file.truncate(self._length)
            raise unwritten(self.path, error) from None
        self._length += written


def json_line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"


def _cells(record: dict[str, Any], face: dict[str, Any]) -> list[Any]:
    """One face's values in the order of `COLUMNS`; None is an empty cell."""
    place = [_plain(record.get(name)) for name in PLACE]
    probabilities = [face["probabilities"].get(str(expression)) for expression in Expression]
    return [
        *place,
        *(face["track"], *face["box"], face["score"], face["expression"]),
        *probabilities,
        face["uncertainty"],
    ]


def _plain(value: Any) -> Any:
    """A file's name so that no spreadsheet takes it for a formula, but programs for that file; other values as they are."""
    return f"./{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _row(cells: Any) -> bytes:
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerow(cells)
    return page.getvalue().encode("utf-8", "backslashreplace")  # names from before UTF-8
