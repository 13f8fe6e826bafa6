"""RAF-DB, basic expressions: aligned faces (100, 100, 3). Li et al. 2017; non-commercial research only."""

from pathlib import Path

import numpy as np

from fer_live.errors import UserError
from fer_live.expressions import ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SEVEN, SURPRISE
from train.data.dataset import DEVIATION, MEAN, DataSet
from train.data.files import FiledFaces, as_names
from train.data.text import brief, read_text

NAME = "raf-db"
CLASSES = SEVEN
LABELS = (SURPRISE, FEAR, DISGUST, HAPPY, SAD, ANGRY, NEUTRAL)  # the list counts from 1
LIST = Path("EmoLabel", "list_patition_label.txt")  # sic
PICTURES = Path("Image", "aligned")


def load(root: Path, split: str) -> FiledFaces:
    """Read the published `train` or `test` split. `rows`: lines of the list, counted from 0.

    `root`: the folder that holds `EmoLabel` and `Image`, or the one above called `basic`.
    """
    root = _find(root)
    files, labels, rows = [], [], []
    for row, line in enumerate(read_text(root / LIST).splitlines()):
        if not line.strip():
            continue
        name, label = _parse(line, f"{root / LIST}, line {row + 1}")
        if name.startswith(f"{split}_"):
            files.append(PICTURES / f"{Path(name).stem}_aligned{Path(name).suffix}")
            labels.append(label)
            rows.append(row)
    return FiledFaces(
        dataset=NAME,
        split=split,
        classes=CLASSES,
        labels=np.array(labels, np.int64),
        rows=np.array(rows, np.int64),
        root=root,
        files=as_names(files),
    )


def _find(root: Path) -> Path:
    for folder in (root, root / "basic"):
        if (folder / LIST).is_file() and (folder / PICTURES).is_dir():
            return folder
    raise UserError(
        f"{root} holds no RAF-DB: looked for {LIST} and the folder {PICTURES}, there and in basic/"
    )


def _parse(line: str, where: str) -> tuple[str, int]:
    """A line's file name, and its label as an index into CLASSES."""
    name, _, number = line.strip().rpartition(" ")
    if not name.startswith(("train_", "test_")):
        raise UserError(
            f"{where}: {brief(line)!r} does not begin with train_ or test_: fetch it again"
        )
    if number not in map(str, range(1, len(LABELS) + 1)):
        raise UserError(
            f"{where}: label {brief(number)!r} is not one of 1 to {len(LABELS)}: mend or remove the line"
        )
    return name, CLASSES.index(LABELS[int(number) - 1])


RAF_DB = DataSet(
    name=NAME,
    classes=CLASSES,
    training="train",
    selection="validation",
    test="test",
    licence="RAF-DB: non-commercial research only, by agreement with its authors; no redistribution",
    mean=MEAN,
    deviation=DEVIATION,
    side=100,
    channels=3,
    load_split=load,
    counts={
        "train": (705, 717, 281, 4772, 1982, 1290, 2524),
        "test": (162, 160, 74, 1185, 478, 329, 680),
    },
    holds_out=True,
)
