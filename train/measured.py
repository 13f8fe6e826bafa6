"""What a card says that is measured with the trained network: temperatures, uncertainty, scores."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from fer_live.card import Card
from fer_live.card_fields import PERCENTILES
from fer_live.errors import UserError
from fer_live.models import Network
from train.calibration import calibration
from train.cross_fitting import cross_fit
from train.crowd import against_crowd
from train.data import Faces
from train.fit import Splits
from train.fitted import optimism_on
from train.keep import with_votes
from train.metrics import confidence_for, measure
from train.predict import Logits, fit_temperature, predict
from train.vote import Opinion

SELECTIVE_ACCURACY = 0.9  # of the readings that the app gives one name
MEASURED = ("n", "accuracy", "macro_recall", "min_recall", "max_recall", "ece", "nll", "brier")
SHOWN = ("per_class_recall", "labels", "confusion", "reliability")  # what the app draws of them

# `auto`: the head's where it agrees with the crowd better than the entropy, else the entropy.
Uncertainty = Literal["auto", "entropy", "head"]
CLEARLY = 2.0  # standard errors by which a head must be ahead


def measured(
    card: Card,
    network: Network,
    splits: Splits,
    root: Path,
    device: torch.device,
    uncertainty: Uncertainty = "auto",
) -> Card:
    """The card with all that is measured.

    The selection split gives temperatures and scores, and chooses the uncertainty where `root` has the
    crowd's votes; the training split gives the uncertainty's quantiles. Raises UserError where a head is
    asked for that the network does not have.
    """
    training, selection = splits
    labels = torch.from_numpy(selection.labels)
    found = predict(network, card, selection, device)
    if uncertainty == "head" and found.head is None:
        raise UserError(f"{card.name} has no uncertainty head: use --uncertainty entropy")
    optimism = optimism_on(selection, card)
    temperature = optimism * fit_temperature(found.logits, labels)
    probabilities = found.probabilities(temperature)
    scores = measure(probabilities, selection.labels, selection.classes)
    views = predict(network, card, selection, device, tta=True)
    agreement = _agreement(with_votes(selection, root), found, temperature)
    if uncertainty == "auto":
        uncertainty = "head" if _is_ahead(agreement.get("head")) else "entropy"
    scored = replace(
        card,
        temperature=temperature,
        tta_temperature=optimism * fit_temperature(views.logits, labels),
        uncertainty_score=uncertainty,
        abstain_below=round(confidence_for(probabilities, selection.labels, SELECTIVE_ACCURACY), 4),
        metrics={
            selection.split: {
                **{key: scores[key] for key in (*MEASURED, *SHOWN)},
                "cross_fitted": _cross_fitted(found, selection.labels, optimism),
                "tta": {
                    "accuracy": float((views.logits.argmax(1) == labels).double().mean()),
                    "cross_fitted": _cross_fitted(views, selection.labels, optimism),
                },
                "agreement": agreement,
            }
        },
    )
    known = predict(network, card, training, device)
    calibrated = (known.logits.double() / temperature).numpy()
    raw = scored.raw_uncertainty(calibrated, known.raw()[0])
    assert raw is not None  # a head that is not there was refused
    quantiles = np.quantile(raw, np.linspace(0, 1, PERCENTILES))
    return replace(scored, uncertainty_quantiles=tuple(quantiles.tolist()))


def _agreement(selection: Faces, found: Logits, temperature: float) -> dict[str, Any]:
    """Score -> Spearman's correlation with the crowd's entropy, as `crowd` has it; empty without votes."""
    if selection.votes is None:
        return {}
    logits = found.logits.double() / temperature
    summary, _ = against_crowd(
        logits.softmax(1).numpy(), [Opinion("", logits, None, None, *found.raw())], selection
    )
    shown = {name: summary["scores"].get(name) for name in ("entropy", "head", "variance")}
    return {name: scores["spearman"] for name, scores in shown.items() if scores}


def _is_ahead(spearman: Mapping[str, float | None] | None) -> bool:
    """Whether chance alone is an unlikely reason for its place before the entropy."""
    ahead = (spearman or {}).get("ahead")
    error = (spearman or {}).get("ahead_standard_error")
    return ahead is not None and error is not None and ahead > CLEARLY * error


def _cross_fitted(found: Logits, labels: np.ndarray, optimism: float) -> dict[str, float]:
    one = Opinion("", found.logits.double(), None, None, optimism=optimism)
    return calibration(cross_fit([one], labels), labels)
