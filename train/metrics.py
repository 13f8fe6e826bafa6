"""What a set of predictions is worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(true: NDArray, predicted: NDArray, classes: int) -> NDArray[np.int64]:
    """(K, K) counts; rows are the true classes."""
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True)
class Scores:
    """The common scores of one confusion matrix (K, K), rows true.

    A class without a face has no recall (NaN) and is left out of the means; one never predicted has
    precision 0.
    """

    confusion: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def recall(self) -> NDArray[np.float64]:
        """(K,)"""
        faces = self.confusion.sum(1)
        hits = np.diag(self.confusion).astype(float)
        return np.divide(hits, faces, out=np.full(len(hits), np.nan), where=faces > 0)

    @property
    def precision(self) -> NDArray[np.float64]:
        """(K,), NaN where the class has no face."""
        named = self.confusion.sum(0)
        hits = np.diag(self.confusion).astype(float)
        precision = np.divide(hits, named, out=np.zeros(len(hits)), where=named > 0)
        return np.where(self.confusion.sum(1) > 0, precision, np.nan)

    @property
    def f1(self) -> NDArray[np.float64]:
        """(K,), NaN where the class has no face."""
        total = self.precision + self.recall
        both = 2 * self.precision * self.recall
        return np.divide(both, total, out=np.zeros(len(total)), where=total != 0)

    @property
    def macro_recall(self) -> float:
        return float(np.nanmean(self.recall))


def nll(probabilities: NDArray, true: NDArray) -> float:
    """Mean negative log-likelihood in nats; probabilities (N, K)."""
    return float(-np.log(np.clip(probabilities[np.arange(len(true)), true], 1e-12, 1)).mean())


def brier(probabilities: NDArray, true: NDArray) -> float:
    """Mean squared distance to the one-hot truth, summed over classes: 0 to 2."""
    truth = np.eye(probabilities.shape[1])[true]
    return float(((probabilities - truth) ** 2).sum(1).mean())


def expected_calibration_error(probabilities: NDArray, true: NDArray, bins: int = 15) -> float:
    """Mean |confidence - accuracy| over equal-width bins (lo, hi], weighted by faces. Guo et al. 2017."""
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == true
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of, correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(true))
