"""Data sets: a reader each, batches that live on the device, and augmentation."""

from fer_live.errors import UserError
from train.data.dataset import DataSet
from train.data.fer2013 import FER2013
from train.data.images import Faces, LabelledFaces

DATASETS: dict[str, DataSet] = {"fer2013": FER2013}


def find(name: str) -> DataSet:
    """The data set of that name. Raises UserError where there is none."""
    if name not in DATASETS:
        raise UserError(f"dataset {name!r} is not one of {', '.join(DATASETS)}")
    return DATASETS[name]


__all__ = ["DATASETS", "DataSet", "Faces", "LabelledFaces", "find"]
