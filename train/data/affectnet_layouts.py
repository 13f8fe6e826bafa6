"""The three layouts in which AffectNet is found; each reader returns None where the split does not lie so.

Labels are the published ids, indices into IDS, and -1 for all that is no expression.
"""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.expressions import ANGRY, CONTEMPT, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE
from train.data.align import POINTS, eyes_of
from train.data.cache import remembered
from train.data.files import FiledFaces, as_names, class_folders, pictures_in
from train.data.names import expression_of, known_names
from train.data.text import brief
from train.data.threads import on_threads

IDS = (NEUTRAL, HAPPY, SAD, SURPRISE, FEAR, DISGUST, ANGRY, CONTEMPT)
UNREADABLE = (OSError, ValueError, EOFError, BadZipFile, AttributeError)  # np.load takes archives
OTHERS = ("8", "9", "10")  # no expression, uncertain, not a face
LISTS = {"train": "training.csv", "test": "validation.csv"}
LIST_FOLDERS = ("", "Manually_Annotated", "Manually_Annotated_file_lists")
PICTURES = "Manually_Annotated_Images"
PICTURE_FOLDERS = (PICTURES, f"Manually_Annotated/{PICTURES}", f"Manually_Annotated_compressed/{PICTURES}")  # fmt: skip
NPY = {"train": "train_set", "test": "val_set"}
FOLDERS = {"train": "train", "test": "val"}
# Some lists come without their header.
COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression", "valence", "arousal")  # fmt: skip
BOX = list(COLUMNS[1:5])
LARGEST = 2**31  # pixels; text such as inf and 1e99 is a number too


def looked_for(split: str) -> str:
    """The three layouts, for a message."""
    return (
        f"{LISTS[split]} with the folder {PICTURES}, {NPY[split]}/images with {NPY[split]}/annotations, "
        f"and the class folders {FOLDERS[split]}/0 to {FOLDERS[split]}/{len(IDS) - 1}"
    )


def read_lists(root: Path, split: str) -> FiledFaces | None:
    """Whole pictures, and a csv with each face's box and landmarks. `rows`: the csv's, less its header.

    Faces without a box (a width below 1, or NULL, which the published list has) are left out.
    """
    paths = [root / folder / LISTS[split] for folder in LIST_FOLDERS]
    path = next((path for path in paths if path.is_file()), None)
    pictures = next((root / name for name in PICTURE_FOLDERS if (root / name).is_dir()), None)
    if path is None or pictures is None:
        return None
    table = _read_csv(path)
    labels = [
        _label(str(text).strip(), f"{path}, row {row}") for row, text in enumerate(table.expression)
    ]
    boxes = table[BOX].fillna(0).to_numpy(np.int64)  # left, top, width, height
    whole = table[BOX].notna().all(axis=1).to_numpy()
    rows = np.flatnonzero(whole & (boxes[:, 2] > 0) & (boxes[:, 3] > 0))
    boxes[:, 2:] += boxes[:, :2]
    landmarks = table.facial_landmarks.to_numpy()
    eyes = [_eyes(landmarks[row], f"{path}, row {row}") for row in rows]
    return FiledFaces(
        dataset="affectnet",
        split=split,
        classes=IDS,
        labels=np.array(labels, np.int64)[rows],
        rows=rows,
        root=pictures,
        files=as_names(table[COLUMNS[0]].to_numpy()[rows]),
        boxes=boxes[rows],
        eyes=np.array(eyes, np.float32).reshape(-1, 2, 2),
    )


