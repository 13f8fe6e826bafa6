"""A line of JSON for each frame."""

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from fer_live.sinks.base import claim, unwritten
from fer_live.types import Image, Reading, Scene


class JsonLog:
    """JSON lines, each written at once and whole: whatever happens, the file stays readable.

    A file that is there already is replaced with the first line, not before.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser()
        self._file: BinaryIO | None = None
        self._entered = False
        self._length = 0

    def __enter__(self) -> "JsonLog":
        claim(self.path, (".jsonl", ".json"))
        self._entered, self._length = True, 0
        return self

    def __exit__(self, *exception: object) -> None:
        self._entered = False
        if self._file is not None:
            self._file.close()
            self._file = None
        elif self.path.exists() and not self.path.stat().st_size:
            self.path.unlink()  # nothing was logged

    def write(self, scene: Scene, canvas: Image) -> None:
        """Raises UserError where the disk is full; the lines so far are kept."""
        if not self._entered:
            raise RuntimeError("enter the log before writing to it")
        line = json.dumps(scene_record(scene), allow_nan=False).encode() + b"\n"
        try:
            if self._file is None:  # unbuffered: a line is in the file once it is written
                self._file = self.path.open("wb", buffering=0)
            written = self._file.write(line)
            if written < len(line):  # the disk filled up within the line
                raise OSError(28, os.strerror(28))
        except OSError as error:
            if self._file is not None:
                with suppress(OSError):  # devices cannot be cut
                    self._file.truncate(self._length)
            raise unwritten(self.path, error) from None
        self._length += written


def scene_record(scene: Scene) -> dict[str, Any]:
    """What the log says of a frame: plain JSON, null where a number is not finite."""
    return {
        "frame": scene.frame.index,
        "seconds": _number(scene.frame.seconds, 3),
        "faces": [_face_record(reading) for reading in scene.readings],
    }


def _face_record(reading: Reading) -> dict[str, Any]:
    prediction = reading.prediction
    return {
        "track": reading.track,
        "box": [_number(value, 1) for value in reading.face.box],
        "score": _number(reading.face.score, 4),
        "expression": str(prediction.expression),
        "probabilities": {str(e): _number(p, 4) for e, p in prediction.probabilities.items()},
        "uncertainty": _number(prediction.uncertainty, 4),
    }


def _number(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)  # float: NumPy's numbers are not JSON
