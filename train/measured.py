"""What a card says that is measured with the trained network: temperatures, uncertainty, scores."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from fer_live import card as cards
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from train.calibration import calibration, cross_fit
from train.crowd import against_crowd
from train.data import DATASETS, Faces
from train.fit import Splits, read_splits
from train.keep import with_votes
from train.metrics import confidence_for, measure
from train.model_cards import write_model_cards
from train.predict import Logits, fit_temperature, predict
from train.recipe import Recipe
from train.vote import Opinion, log_prior

PERCENTILES = 101
SELECTIVE_ACCURACY = 0.9  # of the readings that the app gives one name
MEASURED = ("n", "accuracy", "macro_recall", "min_recall", "max_recall", "ece", "nll", "brier")
SHOWN = ("per_class_recall", "labels", "confusion", "reliability")  # what the app draws of them

# `auto`: the head's where it agrees with the crowd better than the entropy, else the entropy.
Uncertainty = Literal["auto", "entropy", "head"]
LAST_BIAS = "classifier.bias"
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
    temperature = fit_temperature(found.logits, labels)
    probabilities = found.probabilities(temperature)
    scores = measure(probabilities, selection.labels, selection.classes)
    views = predict(network, card, selection, device, tta=True)
    agreement = _agreement(with_votes(selection, root), found, temperature)
    if uncertainty == "auto":
        uncertainty = "head" if _is_ahead(agreement.get("head")) else "entropy"
    scored = replace(
        card,
        temperature=temperature,
        tta_temperature=fit_temperature(views.logits, labels),
        uncertainty_score=uncertainty,
        abstain_below=round(confidence_for(probabilities, selection.labels, SELECTIVE_ACCURACY), 4),
        metrics={
            selection.split: {
                **{key: scores[key] for key in (*MEASURED, *SHOWN)},
                "cross_fitted": _cross_fitted(found, selection.labels),
                "tta": {
                    "accuracy": float((views.logits.argmax(1) == labels).double().mean()),
                    "cross_fitted": _cross_fitted(views, selection.labels),
                },
                "agreement": agreement,
            }
        },
    )
    known = predict(network, card, training, device)
    raw = scored.raw_uncertainty(known.logits.double() / temperature, known.head)
    assert raw is not None  # a head that is not there was refused
    quantiles = np.quantile(raw, np.linspace(0, 1, PERCENTILES))
    return replace(scored, uncertainty_quantiles=tuple(quantiles.tolist()))


def _agreement(selection: Faces, found: Logits, temperature: float) -> dict[str, Any]:
    """Score -> Spearman's correlation with the crowd's entropy, as `crowd` has it; empty without votes."""
    if selection.votes is None:
        return {}
    logits = found.logits.double() / temperature
    head = None if found.head is None else found.head.numpy()
    summary, _ = against_crowd(
        logits.softmax(1).numpy(), [Opinion("", logits, None, None, head)], selection
    )
    shown = {name: summary["scores"].get(name) for name in ("entropy", "head")}
    return {name: scores["spearman"] for name, scores in shown.items() if scores}


def _is_ahead(spearman: Mapping[str, float | None] | None) -> bool:
    """Whether chance alone is an unlikely reason for its place before the entropy."""
    ahead = (spearman or {}).get("ahead")
    error = (spearman or {}).get("ahead_standard_error")
    return ahead is not None and error is not None and ahead > CLEARLY * error


def _cross_fitted(found: Logits, labels: np.ndarray) -> dict[str, float]:
    return calibration(cross_fit([Opinion("", found.logits.double(), None, None)], labels), labels)


def refresh(
    weights: str,
    root: Path,
    device: torch.device,
    uncertainty: Uncertainty = "auto",
    adjustment: float = 0.0,
) -> Path:
    """Measure a weight file's card anew on the data set of its recipe, renew the file and the list of cards.

    `adjustment`: so many times the classes' log prior is taken from the calibrated logits for good, so
    that rare classes are named more often; the card adds up what was taken. Otherwise the tensors, and what
    tells how they were made, stay as they are. Raises UserError where the card names no data set that is
    known, the last layer has no bias to take from, or the file cannot be written.
    """
    path = cards.find_weights(weights)
    network, card = cards.load(path)
    if card.dataset not in DATASETS or not card.recipe:
        raise UserError(f"{path}: its card names no recipe and data set to measure it by")
    recipe = Recipe(card.network, dataset=card.dataset, align=bool(card.recipe.get("align")))
    splits = read_splits(recipe, root, card.training.get("limit"))
    tensors = dict(cards.load_tensors(path))
    if adjustment:
        card = _adjusted(card, network, tensors, adjustment)
    try:
        cards.save(path, measured(card, network, splits, root, device, uncertainty), tensors)
        write_model_cards(path.parent)
    except OSError as error:
        raise UserError(f"cannot write to {path.parent} ({error.strerror})") from None
    return path


def _adjusted(
    card: Card, network: Network, tensors: dict[str, torch.Tensor], strength: float
) -> Card:
    """The card of a network, here and in its `tensors`, whose last bias has lost the prior. Menon et al. 2021, eq. 9."""
    bias = tensors.get(LAST_BIAS)
    prior = log_prior(card)
    if type(network.classifier) is not nn.Linear or bias is None or prior is None:
        raise UserError(
            f"{card.name}: its last layer has no bias, or its card no prior: leave --logit-adjustment out"
        )
    tensors[LAST_BIAS] = (bias.double() - strength * card.temperature * prior).to(bias.dtype)
    network.classifier.bias.data = tensors[LAST_BIAS].float()
    before = card.training.get("logit_adjustment", 0.0)
    return replace(
        card, training={**card.training, "logit_adjustment": round(before + strength, 4)}
    )
