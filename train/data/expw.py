"""ExpW: faces in pictures of the web, with their boxes. Zhang et al. 2015; non-commercial research only."""

import contextlib
import csv
import io
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from train.data.dataset import DEVIATION, MEAN, DataSet, compare
from train.data.files import FiledFaces, as_names
from train.data.splitting import parts
from train.data.text import brief, read_text

NAME = "expw"
CLASSES = SEVEN  # the list's ids are the canonical order
LIST = Path("label", "label.lst")
PICTURES = Path("image", "origin")
COLUMNS = ("image_name", "face_id", "top", "left", "right", "bottom", "confidence", "label")
SPLITS = ("train", "validation", "test")
SHARES = (0.1, 0.1)  # of the pictures: validation, test
SPLIT_FILE = Path("label", "fer-live-split.csv")
PUBLISHED = (3671, 3995, 1088, 30537, 10559, 7060, 34883)


def load(root: Path, split: str) -> FiledFaces:
    """Read one split; none is published, see `split_of_pictures`. `rows`: lines of the list, from 0.

    `root`: the folder that holds `label` and `image`, or the one above called `data`.
    """
    root = _find(root)
    names, boxes, labels = _read(root / LIST)
    if split == SPLITS[0]:
        compare(NAME, np.bincount(labels, minlength=len(CLASSES)).tolist(), PUBLISHED, CLASSES)
    splits = split_of_pictures(root, names, labels)
    chosen = np.flatnonzero([splits[name] == split for name in names])
    return FiledFaces(
        dataset=NAME,
        split=split,
        classes=CLASSES,
        labels=labels[chosen],
        rows=chosen,
        root=root / PICTURES,
        files=as_names(names)[chosen],
        boxes=boxes[chosen],
    )


def split_of_pictures(root: Path, names: list[str], labels: NDArray[np.int64]) -> dict[str, str]:
    """Each picture's split: all faces of a picture are in the same one, and each split has its share of
    every class (a picture counts as its rarest face).

    It follows from the names alone, and is saved beside the list, so that it travels with the data and
    stays even if this function changes. A folder that cannot be written to gets the same split.
    """
    path = root / SPLIT_FILE
    if path.is_file():
        rows = list(csv.reader(io.StringIO(read_text(path, "remove it"))))[1:]
        saved = {row[0]: row[-1] for row in rows if row}
        if saved.keys() != set(names) or not set(saved.values()) <= set(SPLITS):
            raise UserError(f"{path} splits other pictures than {LIST} lists: remove it")
        return saved
    rarity = np.bincount(labels, minlength=len(CLASSES))
    of_picture: dict[str, list[int]] = defaultdict(list)
    for name, label in zip(names, labels.tolist(), strict=True):
        of_picture[name].append(label)
    rarest = np.array([min(found, key=rarity.__getitem__) for found in of_picture.values()])
    numbers = parts(rarest, list(of_picture), SHARES)
    splits = {name: SPLITS[number] for name, number in zip(of_picture, numbers, strict=True)}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("image_name", "split"), *splits.items()])
    with contextlib.suppress(OSError):
        part = path.with_suffix(".part")
        part.write_text(text.getvalue(), encoding="utf-8")
        part.replace(path)
    return splits


def _find(root: Path) -> Path:
    for folder in (root, root / "data"):
        if (folder / LIST).is_file() and (folder / PICTURES).is_dir():
            return folder
    raise UserError(
        f"{root} holds no ExpW: looked for {LIST} and the folder {PICTURES}, there and in data/"
    )


def _read(path: Path) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Names, boxes (N, 4) as left, top, right, bottom, and labels (N,) of all faces."""
    names, boxes, labels = [], [], []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        where = f"{path}, line {number}"
        if len(fields) != len(COLUMNS):
            raise UserError(
                f"{where}: {len(fields)} fields instead of {' '.join(COLUMNS)}: mend or remove the line"
            )
        name, _, *numbers, _, label = fields
        if label not in map(str, range(len(CLASSES))):
            raise UserError(
                f"{where}: label {brief(label)!r} is not one of 0 to {len(CLASSES) - 1}: mend or remove the line"
            )
        try:
            top, left, right, bottom = map(int, numbers)
        except ValueError:
            raise UserError(
                f"{where}: {' '.join(numbers)!r} is no box in whole pixels: fetch it again"
            ) from None
        names.append(name)
        boxes.append((left, top, right, bottom))
        labels.append(int(label))
    if not names:
        raise UserError(f"{path} lists no faces: fetch it again")
    return names, np.array(boxes, np.int64), np.array(labels, np.int64)


EXPW = DataSet(
    name=NAME,
    classes=CLASSES,
    training="train",
    selection="validation",
    test="test",
    licence="ExpW: non-commercial research only",
    mean=MEAN,
    deviation=DEVIATION,
    side=0,
    channels=3,
    load_split=load,
)
