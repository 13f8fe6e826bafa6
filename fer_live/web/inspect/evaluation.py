"""An evaluation folder, read and checked: it may be incomplete, or made by someone who means harm."""

import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.types import FloatArray, Image

METRICS, PREDICTIONS, PICTURES = "metrics.json", "predictions.parquet", "pictures.parquet"
COLUMNS = ("row", "true", "predicted", "probabilities", "uncertainty")
MOST = 5_000_000  # predictions
UNEVEN = 0.01  # how far a sum of probabilities may be from 1: they are stored in half precision
LARGEST = 4096  # pixels: the side of a picture
AGAIN = "write the folder again with: python -m train evaluate"
# What pyarrow, json and NumPy raise at files that are not what their names say.
BROKEN = (OSError, ValueError, TypeError, KeyError, pa.ArrowException)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model said of N faces with K classes, and the faces where the folder holds them.

    `rows`: (N,) each face's number in its data set. `true`, `predicted`: (N,) indices into `labels`.
    `probabilities`: (N, K). `uncertainty`: (N,) in [0, 1], NaN where the model does not estimate it.
    """

    folder: Path
    scores: Mapping[str, Any]
    labels: tuple[Expression, ...]
    rows: NDArray[np.int64]
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: FloatArray
    uncertainty: NDArray[np.float64]
    pictures: "Pictures | None"

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def model(self) -> str:
        """The card's name; several joined by " + "."""
        return str(self.scores.get("weights", ""))

    @property
    def title(self) -> str:
        parts = (self.model, self.scores.get("dataset"), self.scores.get("split"))
        return " · ".join(str(part) for part in parts if part)

    @property
    def confidence(self) -> FloatArray:
        return self.probabilities.max(1)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(K, K) counts, rows true."""
        count = len(self.labels)
        return np.bincount(self.true * count + self.predicted, minlength=count**2).reshape(
            count, count
        )

    @cached_property
    def disagreement(self) -> NDArray[np.float64]:
        """(N,) the share of the crowd's votes that went against the most frequent one; NaN without votes."""
        return np.array([_against(self.votes(place)) for place in range(len(self))])

    @cached_property
    def place_of(self) -> dict[int, int]:
        """Row -> place."""
        return {int(row): place for place, row in enumerate(self.rows)}

    def votes(self, place: int) -> dict[str, int]:
        """The crowd's votes for that face; empty where there are none."""
        return {} if self.pictures is None else self.pictures.votes(int(self.rows[place]))

    def picture(self, place: int) -> Image:
        """(H, W, 3) RGB. Raises UserError where the folder has none that can be read."""
        if self.pictures is None:
            raise UserError(f"{self.folder.name} has no pictures; {AGAIN}")
        return self.pictures[int(self.rows[place])]


class Pictures:
    """The faces of a folder by their rows, decoded when they are asked for."""

    def __init__(self, path: Path):
        self._file = pq.ParquetFile(path)
        self._lock = threading.Lock()
        names = self._file.schema_arrow.names
        missing = [name for name in ("row", "picture") if name not in names]
        if missing:
            raise ValueError(f"no column {missing[0]!r}")
        if not pa.types.is_binary(self._file.schema_arrow.field("picture").type):
            raise ValueError("column 'picture' does not hold bytes")
        self._place: dict[int, tuple[int, int]] = {}
        self._votes: dict[int, str] = {}
        wanted = ["row", *(["votes"] if "votes" in names else [])]
        for group in range(self._file.num_row_groups):
            table = self._file.read_row_group(group, columns=wanted).to_pydict()
            for index, row in enumerate(table["row"]):
                self._place[int(row)] = (group, index)
            for row, votes in zip(table["row"], table.get("votes", ()), strict=False):
                if isinstance(votes, str):
                    self._votes[int(row)] = votes
        self._group = lru_cache(maxsize=16)(self._read)

    def __getitem__(self, row: int) -> Image:
        """(H, W, 3) RGB. Raises UserError where there is none or it cannot be decoded."""
        try:
            with PIL.Image.open(io.BytesIO(self.encoded(row)), formats=("PNG", "JPEG")) as picture:
                if max(picture.size) > LARGEST:
                    raise ValueError(f"{picture.width}x{picture.height} pixels are too many")
                return np.array(picture.convert("RGB"))
        except BROKEN as error:
            why = str(error) if isinstance(error, ValueError) else "it is no whole PNG or JPEG"
            raise UserError(f"the picture of row {row} cannot be shown ({why}); {AGAIN}") from None

    def encoded(self, row: int) -> bytes:
        """The picture's file. Raises UserError where there is none."""
        if row not in self._place:
            raise UserError(f"there is no picture of row {row}; {AGAIN}")
        group, index = self._place[row]
        with self._lock:
            found = self._group(group)[index].as_py()
        if not isinstance(found, bytes):
            raise UserError(f"there is no picture of row {row}; {AGAIN}")
        return found

    def votes(self, row: int) -> dict[str, int]:
        try:
            votes = json.loads(self._votes.get(row, "{}"))
            return {str(name): int(count) for name, count in votes.items() if int(count) > 0}
        except (ValueError, TypeError, AttributeError, OverflowError):
            return {}

    def _read(self, group: int) -> Any:
        return self._file.read_row_group(group, columns=["picture"]).column("picture")


