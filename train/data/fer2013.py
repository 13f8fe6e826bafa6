"""FER2013: 48x48 grey faces of seven expressions. Goodfellow et al. 2013; research use, Kaggle's terms."""

import csv
import gzip
import io
import os
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from fer_live.card import Crop
from fer_live.errors import UserError
from fer_live.expressions import SEVEN, Expression
from train.data import unreadable
from train.data.cache import cached
from train.data.dataset import DataSet
from train.data.files import BROKEN, class_folders, pictures_in
from train.data.images import LabelledFaces
from train.data.text import brief

NAME = "fer2013"
CLASSES = SEVEN  # the csv's ids are the canonical order
SIDE = 48
FILES = ("fer2013.csv", "fer2013.csv.gz", "icml_face_data.csv", "icml_face_data.csv.gz")
ENCODING = "utf-8-sig"  # spreadsheets put a mark before what they save
USAGES = {"Training": "train", "PublicTest": "public", "PrivateTest": "private"}


def load(root: Path, split: str) -> LabelledFaces:
    """Read one official split from Kaggle's csv, or from the folders `train` and `test` of class folders.

    `root`: the file, or the folder that holds it. Raises UserError where nothing can be read, or the
    file has no row of that split.
    """
    if split not in USAGES.values():
        raise UserError(f"split {split!r} is not FER2013's: use {', '.join(USAGES.values())}")
    source, arrays = _arrays(root)
    broken = os.fsdecode(arrays["broken"].tobytes()).splitlines()
    if broken:
        unreadable.report(broken, len(broken) + len(arrays["labels"]), source, NAME)
    chosen = _of(split, arrays)
    if not chosen.any():
        raise UserError(
            f"{source} has no face of the split {split!r}: use a file that has it, or another --split"
        )
    return LabelledFaces(
        dataset=NAME,
        split=split,
        classes=CLASSES,
        images=arrays["images"][chosen],
        labels=arrays["labels"][chosen].astype(np.int64),
        rows=arrays["rows"][chosen],
    )


def size(root: Path, split: str) -> int:
    """How many faces of a split lie there. Raises UserError where nothing can be read."""
    return int(_of(split, _arrays(root)[1]).sum())


def in_folders(root: Path) -> bool:
    """Whether the data set lies there as class folders, which have lost the csv's rows."""
    return _find(root).is_dir()


def _arrays(root: Path) -> tuple[Path, dict[str, NDArray]]:
    """The file or folder, and all that is in it."""
    source = _find(Path(root))
    parse = _parse_folder if source.is_dir() else _parse_csv
    return source, cached(source, parse, version=3)


def _of(split: str, arrays: Mapping[str, NDArray]) -> NDArray[np.bool_]:
    return np.asarray(arrays["splits"] == list(USAGES.values()).index(split))


def _find(root: Path) -> Path:
    if not root.exists():
        raise UserError(f"{root} does not exist: give FER2013's folder or csv file with --root")
    if root.is_file():
        return root
    for name in FILES:
        if (root / name).is_file():
            return root / name
    if (root / "train").is_dir():
        return root
    raise UserError(
        f"{root} holds no FER2013: looked for {', '.join(FILES)}, and for the folders train/ and test/"
    )


def _parse_csv(path: Path) -> dict[str, NDArray]:
    """Read every row: `images` (N, 48, 48) uint8, `labels`, `splits` (indices into USAGES), `rows`; none `broken`."""
    images, labels, splits = [], [], []
    try:
        with _open(path) as file:
            reader = csv.reader(file)
            # icml_face_data.csv pads its names.
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in ("emotion", "pixels", "Usage") if name not in header]
            if missing:
                raise UserError(
                    f"{path}: no column {', '.join(missing)} among {brief(', '.join(header)) or 'none'}: "
                    "use Kaggle's fer2013.csv or icml_face_data.csv"
                )
            emotion, pixels, usage = (header.index(name) for name in ("emotion", "pixels", "Usage"))
            for number, row in enumerate(reader, start=2):
                if not row:
                    continue
                where = f"{path}, line {number}"
                if len(row) != len(header):
                    raise UserError(
                        f"{where}: {len(row)} fields instead of {len(header)}: mend the line"
                    )
                labels.append(_label(row[emotion], where))
                images.append(_pixels(row[pixels], where))
                splits.append(_usage(row[usage], where))
    except PermissionError:
        raise UserError(f"{path} may not be read: ask its owner, or give another --root") from None
    except (EOFError, OSError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is broken ({error}): fetch it again") from None
    if not images:
        raise UserError(f"{path} has a header and no rows: fetch it again")
    return {
        "images": np.stack(images),
        "labels": np.array(labels, np.uint8),
        "splits": np.array(splits, np.uint8),
        "rows": np.arange(len(labels)),
        "broken": np.empty(0, np.uint8),
    }


def _open(path: Path) -> io.TextIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=ENCODING, newline="")
    return path.open(encoding=ENCODING, newline="")


