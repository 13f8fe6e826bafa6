"""AffectNet, seven or eight classes. Mollahosseini et al. 2019; research only, by signed agreement.

Its published validation set is what papers report: it is `test` here, `validation` is held out from training.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from fer_live.errors import UserError
from fer_live.expressions import SEVEN, Expression
from train.data import affectnet_layouts as layouts
from train.data.dataset import DEVIATION, MEAN, DataSet
from train.data.files import FiledFaces

COUNTS = {
    "train": (24882, 3803, 6378, 134415, 25459, 14090, 74874, 3750),
    "test": (500,) * 8,
}


def load(root: Path, split: str, classes: tuple[Expression, ...]) -> FiledFaces:
    """Read the published `train` or `test` (its validation set) from any of the three layouts.

    Faces of other labels are left out. Raises UserError where none of the layouts is found.
    """
    for read in (layouts.read_lists, layouts.read_npy, layouts.read_folders):
        faces = read(root, split)
        if faces is not None:
            break
    else:
        raise UserError(
            f"{root} holds no AffectNet for {split!r}: looked for {layouts.looked_for(split)}"
        )
    # Published ids -> the classes' own order; what is none of the classes stays -1.
    index = np.array([*(classes.index(e) if e in classes else -1 for e in layouts.IDS), -1])
    labels = index[faces.labels]
    known = replace(faces, dataset=f"affectnet-{len(classes)}", classes=classes, labels=labels)
    return known.select(labels >= 0)


def _data_set(classes: tuple[Expression, ...]) -> DataSet:
    return DataSet(
        name=f"affectnet-{len(classes)}",
        classes=classes,
        training="train",
        selection="validation",
        test="test",
        licence="AffectNet: research only, by signed agreement; no redistribution",
        mean=MEAN,
        deviation=DEVIATION,
        side=0,
        channels=3,
        load_split=partial(load, classes=classes),
        counts={split: counts[: len(classes)] for split, counts in COUNTS.items()},
        holds_out=True,
    )


AFFECTNET_7 = _data_set(SEVEN)
AFFECTNET_8 = _data_set(tuple(Expression))
