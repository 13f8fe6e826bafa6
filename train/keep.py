"""The folder of an evaluation: claimed first, and with the faces, so that `fer-live web --inspect` can show them."""

import io
import json
import logging
import tempfile
from pathlib import Path

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fer_live.errors import UserError
from train.crowd import with_crowd
from train.data import Faces, fer2013, ferplus
from train.data.images import Picture

PICTURES = "pictures.parquet"
GROUP = 256  # faces that are read at a time
SCHEMA = pa.schema([("row", pa.int64()), ("picture", pa.binary()), ("votes", pa.string())])
VOTES = (*map(str, ferplus.EXPRESSIONS), "unknown", "not a face")

logger = logging.getLogger(__name__)


def claim(output: Path) -> None:
    """Make the folder, and see that files can be written to it. Raises UserError where not."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to {output} ({error.strerror}): choose another --output"
        ) from None


def with_votes(faces: Faces, root: Path) -> Faces:
    """FER2013's faces with the crowd's votes where FER+'s file lies beside it; others as they are."""
    if faces.dataset != fer2013.NAME or fer2013.in_folders(root):
        return faces
    if not ferplus.beside(root).is_file():
        return faces
    try:
        return with_crowd(faces, root)
    except UserError as error:
        logger.warning(f"without FER+'s votes: {error}")
        return faces


def keep(faces: Faces, output: Path) -> None:
    """Write each face's row, its picture as PNG, and its votes as JSON, {expression: count}, or null."""
    with pq.ParquetWriter(output / PICTURES, SCHEMA, compression="none") as file:
        for start in range(0, len(faces), GROUP):
            places = range(start, min(start + GROUP, len(faces)))
            columns = {
                "row": faces.rows[start : places.stop],
                "picture": [_png(picture) for picture in faces.pictures(places)],
                "votes": [_counts(faces, place) for place in places],
            }
            file.write_table(pa.table(columns, SCHEMA))


def _png(picture: Picture) -> bytes:
    encoded = io.BytesIO()
    PIL.Image.fromarray(picture).save(encoded, "PNG")
    return encoded.getvalue()


def _counts(faces: Faces, place: int) -> str | None:
    if faces.votes is None:
        return None
    row: NDArray = faces.votes[place]
    return json.dumps({name: int(n) for name, n in zip(VOTES, row, strict=True) if n})
