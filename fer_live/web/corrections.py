"""*My corrections*: faces that were read wrong with their true expression, as an evaluation folder.

Each file is written beside its place and moved there whole, the pictures before the table that
names them: a full disk or a kill leaves what was recorded before, as it was.
"""

import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.types import Image
from fer_live.web.inspect.evaluation import BROKEN, METRICS, PICTURES, PREDICTIONS, open_evaluation
from fer_live.web.readers import Opinion

NAME = "my corrections"
LABELS = [str(label) for label in Expression]  # models that know seven, and eight, in one table
MOST = 10_000  # faces: visitors must not fill a disk, and each correction writes the files anew
OFF = "Corrections are not kept here. To keep them, start with: fer-live web --corrections FOLDER"
LOCK = ".lock"
FOLLOWING = "next row"  # in the scores: the row of the next face
PATIENCE = 10.0  # seconds to wait for another server
TABLE = pa.schema(
    [
        ("row", pa.int64()),
        ("true", pa.string()),
        ("predicted", pa.string()),
        ("probabilities", pa.list_(pa.float32())),
        ("uncertainty", pa.float64()),
        ("model", pa.string()),
    ]
)
FACES = pa.schema([("row", pa.int64()), ("picture", pa.binary()), ("votes", pa.string())])
Record = dict[str, Any]


class Corrections:
    """The folder that whoever starts the server names. Visitors, and other servers on it, take turns.

    Raises UserError where the folder cannot be written or holds something else.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = FileLock(folder / LOCK)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # its own name: others may be trying, too
                pass
        except OSError as error:
            raise UserError(
                f"--corrections {folder}: cannot be written ({error.strerror}); name another folder"
            ) from None
        if not self.empty and open_evaluation(folder).scores.get("dataset") != NAME:
            raise UserError(
                f"--corrections {folder} holds another evaluation; name a new or empty folder"
            )

    @property
    def empty(self) -> bool:
        return not (self.folder / PREDICTIONS).is_file()

    def add(self, opinion: Opinion, true: Expression) -> int:
        """Record the face as `true`; return its row. The same crop, read by the same model, is corrected anew."""
        encoded = io.BytesIO()
        PIL.Image.fromarray(_grey_or_rgb(opinion.crop)).save(encoded, "PNG")
        face = encoded.getvalue()
        with self._turn():
            records, faces = self._load()
            following = self._following(faces)
            known = {row for row, kept in faces.items() if kept == face}
            record = next(
                (r for r in records if r["row"] in known and r["model"] == opinion.model), None
            )
            if record is None:
                if len(records) >= MOST:
                    raise UserError(f"{NAME} holds {MOST:,} faces already; start with a new folder")
                record = {"row": following, **_said(opinion)}
                records.append(record)
                following += 1
            record["true"] = str(true)
            faces[record["row"]] = face
            self._store_faces(faces)
            self._store_table(records, following)
        return int(record["row"])

    def remove(self, row: int) -> None:
        """Undo; a row that is gone already stays gone."""
        with self._turn():
            records, faces = self._load()
            left = [record for record in records if record["row"] != row]
            self._store_table(left, self._following(faces))
            faces.pop(row, None)
            self._store_faces(faces)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The folder for oneself, among all threads and servers. Raises UserError where that takes too long."""
        try:
            with self._lock.acquire(timeout=PATIENCE):
                yield
        except Timeout:
            raise UserError(f"{NAME} are in use by another server; try again in a moment") from None

    def _load(self) -> tuple[list[Record], dict[int, bytes]]:
        """The table, and all pictures by row: one that an interruption left without its record is kept."""
        if self.empty:
            return [], {}
        try:
            records = pq.read_table(self.folder / PREDICTIONS, schema=TABLE).to_pylist()
            table = pq.read_table(self.folder / PICTURES, schema=FACES).to_pydict()
        except BROKEN:
            raise UserError(
                f"{NAME} cannot be read; whoever runs this server should move the folder's files away"
            ) from None
        return records, dict(zip(table["row"], table["picture"], strict=True))

    def _following(self, faces: Mapping[int, bytes]) -> int:
        """A row that no face ever had: pages may still hold that of one which was taken back."""
        try:
            scores = json.loads((self.folder / METRICS).read_text(encoding="utf-8"))
            kept = int(scores.get(FOLLOWING, 0))
        except (*BROKEN, AttributeError):  # there are none yet, or the next scores mend them
            kept = 0
        return max(kept, max(faces, default=-1) + 1)

    def _store_faces(self, faces: Mapping[int, bytes]) -> None:
        columns = {
            "row": list(faces),
            "picture": list(faces.values()),
            "votes": [None] * len(faces),
        }
        self._replace(PICTURES, _parquet(pa.table(columns, FACES)))

    def _store_table(self, records: list[Record], following: int) -> None:
        scores = {
            "weights": " + ".join(dict.fromkeys(record["model"] for record in records)),
            "dataset": NAME,
            "split": "by hand",
            "labels": LABELS,
            "n": len(records),
            FOLLOWING: following,
        }
        self._replace(METRICS, json.dumps(scores, indent=2).encode())
        if not records:
            (self.folder / PREDICTIONS).unlink(missing_ok=True)
            return
        self._replace(PREDICTIONS, _parquet(pa.Table.from_pylist(records, TABLE)))

    def _replace(self, name: str, content: bytes) -> None:
        """The file with that content, or as it was. Raises UserError where the disk refuses."""
        part = self.folder / f".{name}.part"
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(
                f"the correction was not kept ({error.strerror}); those before are safe"
            ) from None


def _said(opinion: Opinion) -> Record:
    prediction = opinion.prediction
    return {
        "predicted": str(prediction.expression),
        "probabilities": [float(prediction.probabilities.get(e, 0.0)) for e in Expression],
        "uncertainty": np.nan if prediction.uncertainty is None else float(prediction.uncertainty),
        "model": opinion.model,
    }


def _grey_or_rgb(crop: Image) -> Image:
    """(s, s) of a crop (s, s, 1); others as they are."""
    return crop[:, :, 0] if crop.ndim == 3 and crop.shape[2] == 1 else crop


def _parquet(table: pa.Table) -> bytes:
    written = pa.BufferOutputStream()
    pq.write_table(table, written, compression="none", row_group_size=256)
    return written.getvalue().to_pybytes()