def open_evaluation(folder: Path) -> Evaluation:
    """Read a folder. Raises UserError that says what is missing or wrong, and the fix."""
    for name in (METRICS, PREDICTIONS):
        if not (folder / name).is_file():
            raise UserError(f"{folder.name} has no {name}; {AGAIN}")
    try:
        scores = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        labels = tuple(Expression(name) for name in scores["labels"])
    except (*BROKEN, AttributeError) as error:
        raise UserError(
            f"{folder.name}/{METRICS} cannot be used ({_brief(error)}); {AGAIN}"
        ) from None
    try:
        return _checked(folder, scores, labels)
    except BROKEN as error:
        raise UserError(
            f"{folder.name}/{PREDICTIONS} cannot be used ({_brief(error)}); {AGAIN}"
        ) from None


def _checked(folder: Path, scores: Mapping[str, Any], labels: tuple[Expression, ...]) -> Evaluation:
    file = pq.ParquetFile(folder / PREDICTIONS)
    missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
    if missing:
        raise ValueError(f"no column {missing[0]!r}")
    count = file.metadata.num_rows
    if not 0 < count <= MOST:
        raise ValueError(f"{count} predictions, expected 1 to {MOST}")
    table = file.read(columns=list(COLUMNS)).to_pandas()
    probabilities = np.stack(table["probabilities"].to_numpy()).astype(np.float32)
    if probabilities.shape != (count, len(labels)) or not np.isfinite(probabilities).all():
        raise ValueError(f"probabilities are not {count} times {len(labels)} finite numbers")
    if probabilities.min() < 0 or np.abs(probabilities.sum(1) - 1).max() > UNEVEN:
        raise ValueError("probabilities are below 0, or their sums are not 1")
    index = {str(label): i for i, label in enumerate(labels)}
    true = np.array([index[name] for name in table["true"]], np.int64)
    predicted = np.array([index[name] for name in table["predicted"]], np.int64)
    if not pd.api.types.is_integer_dtype(table["row"]):
        raise ValueError("rows are not whole numbers")
    rows = table["row"].to_numpy().astype(np.int64)
    if len(np.unique(rows)) != count:
        raise ValueError("rows are named twice")
    uncertainty = table["uncertainty"].to_numpy().astype(np.float64)
    pictures = _pictures(folder)
    return Evaluation(
        folder, scores, labels, rows, true, predicted, probabilities, uncertainty, pictures
    )


def _pictures(folder: Path) -> Pictures | None:
    path = folder / PICTURES
    if not path.is_file():
        return None
    try:
        return Pictures(path)
    except BROKEN as error:
        raise UserError(
            f"{folder.name}/{PICTURES} cannot be used ({_brief(error)}); {AGAIN}"
        ) from None


def _against(votes: Mapping[str, int]) -> float:
    total = sum(votes.values())
    return 1 - max(votes.values()) / total if total else float("nan")


def _brief(error: BaseException) -> str:
    """One line of what is wrong; what Python says of values of other kinds helps nobody."""
    if isinstance(error, KeyError):
        return f"it knows no {str(error.args[0])[:40]!r}" if error.args else "something is missing"
    if isinstance(error, TypeError | AttributeError):
        return "it holds other things than an evaluation does"
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text[:120]