def read_npy(root: Path, split: str) -> FiledFaces | None:
    """Cropped faces images/ID.jpg with annotations/ID_exp.npy and ID_lnd.npy. `rows`: places by file name."""
    folder = root / NPY[split]
    if not ((folder / "images").is_dir() and (folder / "annotations").is_dir()):
        return None
    files = pictures_in(folder / "images")
    annotations, landmarks = (
        [folder / "annotations" / f"{path.stem}_{kind}.npy" for path in files]
        for kind in ("exp", "lnd")
    )

    def compute() -> dict[str, NDArray]:
        labels = on_threads(lambda i: _npy_label(annotations[i]), len(files), "reading labels")
        found = np.fromiter(labels, np.int64, len(files))
        eyes = on_threads(lambda i: _npy_eyes(landmarks[i]), len(files), "reading landmarks")
        return {"labels": found, "eyes": np.array(list(eyes), np.float32).reshape(-1, 2, 2)}

    arrays = remembered(f"affectnet npy 1 {folder.resolve()}", [*annotations, *landmarks], compute)
    return FiledFaces(
        dataset="affectnet",
        split=split,
        classes=IDS,
        labels=arrays["labels"],
        rows=np.arange(len(files)),
        root=folder / "images",
        files=as_names(path.name for path in files),
        eyes=arrays["eyes"],
        listed=False,
    )


def read_folders(root: Path, split: str) -> FiledFaces | None:
    """Class folders called by the published ids, or by the expressions' names. `rows`: places by folder and name."""
    whole = root / FOLDERS[split]
    if not whole.is_dir():
        return None
    files, labels = [], []
    for folder in class_folders(whole):
        expression = expression_of(folder.name)
        if folder.name.isdecimal():
            label = _label(folder.name, str(folder))
        elif expression is not None:
            label = IDS.index(expression)
        else:
            raise UserError(
                f"{folder} is neither an AffectNet id (0 to {len(IDS) - 1}) nor one of {known_names()}"
            )
        found = pictures_in(folder)
        files += [path.relative_to(whole).as_posix() for path in found]
        labels += [label] * len(found)
    return FiledFaces(
        dataset="affectnet",
        split=split,
        classes=IDS,
        labels=np.array(labels, np.int64),
        rows=np.arange(len(files)),
        root=whole,
        files=as_names(files),
        listed=False,
    )


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8") as file:
            headed = COLUMNS[0] in file.readline()
        table = pd.read_csv(
            path, header=0 if headed else None, names=None if headed else COLUMNS, index_col=False
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as csv ({error}): fetch it again") from None
    missing = [name for name in COLUMNS[:7] if name not in table.columns]
    if missing:
        raise UserError(f"{path}: no column {', '.join(missing)}: fetch it again")
    for name in BOX:
        numbers = pd.to_numeric(table[name], errors="coerce")
        strange = (table[name].notna() & ~(numbers.abs() < LARGEST)).to_numpy()
        if strange.any():
            row = int(strange.argmax())
            raise UserError(
                f"{path}, row {row}: {name} {table[name][row]!r} is not a number of pixels: mend or "
                "remove the row"
            )
        table[name] = numbers
    return table


def _label(text: str, where: str) -> int:
    if text in OTHERS:
        return -1
    if text not in map(str, range(len(IDS))):
        raise UserError(
            f"{where}: expression {brief(text)!r} is not one of 0 to {OTHERS[-1]}: mend or remove it"
        )
    return int(text)


def _eyes(text: object, where: str) -> NDArray[np.float32]:
    """From "x;y;x;y;...", 68 points in pixels of the whole picture."""
    try:
        points = np.array(str(text).split(";"), np.float32)
    except ValueError:
        points = np.empty(0, np.float32)
    if len(points) != 2 * POINTS:
        raise UserError(f"{where}: facial_landmarks are not {POINTS} points x;y: fetch it again")
    return eyes_of(points.reshape(POINTS, 2))


def _npy_label(path: Path) -> int:
    try:
        value = np.load(path).reshape(-1)
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read ({error}): fetch it again") from None
    if not len(value):
        raise UserError(f"{path} holds no label: fetch it again")
    return _label(str(value[0]).strip(), str(path))


def _npy_eyes(path: Path) -> NDArray[np.float32]:
    try:
        points = np.load(path)
        return eyes_of(points.astype(np.float32).reshape(POINTS, 2))
    except UNREADABLE:
        return np.full((2, 2), np.nan, np.float32)  # faces can be used without
