"""Teachers: weight files whose readings of the training faces become targets for a student."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from train.data import Faces
from train.vote import opinion


def taught(faces: Faces, teachers: Sequence[str], device: torch.device) -> Faces:
    """The same faces with `targets`: the teachers' calibrated probabilities, averaged, (N, K) float32.

    Each teacher reads each face once, as it is, however the student's views are changed.
    Raises UserError where a weight file cannot be had or lacks a class.
    """
    readings = [opinion(name, faces, device, tta=False).probabilities(0.0) for name in teachers]
    return replace(faces, targets=np.mean(readings, axis=0).astype(np.float32))
