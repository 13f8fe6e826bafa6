"""A last layer that is calibrated class by class, on the faces that select.

By matrix scaling (Guo et al. 2017), or by biases alone (bias-corrected temperature scaling, Alexandari et al. 2020).
"""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from train.calibration import calibration, folds, recognition
from train.predict import fit_temperature, minimise

PENALTY = 0.01  # on the squares of what is added
SAME = 0.05  # how far logits may be from those of a fit, for what fp16 and devices round


class Known(NamedTuple):
    """What a correction fits: logits (N, K), second logits (N, V), labels (N,) and class weights (K,).

    Without second logits (V = 0) it is a bias for each class and a temperature.
    """

    logits: Tensor
    second: Tensor
    labels: Tensor
    class_weights: Tensor

    def of(self, faces: NDArray[np.bool_]) -> "Known":
        """Those faces alone, of a mask (N,)."""
        return Known(self.logits[faces], self.second[faces], self.labels[faces], self.class_weights)


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


def optimism(known: Known, correction: Correction) -> float:
    """How many times too low a temperature is that follows the `correction` on the faces that fitted it. Efron 1983.

    Corrected by what knows their labels, faces look surer than others will: against the temperature of faces
    whose correction came from the other four fifths.
    """
    own = _corrected(known, correction)
    others = _corrected_by_others(known)
    return fit_temperature(others, known.labels) / fit_temperature(own, known.labels)


def cross_fitted(known: Known) -> dict[str, Any]:
    """Scores of faces by corrections and temperatures that the other four fifths fitted, ready for JSON.

    Those temperatures, too, are of faces that did not fit the correction before them: five folds in each of five.
    """
    labels, probabilities = known.labels.numpy(), held_out(known).softmax(1).numpy()
    return {**recognition(probabilities, labels), **calibration(probabilities, labels)}


def held_out(known: Known) -> Tensor:
    """(N, K) logits over a temperature, of each face by what the other four fifths of the faces fitted."""
    logits = _corrected_by_others(known)
    for held in folds(len(known.labels)):
        others = known.of(~held)
        logits[held] /= fit_temperature(_corrected_by_others(others), others.labels)
    return logits


def recovered(corrected: Known) -> Known | None:
    """What a correction was fitted to, from what it made of these same faces; None where others fitted it.

    Where the loss is least its slope is nothing, so that matrix and bias follow from the errors that are left.
    The scale stays unknown and does not matter: the next correction has its own.
    """
    logits, second = corrected.logits.double(), corrected.second.double()
    weights = corrected.class_weights.double()[corrected.labels]
    errors = logits.softmax(1) - F.one_hot(corrected.labels, logits.shape[1])
    slopes = errors * (weights / weights.sum())[:, None]
    matrix, bias = slopes.T @ second / (2 * PENALTY), slopes.sum(0) / (2 * PENALTY)
    known = corrected._replace(logits=logits + second @ matrix.T + bias)
    again = _corrected(known, fit_correction(*known))
    return known if (again - logits).abs().max() < SAME else None


def _corrected(known: Known, correction: Correction) -> Tensor:
    return correction.apply(known.logits.double(), known.second.double())


def _corrected_by_others(known: Known) -> Tensor:
    """(N, K) the logits of each face, corrected by what the other four fifths of the faces fitted."""
    corrected = torch.empty_like(known.logits, dtype=torch.double)
    for held in folds(len(known.labels)):
        corrected[held] = _corrected(known.of(held), fit_correction(*known.of(~held)))
    return corrected
