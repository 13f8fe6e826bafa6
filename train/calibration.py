"""How far confidence is from accuracy, on faces that did not fit what calibrates it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.metrics import RESAMPLES, Scores, brier, confusion_matrix, nll, reliability

FOLDS = 5


def folds(count: int) -> Iterator[NDArray[np.bool_]]:
    """(N,) masks of the faces that are held out, always the same for N faces; each face once."""
    fold = np.random.default_rng(0).permutation(count) % FOLDS
    yield from (fold == number for number in range(min(FOLDS, count)))


def calibration(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """Scores of cross-fitted probabilities (N, K), ready for JSON; the standard error is the bootstrap's."""
    generator = np.random.default_rng(0)
    errors = []
    for _ in range(RESAMPLES):
        chosen = generator.integers(0, len(labels), len(labels))
        errors.append(reliability(probabilities[chosen], labels[chosen]).error)
    return {
        "folds": FOLDS,
        "ece": reliability(probabilities, labels).error,
        "ece_standard_error": float(np.std(errors)),
        "adaptive_ece": reliability(probabilities, labels, adaptive=True).error,
        "nll": nll(probabilities, labels),
        "brier": brier(probabilities, labels),
    }


def recognition(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    """What cross-fitted probabilities (N, K) name, ready for JSON."""
    confusion = confusion_matrix(labels, probabilities.argmax(1), probabilities.shape[1])
    scores = Scores(confusion)
    return {
        "n": len(labels),
        "accuracy": scores.accuracy,
        "macro_recall": scores.macro_recall,
        "min_recall": float(np.nanmin(scores.recall)),
    }
