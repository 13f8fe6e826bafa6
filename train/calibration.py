"""How far confidence is from accuracy, on faces that did not fit the temperature."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from train.metrics import RESAMPLES, brier, nll, reliability
from train.predict import fit_temperature
from train.vote import Opinion, Vote, together

FOLDS = 5


def cross_fit(
    opinions: Sequence[Opinion],
    labels: NDArray[np.int64],
    vote: Vote = "soft",
    strength: float = 0.0,
) -> NDArray[np.float64]:
    """(N, K) each face by temperatures that the other four fifths of the faces fitted, one for each opinion.

    A temperature's own faces flatter it. What the opinions' logits were divided by before does not matter.
    """
    probabilities = np.empty(tuple(opinions[0].logits.shape))
    for held in folds(len(labels)):
        fitted = [_refitted(one, labels, held) for one in opinions]
        probabilities[held] = together(fitted, vote, strength)
    return probabilities


def folds(count: int) -> Iterator[NDArray[np.bool_]]:
    """(N,) masks of the faces that are held out, always the same for N faces; each face once."""
    fold = np.random.default_rng(0).permutation(count) % FOLDS
    yield from (fold == number for number in range(min(FOLDS, count)))


def _refitted(one: Opinion, labels: NDArray[np.int64], held: NDArray[np.bool_]) -> Opinion:
    """The opinion on the `held` faces alone, over a temperature from all others; 1 where there are none."""
    others = torch.from_numpy(labels[~held])
    temperature = one.optimism * fit_temperature(one.logits[~held], others) if len(others) else 1.0
    return replace(
        one, logits=one.logits[held] / temperature, uncertainty=None, head=None, variance=None
    )


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
