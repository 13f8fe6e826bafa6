"""Any folder of class folders: root/CLASS/*.png, or root/train|val|test/CLASS/*.png."""

import logging
from pathlib import Path

import numpy as np

from fer_live.errors import UserError
from fer_live.expressions import Expression
from train.data.dataset import DEVIATION, MEAN, DataSet
from train.data.files import FiledFaces, as_names, class_folders, pictures_in
from train.data.names import expression_of, known_names
from train.data.splitting import SELECTION_SHARE, parts

NAME = "folder"
# What the folder of each split may be called.
FOLDERS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
SPLITS = tuple(FOLDERS)
SHARES = (SELECTION_SHARE, SELECTION_SHARE)  # validation and test, where no split has a folder

logger = logging.getLogger(__name__)


def load(root: Path, split: str) -> FiledFaces:
    """Read one split. Classes are told by the folders' names and come in the expressions' own order.

    With split folders, a tenth of each class of `train` becomes `validation` where that has no folder;
    without any, `validation` and `test` are a tenth each. A picture's path decides, so that the split of a
    folder that does not change is always the same. Warns of classes without a picture. Raises UserError
    on names that are no expression, and where the split would have no picture.
    """
    faces = _load(root, split)
    if not len(faces):
        raise UserError(
            f"{root} has too few pictures for a split {split}: add more of each class, or a folder "
            f"{FOLDERS[split][0]}/ with class folders"
        )
    empty = [name for name, count in faces.counts_by_name().items() if not count]
    if empty:
        logger.warning(f"{root}: the split {split} has no picture of {', '.join(empty)}")
    return faces


def _load(root: Path, split: str) -> FiledFaces:
    parted = {name: _split_folder(root, name) for name in SPLITS}
    folders = [folder for folder in parted.values() if folder is not None]
    classes = _classes(folders or [root])
    if not folders:
        return _part(_read(root, split, classes), SHARES, SPLITS.index(split))
    folder, training = parted[split], parted["train"]
    if training is None:
        raise UserError(f"{root} has a folder {folders[0].name}/ and no train/: add it")
    if folder is None and split == "test":
        raise UserError(f"{root} has no folder test/: add it, or use another --split")
    if parted["validation"] is None and split != "test":
        number = SPLITS.index(split)
        return _part(_read(training, split, classes), SHARES[:1], number)
    return _read(folder or training, split, classes)


def _split_folder(root: Path, split: str) -> Path | None:
    names = FOLDERS[split]
    found = [path for path in class_folders(root) if path.name.lower() in names]
    if not found:
        return None
    first, *others = sorted(found, key=lambda path: names.index(path.name.lower()))
    if others:
        told = ", ".join(f"{path.name}/" for path in others)
        logger.warning(
            f"{root}: {split} is {first.name}/; {told} is left out: move its pictures there"
        )
    return first


def _classes(folders: list[Path]) -> tuple[Expression, ...]:
    names = [path for folder in folders for path in class_folders(folder)]
    if not names:
        raise UserError(
            f"{folders[0]} holds no class folders: looked for CLASS/, and for "
            f"{'/CLASS/, '.join(SPLITS)}/CLASS/, with pictures"
        )
    unknown = sorted({path.name for path in names if expression_of(path.name) is None})
    if unknown:
        raise UserError(
            f"{folders[0]}: no expression is called {', '.join(unknown)}: rename the folders to one of "
            f"{known_names()}"
        )
    found = {expression_of(path.name) for path in names}
    return tuple(expression for expression in Expression if expression in found)


def _read(folder: Path, split: str, classes: tuple[Expression, ...]) -> FiledFaces:
    files: list[str] = []
    labels: list[int] = []
    for class_folder in class_folders(folder):
        pictures = pictures_in(class_folder)
        deeper = sum(len(pictures_in(inner)) for inner in class_folders(class_folder))
        if deeper:
            logger.warning(
                f"{class_folder}: {deeper} pictures in folders within it are left out: move them up"
            )
        # With the same slashes everywhere: the names decide who belongs to which split.
        files += [path.relative_to(folder).as_posix() for path in pictures]
        expression = expression_of(class_folder.name)
        labels += [classes.index(expression)] * len(pictures) if expression else []
    return FiledFaces(
        dataset=NAME,
        split=split,
        classes=classes,
        labels=np.array(labels, np.int64),
        rows=np.arange(len(files)),
        root=folder,
        files=as_names(files),
        listed=False,
    )


def _part(faces: FiledFaces, shares: tuple[float, ...], number: int) -> FiledFaces:
    return faces.select(parts(faces.labels, faces.keys, shares) == number)


FOLDER = DataSet(
    name=NAME,
    classes=(),
    training="train",
    selection="validation",
    test="test",
    licence="a folder of your own: its pictures' terms are yours to know",
    mean=MEAN,
    deviation=DEVIATION,
    side=0,
    channels=3,
    load_split=load,
)
