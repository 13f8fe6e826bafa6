"""Last layers that a split's faces fitted: what their cards tell of it, and what they were fitted to."""

from collections.abc import Mapping
from typing import Any, Literal

import torch

from fer_live.card import Card
from train.data import Faces, folder
from train.matrix_scaling import Known, recovered
from train.predict import Logits
from train.strategies import criterion

# A matrix, a bias for each class and a temperature, or the last two alone.
Scaling = Literal["matrix", "bias"]


def scaling_of(card: Card) -> Scaling | None:
    """What its last layer was calibrated by, if it was; files of earlier versions do not say that it was a matrix."""
    told = card.training.get("matrix_scaling")
    return told.get("by", "matrix") if told else None


def fitted_to(faces: Faces, card: Card) -> Mapping[str, Any]:
    """What its card tells of a last layer that these faces fitted by matrix scaling; empty where they did not."""
    told = card.training.get("matrix_scaling", {})
    same = (card.dataset, told.get("split")) == (faces.dataset, faces.split)
    # Folders share a name: their classes and how many faces they have tell one from another.
    if faces.dataset == folder.NAME:
        same &= (card.labels, card.split_sizes.get(faces.split)) == (faces.classes, len(faces))
    return told if same else {}


def optimism_on(faces: Faces, card: Card) -> float:
    """Of temperatures fitted to these faces: above 1 where they fitted the card's last layer, as in `Opinion`."""
    return float(fitted_to(faces, card).get("optimism", 1.0))


def known_before(found: Logits, faces: Faces, card: Card) -> Known | None:
    """What the last layer that said `found` was fitted to; None where it was not, or not to just these faces.

    Nor is it known where a matrix read the logits themselves, of which nothing is left but what it made of them.
    """
    scaling = scaling_of(card)
    if scaling is None or not fitted_to(faces, card):
        return None
    if scaling == "matrix" and found.crowd is None:
        return None
    return recovered(known(found, faces, card, scaling))


def known(found: Logits, faces: Faces, card: Card, scaling: Scaling) -> Known:
    """A matrix reads people's expected votes, else the logits again, and keeps what the training balanced.

    Biases alone answer for how often each label occurs, which the training's weights moved: they have none.
    """
    labels = torch.from_numpy(faces.labels)
    if scaling == "bias":
        return Known(found.logits, found.logits[:, :0], labels, torch.ones(len(card.labels)))
    second = found.logits if found.crowd is None else found.crowd
    return Known(found.logits, second, labels, class_weights_of(card))


def class_weights_of(card: Card) -> torch.Tensor:
    """(K,) as its training weighed the classes."""
    if not (card.prior and card.split_sizes):
        return torch.ones(len(card.labels))
    counts = torch.tensor(card.prior) * next(iter(card.split_sizes.values()))
    exponent, mode = card.recipe.get("class_weights", 0.0), card.recipe.get("weight_mode", "loss")
    return criterion.build(counts, exponent, mode, smoothing=0.0).weights
