"""What models say of the faces that fit their calibration, each calibrated by others alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.calibration import folds
from train.matrix_scaling import held_out
from train.predict import fit_temperature
from train.vote import Opinion, Vote, together


def cross_fit(
    opinions: Sequence[Opinion],
    labels: NDArray[np.int64],
    vote: Vote = "soft",
    strength: float = 0.0,
) -> NDArray[np.float64]:
    """(N, K) each face by what the other four fifths of the faces fitted, for each opinion.

    A temperature's own faces flatter it, and so do a last layer's, where the opinion knows what they fitted.
    What its logits were divided by before does not matter.
    """
    by_others = [
        replace(one, logits=_by_others(one, labels), uncertainty=None, head=None, variance=None)
        for one in opinions
    ]
    return together(by_others, vote, strength)


def _by_others(one: Opinion, labels: NDArray[np.int64]) -> Tensor:
    """(N, K) logits over a temperature, 1 where there are no others to fit it."""
    if one.known is not None:
        return held_out(one.known)
    logits = torch.empty_like(one.logits)
    for held in folds(len(labels)):
        others = torch.from_numpy(labels[~held])
        raised = one.optimism * fit_temperature(one.logits[~held], others) if len(others) else 1.0
        logits[held] = one.logits[held] / raised
    return logits
