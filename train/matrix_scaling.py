"""A last layer that is calibrated class by class, on the faces that select: matrix scaling. Guo et al. 2017."""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from train.calibration import calibration, folds
from train.metrics import Scores, confusion_matrix
from train.predict import Logits, fit_temperature, minimise

PENALTY = 0.01  # on the squares of what is added


class Correction(NamedTuple):
    """Logits x (K,) and second logits z (V,) become `scale` x + `matrix` z + `bias`; matrix (K, V), bias (K,)."""

    scale: Tensor
    matrix: Tensor
    bias: Tensor

    def apply(self, logits: Tensor, second: Tensor) -> Tensor:
        return self.scale * logits + second @ self.matrix.T + self.bias


def fit_correction(
    logits: Tensor, second: Tensor, labels: Tensor, class_weights: Tensor
) -> Correction:
    """The correction that minimises weighted cross-entropy, held near none. (N, K), (N, V), (N,), (K,).

    Guo et al. 2017, section 4.2, whose matrix sees the K logits alone. Where the network also learnt how
    people vote, those logits tell which labels are doubtful. Weights as in training keep what they balanced.
    """
    logits, second = logits.double(), second.double()
    log_scale = torch.zeros((), dtype=torch.double, requires_grad=True)
    shape = (logits.shape[1], second.shape[1])
    matrix = torch.zeros(shape, dtype=torch.double, requires_grad=True)
    bias = torch.zeros(shape[0], dtype=torch.double, requires_grad=True)

    def loss() -> Tensor:
        corrected = Correction(log_scale.exp(), matrix, bias).apply(logits, second)
        added = matrix.square().sum() + bias.square().sum()
        return F.cross_entropy(corrected, labels, class_weights.double()) + PENALTY * added

    minimise([log_scale, matrix, bias], loss)
    return Correction(log_scale.exp().detach(), matrix.detach(), bias.detach())


def second_logits(found: Logits) -> Tensor:
    """(N, V) what the correction reads beside the logits: people's expected votes, else the logits again."""
    return found.logits if found.crowd is None else found.crowd


def optimism(found: Logits, correction: Correction, labels: Tensor, class_weights: Tensor) -> float:
    """How many times too low a temperature is that follows the `correction` on the faces that fitted it. Efron 1983.

    Corrected by what knows their labels, faces look surer than others will: against the temperature of faces
    whose correction came from the other four fifths.
    """
    logits, second = found.logits.double(), second_logits(found).double()
    known = correction.apply(logits, second)
    others = _corrected_by_others(logits, second, labels, class_weights)
    return fit_temperature(others, labels) / fit_temperature(known, labels)


def cross_fitted(found: Logits, labels: NDArray[np.int64], class_weights: Tensor) -> dict[str, Any]:
    """Scores of faces by corrections and temperatures that the other four fifths fitted, ready for JSON.

    Those temperatures, too, are of faces that did not fit the correction before them: five folds in each of five.
    """
    logits, second = found.logits.double(), second_logits(found).double()
    probabilities = np.empty(tuple(logits.shape))
    for held in folds(len(labels)):
        known = logits[~held], second[~held], torch.from_numpy(labels[~held])
        correction = fit_correction(*known, class_weights)
        temperature = fit_temperature(_corrected_by_others(*known, class_weights), known[2])
        corrected = correction.apply(logits[held], second[held]) / temperature
        probabilities[held] = corrected.softmax(1).numpy()
    confusion = confusion_matrix(labels, probabilities.argmax(1), probabilities.shape[1])
    scores = Scores(confusion)
    return {
        "accuracy": scores.accuracy,
        "macro_recall": scores.macro_recall,
        "min_recall": float(np.nanmin(scores.recall)),
        **calibration(probabilities, labels),
    }


def _corrected_by_others(
    logits: Tensor, second: Tensor, labels: Tensor, class_weights: Tensor
) -> Tensor:
    """(N, K) the logits of each face, corrected by what the other four fifths of the faces fitted."""
    corrected = torch.empty_like(logits)
    for held in folds(len(labels)):
        correction = fit_correction(logits[~held], second[~held], labels[~held], class_weights)
        corrected[held] = correction.apply(logits[held], second[held])
    return corrected
