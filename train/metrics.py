"""What a set of predictions is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_auroc

from fer_live.errors import UserError
from fer_live.expressions import Expression

BINS = 15
RESAMPLES = 200  # of the faces, for standard errors: these are then known to a twentieth


def measure(probabilities: NDArray, true: NDArray, classes: Sequence[Expression]) -> dict[str, Any]:
    """All scores of predictions (N, K) against labels (N,), ready for JSON: None where undefined.

    Raises UserError where predictions are not numbers: broken weights would be scored as the first class.
    """
    strange = int((~np.isfinite(probabilities)).any(1).sum())
    if strange:
        raise UserError(
            f"{strange} of {len(true)} predictions are not numbers: the weights are broken, use others"
        )
    confusion = confusion_matrix(true, probabilities.argmax(1), len(classes))
    scores = Scores(confusion)
    bins = reliability(probabilities, true)
    areas = areas_under_roc(probabilities, true)
    names = [str(expression) for expression in classes]

    def by_class(values: NDArray) -> dict[str, float | None]:
        return {n: _number(v) for n, v in zip(names, values, strict=True)}

    return {
        "n": len(true),
        "accuracy": scores.accuracy,
        "macro_recall": scores.macro_recall,
        "macro_precision": float(np.nanmean(scores.precision)),
        "macro_f1": float(np.nanmean(scores.f1)),
        "min_recall": float(np.nanmin(scores.recall)),
        "max_recall": float(np.nanmax(scores.recall)),
        "auc": None if np.isnan(areas).all() else float(np.nanmean(areas)),
        "ece": bins.error,
        "adaptive_ece": reliability(probabilities, true, adaptive=True).error,
        "nll": nll(probabilities, true),
        "brier": brier(probabilities, true),
        "aurc": float(risk_at_coverage(probabilities, true).mean()),
        "labels": names,
        "per_class_recall": by_class(scores.recall),
        "per_class_precision": by_class(scores.precision),
        "per_class_auc": by_class(areas),
        "confusion": confusion.tolist(),
        "reliability": {key: [_number(v) for v in value] for key, value in bins._asdict().items()},
    }


def standard_error(share: float, count: int) -> float:
    """Of a share that was found on `count` faces: how far chance alone moves it."""
    return math.sqrt(share * (1 - share) / count)


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


def areas_under_roc(probabilities: NDArray, true: NDArray) -> NDArray[np.float64]:
    """(K,) area under each class's curve against the rest; NaN where only one of the two has faces."""
    areas = np.full(probabilities.shape[1], np.nan)
    for label in np.unique(true) if len(np.unique(true)) > 1 else ():
        scores = torch.from_numpy(probabilities[:, label])
        areas[label] = binary_auroc(scores, torch.from_numpy(true == label).long())
    return areas


class Reliability(NamedTuple):
    """Predictions in bins of like confidence: each bin's faces, mean confidence and accuracy (NaN if empty)."""

    faces: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Mean |confidence - accuracy| over the bins, weighted by faces. Guo et al. 2017, eq. 3."""
        gaps = np.nan_to_num(np.abs(self.confidence - self.accuracy))
        return float((self.faces * gaps).sum() / self.faces.sum())


def reliability(
    probabilities: NDArray, true: NDArray, bins: int = BINS, adaptive: bool = False
) -> Reliability:
    """Bins (lo, hi] of equal width in [0, 1]; or, `adaptive`, of equally many faces. Nguyen and O'Connor 2015."""
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == true
    if adaptive:
        rank = np.empty(len(true), np.int64)
        rank[np.argsort(confidence, kind="stable")] = np.arange(len(true))
        bin_of = rank * bins // len(true)
    else:
        bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    faces = np.bincount(bin_of, minlength=bins)

    def mean(values: NDArray) -> NDArray[np.float64]:
        total = np.bincount(bin_of, values, minlength=bins)
        return np.divide(total, faces, out=np.full(bins, np.nan), where=faces > 0)

    return Reliability(faces, mean(confidence), mean(correct))


def risk_at_coverage(probabilities: NDArray, true: NDArray) -> NDArray[np.float64]:
    """(N,) the share of errors among the 1, 2, ... N most confident predictions. Geifman and El-Yaniv 2017."""
    return risk_by(-probabilities.max(1), probabilities.argmax(1) != true)


def risk_by(uncertainty: NDArray, wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) the same by any score (N,) that is higher where a prediction is less sure; of equals, as expected by chance."""
    _, group = np.unique(uncertainty, return_inverse=True)
    share = np.bincount(group, wrong) / np.bincount(group)
    return share[np.sort(group)].cumsum() / np.arange(1, len(wrong) + 1)


def confidence_for(probabilities: NDArray, true: NDArray, accuracy: float) -> float:
    """The lowest confidence from which on the surer predictions reach this accuracy; 1 where none do."""
    confidence = probabilities.max(1)
    surest = np.argsort(-confidence)
    confidence, right = confidence[surest], (probabilities.argmax(1) == true)[surest]
    whole = np.append(np.diff(confidence) < 0, True)  # of equals all are read or none
    enough = np.cumsum(right) / np.arange(1, len(right) + 1) >= accuracy
    reached = confidence[whole & enough]
    return float(reached[-1]) if len(reached) else 1.0


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
