"""What changes a finished network's last layer for good: its classes' prior, and matrix scaling."""

from dataclasses import replace

import torch
from torch import nn

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from train.calibration import FOLDS
from train.data import Faces
from train.matrix_scaling import cross_fitted, fit_correction, optimism, second_logits
from train.predict import predict
from train.strategies import criterion
from train.vote import log_prior

WEIGHT, BIAS = "classifier.weight", "classifier.bias"
Tensors = dict[str, torch.Tensor]


def less_prior(card: Card, network: Network, tensors: Tensors, strength: float) -> Card:
    """The card of a network, here and in its `tensors`, whose last bias has lost the prior. Menon et al. 2021, eq. 9.

    Raises UserError where the last layer has no bias to take it from, or the card no prior, or where matrix
    scaling chose the bias: the scores that its card tells would be of another layer.
    """
    if "matrix_scaling" in card.training:
        raise UserError(
            f"{card.name} has had its matrix scaling, whose scores the card tells: leave --logit-adjustment out"
        )
    prior = log_prior(card)
    if type(network.classifier) is not nn.Linear or BIAS not in tensors or prior is None:
        raise UserError(
            f"{card.name}: its last layer has no bias, or its card no prior: leave --logit-adjustment out"
        )
    bias = tensors[BIAS].double() - strength * card.temperature * prior
    _put(network, tensors, tensors[WEIGHT].double(), bias)
    before = card.training.get("logit_adjustment", 0.0)
    return replace(
        card, training={**card.training, "logit_adjustment": round(before + strength, 4)}
    )


def matrix_scaled(
    card: Card, network: Network, tensors: Tensors, selection: Faces, device: torch.device
) -> Card:
    """The card of a network, here and in its `tensors`, whose last layer is corrected to fit `selection`.

    The card tells how faces that did not fit the correction fare with it. Raises UserError where the last
    layer is not linear, or was corrected before, or lost its prior, which the correction would give back.
    """
    if card.training.get("logit_adjustment"):
        raise UserError(
            f"{card.name} has lost some of its prior, which matrix scaling would give back: leave "
            "--matrix-scaling out, or take the file from before"
        )
    if type(network.classifier) is not nn.Linear:
        raise UserError(f"{card.name}: its last layer is not linear: leave --matrix-scaling out")
    if "matrix_scaling" in card.training:
        raise UserError(f"{card.name} has had its matrix scaling: leave --matrix-scaling out")
    if tuple(selection.classes) != card.labels:
        raise UserError(
            f"{card.name} names {', '.join(card.labels)}, the split {selection.split} holds "
            f"{', '.join(selection.classes)}: --matrix-scaling needs the same, in that order"
        )
    if len(selection) < FOLDS:
        raise UserError(
            f"{selection.split} has {len(selection)} faces: --matrix-scaling needs at least {FOLDS}"
        )
    found = predict(network, card, selection, device)
    labels = torch.from_numpy(selection.labels)
    weights = class_weights_of(card)
    correction = fit_correction(found.logits, second_logits(found), labels, weights)
    scale, matrix, bias = correction
    head = "classifier" if network.crowd is None else "crowd"
    second = tensors[f"{head}.weight"].double(), tensors[f"{head}.bias"].double()
    _put(
        network,
        tensors,
        scale * tensors[WEIGHT].double() + matrix @ second[0],
        scale * tensors[BIAS].double() + matrix @ second[1] + bias,
    )
    told = {
        "split": selection.split,
        "optimism": optimism(found, correction, labels, weights),
        **cross_fitted(found, selection.labels, weights),
    }
    return replace(card, training={**card.training, "matrix_scaling": told})


def class_weights_of(card: Card) -> torch.Tensor:
    """(K,) as its training weighed the classes."""
    if not (card.prior and card.split_sizes):
        return torch.ones(len(card.labels))
    counts = torch.tensor(card.prior) * next(iter(card.split_sizes.values()))
    exponent, mode = card.recipe.get("class_weights", 0.0), card.recipe.get("weight_mode", "loss")
    return criterion.build(counts, exponent, mode, smoothing=0.0).weights


def _put(network: Network, tensors: Tensors, weight: torch.Tensor, bias: torch.Tensor) -> None:
    for name, value in ((WEIGHT, weight), (BIAS, bias)):
        tensors[name] = value.to(tensors[name].dtype)
    network.load_state_dict({key: tensor.float() for key, tensor in tensors.items()})
