"""FER+: ten crowd votes for every row of FER2013. Barsoum et al. 2016; labels under the MIT licence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fer_live.errors import UserError
from fer_live.expressions import ANGRY, CONTEMPT, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE
from train.data.fer2013 import USAGES
from train.data.images import LabelledFaces

FILE = "fer2013new.csv"
# The columns' order in the file; the last two votes are for no expression: unknown, and not a face.
EXPRESSIONS = (NEUTRAL, HAPPY, SURPRISE, SAD, ANGRY, DISGUST, FEAR, CONTEMPT)
COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)


def join_votes(faces: LabelledFaces, root: Path) -> LabelledFaces:
    """The same faces of FER2013's csv with `votes` (N, 10) uint8, matched by row.

    `root`: FER+'s csv, or the folder that holds it. Rows without an image name stay: their votes say
    "not a face". Raises UserError where the file does not fit.
    """
    path = root / FILE if root.is_dir() else root
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: fetch FER+'s {FILE}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as csv ({error}): fetch FER+'s {FILE}") from None
    missing = [name for name in ("Usage", *COLUMNS) if name not in table.columns]
    if missing:
        raise UserError(f"{path}: no column {', '.join(missing)}: use FER+'s {FILE}")
    if len(faces) and faces.rows.max() >= len(table):
        raise UserError(f"{path} has {len(table)} rows, the faces go to row {faces.rows.max()}")
    joined = table.iloc[faces.rows]
    # Only csv files keep the published order; a wrong order would show here.
    usage = next(name for name, split in USAGES.items() if split == faces.split)
    strangers = np.flatnonzero(joined["Usage"].to_numpy() != usage)
    if len(strangers):
        row = faces.rows[strangers[0]]
        raise UserError(
            f"{path}, row {row}: Usage is {table['Usage'].iloc[row]!r}, FER2013's row is {usage!r}: "
            "votes join Kaggle's csv in its own order only"
        )
    try:
        votes = joined[list(COLUMNS)].to_numpy().astype(np.uint8)
    except (ValueError, TypeError):
        raise UserError(f"{path}: votes are not all whole numbers: fetch it again") from None
    return replace(faces, votes=votes)