def _label(text: str, where: str) -> int:
    if text.strip() not in {str(i) for i in range(len(CLASSES))}:
        raise UserError(
            f"{where}: emotion {brief(text)!r} is not one of 0 to {len(CLASSES) - 1}: mend the line"
        )
    return int(text)


def _usage(text: str, where: str) -> int:
    if text.strip() not in USAGES:
        raise UserError(
            f"{where}: Usage {brief(text)!r} is not one of {', '.join(USAGES)}: mend the line"
        )
    return list(USAGES).index(text.strip())


def _pixels(text: str, where: str) -> NDArray[np.uint8]:
    try:
        # A fifth of the time that splitting the text would take. Of text that it cannot read NumPy warns.
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            values = np.fromstring(text, np.int64, sep=" ")
    except (ValueError, DeprecationWarning):
        raise UserError(f"{where}: pixels are not all whole numbers: mend the line") from None
    if len(values) != SIDE * SIDE:
        raise UserError(f"{where}: {len(values)} pixels instead of {SIDE * SIDE}: mend the line")
    if values.min() < 0 or values.max() > 255:
        raise UserError(f"{where}: a pixel is outside 0 to 255: mend the line")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _parse_folder(root: Path) -> dict[str, NDArray]:
    """Read train|test/CLASS/USAGE_number.jpg; the file's name tells the split that `test` has lost.

    As `_parse_csv`, with the names of the files that cannot be read as lines of text in `broken` (bytes).
    """
    images, labels, splits, rows = [], [], [], []
    broken: list[str] = []
    for row, path in enumerate(_pictures(root)):
        usage = path.name.split("_")[0]
        if usage not in USAGES:
            raise UserError(
                f"{path}: its name does not begin with {'_, '.join(USAGES)}_, which tells its split: rename "
                "or remove it, or read it with --dataset folder"
            )
        try:
            images.append(_picture(path))
        except BROKEN:
            broken.append(str(path.relative_to(root)))
            continue
        labels.append(CLASSES.index(Expression(path.parent.name)))
        splits.append(list(USAGES).index(usage))
        rows.append(row)
    if not images and not broken:
        raise UserError(
            f"{root} has no pictures in train/CLASS or test/CLASS: unpack the data set again"
        )
    return {
        "images": np.array(images, np.uint8).reshape(-1, SIDE, SIDE),
        "labels": np.array(labels, np.uint8),
        "splits": np.array(splits, np.uint8),
        "rows": np.array(rows, np.int64),
        "broken": np.frombuffer(os.fsencode("\n".join(broken)), np.uint8),
    }


def _pictures(root: Path) -> Iterator[Path]:
    known = [expression.value for expression in CLASSES]
    for folder in sorted(p for part in ("train", "test") for p in class_folders(root / part)):
        if folder.name not in known:
            raise UserError(f"{folder} is not one of FER2013's classes: use {', '.join(known)}")
        yield from pictures_in(folder)


def _picture(path: Path) -> NDArray[np.uint8]:
    with PillowImage.open(path) as picture:
        pixels = np.asarray(picture.convert("L"))
    if pixels.shape != (SIDE, SIDE):
        raise UserError(
            f"{path} has {pixels.shape[1]}x{pixels.shape[0]} pixels instead of {SIDE}x{SIDE}: remove it, or "
            "read pictures of any size with --dataset folder"
        )
    return pixels


FER2013 = DataSet(
    name=NAME,
    classes=CLASSES,
    training="train",
    selection="public",
    test="private",
    licence="FER2013: research use only, under the terms of the Kaggle competition",
    mean=0.5077,
    deviation=0.255,
    side=SIDE,
    channels=1,
    load_split=load,
    # From MediaPipe's box to what the pictures show, as `python -m scripts.framing` measures it.
    crop=Crop(margin=1.16, offset_x=0.0, offset_y=-0.095),
    counts={
        "train": (3995, 436, 4097, 7215, 4830, 3171, 4965),
        "public": (467, 56, 496, 895, 653, 415, 607),
        "private": (491, 55, 528, 879, 594, 416, 626),
    },
)
