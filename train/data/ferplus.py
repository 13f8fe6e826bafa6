"""FER+: ten crowd votes for every row of FER2013. Barsoum et al. 2016; labels under the MIT licence.

Joined to FER2013's faces, or as a data set of its own: eight expressions by the crowd's majority.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.expressions import (
    ANGRY,
    CONTEMPT,
    DISGUST,
    FEAR,
    HAPPY,
    NEUTRAL,
    SAD,
    SURPRISE,
    Expression,
)
from train.data import fer2013
from train.data.dataset import DataSet
from train.data.fer2013 import FER2013, USAGES
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
MOST = 255  # votes for one of them; ten people voted
NAME = "ferplus"
CLASSES = tuple(Expression)


def join_votes(faces: LabelledFaces, root: Path) -> LabelledFaces:
    """The same faces of FER2013's csv with `votes` (N, 10) uint8, matched by row.

    `root`: of the faces, FER+'s csv beside them. Rows without an image name stay: their votes say "not a
    face". Raises UserError where the files do not fit.
    """
    path, table = _read(root)
    usage = next(name for name, split in USAGES.items() if split == faces.split)
    # A line that is missing would give all later faces of its split the votes of others.
    theirs, ours = int((table["Usage"] == usage).sum()), fer2013.size(root, faces.split)
    if theirs != ours:
        raise UserError(
            f"{path} has {theirs} rows of {usage}, FER2013's csv has {ours}: votes are joined by row, use "
            "both files whole"
        )
    if len(faces) and faces.rows.max() >= len(table):
        raise UserError(f"{path} has {len(table)} rows, the faces go to row {faces.rows.max()}")
    joined = table.iloc[faces.rows]
    # Only csv files keep the published order; a wrong order would show here.
    strangers = np.flatnonzero(joined["Usage"].to_numpy() != usage)
    if len(strangers):
        row = faces.rows[strangers[0]]
        raise UserError(
            f"{path}, row {row}: Usage is {table['Usage'].iloc[row]!r}, FER2013's row is {usage!r}: "
            "votes join Kaggle's csv in its own order only"
        )
    votes = joined[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not np.isin(votes, np.arange(MOST + 1)).all():  # as bytes they would be other numbers
        raise UserError(f"{path}: votes are not all whole numbers from 0 to {MOST}: fetch it again")
    return replace(faces, votes=votes.astype(np.uint8))


def load(root: Path, split: str) -> LabelledFaces:
    """FER2013's faces of which the crowd's majority names one expression.

    `labels`: the majority, more than half of the votes. `targets`: the votes for the eight expressions as
    shares. Votes that one person alone gave do not count, as in the published `majority` mode, nor do rows
    without an image name. `root`: FER2013's csv, or its folder, with FER+'s beside it.
    """
    if fer2013.in_folders(root):
        raise UserError(
            f"{root} has FER2013 as folders, whose rows are lost: FER+ needs its csv beside {FILE}"
        )
    faces = join_votes(fer2013.load(root, split), root)
    assert faces.votes is not None
    label = majority(faces.votes)
    named = _read(root)[1]["Image name"].notna().to_numpy()[faces.rows]
    chosen = (label >= 0) & named
    faces = replace(faces, dataset=NAME, classes=CLASSES, labels=label, targets=shares(faces.votes))
    return faces.select(chosen)


def shares(votes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Votes (N, 10) -> (N, 8) shares of CLASSES, without single votes; all 0 where nobody named an expression."""
    expressions = votes[:, [EXPRESSIONS.index(e) for e in CLASSES]].astype(np.float32)
    expressions[expressions == 1] = 0
    return expressions / expressions.sum(1, keepdims=True).clip(min=1)


def majority(votes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N,) index into CLASSES that more than half of the votes (N, 10) name, -1 where there is none.

    Single votes are left out first. Barsoum et al. 2016; FER+'s own script.
    """
    counted = np.where(votes == 1, 0, votes).astype(np.int64)
    best = counted.argmax(1)
    clear = counted.max(1) > 0.5 * counted.sum(1)
    index = np.array([*(CLASSES.index(e) for e in EXPRESSIONS), -1, -1])
    return np.where(clear, index[best], -1)


def beside(root: Path) -> Path:
    """Where FER+'s csv lies, or would, for FER2013's `root`: its csv or its folder."""
    return (root if root.is_dir() else root.parent) / FILE


def _read(root: Path) -> tuple[Path, pd.DataFrame]:
    path = beside(root)
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: fetch FER+'s {FILE}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as csv ({error}): fetch FER+'s {FILE}") from None
    missing = [name for name in ("Usage", "Image name", *COLUMNS) if name not in table.columns]
    if missing:
        raise UserError(f"{path}: no column {', '.join(missing)}: use FER+'s {FILE}")
    return path, table


FERPLUS = DataSet(
    name=NAME,
    classes=CLASSES,
    training=FER2013.training,
    selection=FER2013.selection,
    test=FER2013.test,
    licence="FER+ labels: MIT; FER2013 pictures: research use only, under the terms of the Kaggle competition",
    mean=FER2013.mean,
    deviation=FER2013.deviation,
    side=FER2013.side,
    channels=FER2013.channels,
    load_split=load,
    crop=FER2013.crop,
    counts={
        "train": (2100, 119, 532, 7287, 3014, 3149, 8740, 119),
        "public": (287, 24, 62, 865, 351, 415, 1182, 13),
        "private": (273, 18, 83, 893, 384, 396, 1090, 16),
    },
)
