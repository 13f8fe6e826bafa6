"""Data sets: a reader each, batches that live on the device or stream to it, and augmentation."""

from fer_live.errors import UserError
from train.data.affectnet import AFFECTNET_7, AFFECTNET_8
from train.data.dataset import DataSet
from train.data.expw import EXPW
from train.data.fer2013 import FER2013
from train.data.ferplus import FERPLUS
from train.data.folder import FOLDER
from train.data.images import Faces, LabelledFaces
from train.data.rafdb import RAF_DB

DATASETS: dict[str, DataSet] = {
    "fer2013": FER2013,
    "ferplus": FERPLUS,
    "raf-db": RAF_DB,
    "affectnet-7": AFFECTNET_7,
    "affectnet-8": AFFECTNET_8,
    "expw": EXPW,
    "folder": FOLDER,
}


def find(name: str) -> DataSet:
    """The data set of that name. Raises UserError where there is none."""
    if name not in DATASETS:
        raise UserError(f"dataset {name!r} is not one of {', '.join(DATASETS)}")
    return DATASETS[name]


__all__ = ["DATASETS", "DataSet", "Faces", "LabelledFaces", "find"]
