"""What changes a finished network's last layer for good: its classes' prior, and a calibration class by class."""

from dataclasses import replace

import torch
from torch import nn

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from train.calibration import FOLDS
from train.data import Faces
from train.fitted import Scaling, known, scaling_of
from train.matrix_scaling import cross_fitted, fit_correction, optimism
from train.predict import predict
from train.vote import log_prior

WEIGHT, BIAS = "classifier.weight", "classifier.bias"
Tensors = dict[str, torch.Tensor]


def less_prior(card: Card, network: Network, tensors: Tensors, strength: float) -> Card:
    """The card of a network, here and in its `tensors`, whose last bias has lost the prior. Menon et al. 2021, eq. 9.

    Each time counts in the calibrated logits of the first, so that what was taken adds up.

    Raises UserError where the last layer has no bias to take it from, or the card no prior, or where calibration
    chose the bias: the scores that its card tells would be of another layer.
    """
    if done := scaling_of(card):
        raise UserError(
            f"{card.name} has had its {done} scaling, whose scores the card tells: leave "
            "--logit-adjustment out"
        )
    prior = log_prior(card)
    if type(network.classifier) is not nn.Linear or BIAS not in tensors or prior is None:
        raise UserError(
            f"{card.name}: its last layer has no bias, or its card no prior: leave --logit-adjustment out"
        )
    unit = card.training.get("logit_adjustment_temperature", card.temperature)
    bias = tensors[BIAS].double() - strength * unit * prior
    _put(network, tensors, tensors[WEIGHT].double(), bias)
    before = card.training.get("logit_adjustment", 0.0)
    told = {
        "logit_adjustment": round(before + strength, 4),
        "logit_adjustment_temperature": unit,
    }
    return replace(card, training={**card.training, **told})


def scaled(
    card: Card,
    network: Network,
    tensors: Tensors,
    selection: Faces,
    device: torch.device,
    scaling: Scaling,
) -> Card:
    """The card of a network, here and in its `tensors`, whose last layer is corrected to fit `selection`.

    The card tells how faces that did not fit the correction fare with it. Raises UserError where the last
    layer is not linear, or was corrected before, or lost its prior, which the correction would give back, and
    where `selection` has other classes or too few faces.
    """
    _refuse(card, network, selection, scaling)
    seen = known(predict(network, card, selection, device), selection, card, scaling)
    correction = fit_correction(*seen)
    scale, matrix, bias = correction
    weight, bias = scale * tensors[WEIGHT].double(), scale * tensors[BIAS].double() + bias
    if scaling == "matrix":
        head = "classifier" if network.crowd is None else "crowd"
        weight += matrix @ tensors[f"{head}.weight"].double()
        bias += matrix @ tensors[f"{head}.bias"].double()
    _put(network, tensors, weight, bias)
    told = {
        "by": scaling,
        "split": selection.split,
        "optimism": optimism(seen, correction),
        **cross_fitted(seen),
    }
    return replace(card, training={**card.training, "matrix_scaling": told})


def _refuse(card: Card, network: Network, selection: Faces, scaling: Scaling) -> None:
    """Raise UserError as `scaled` says."""
    option = f"--{scaling}-scaling"
    if card.training.get("logit_adjustment"):
        raise UserError(
            f"{card.name} has lost some of its prior, which {scaling} scaling would give back: leave "
            f"{option} out, or take the file from before"
        )
    if type(network.classifier) is not nn.Linear:
        raise UserError(f"{card.name}: its last layer is not linear: leave {option} out")
    if done := scaling_of(card):
        raise UserError(f"{card.name} has had its {done} scaling: leave {option} out")
    if tuple(selection.classes) != card.labels:
        raise UserError(
            f"{card.name} names {', '.join(card.labels)}, the split {selection.split} holds "
            f"{', '.join(selection.classes)}: {option} needs the same, in that order"
        )
    if len(selection) < FOLDS:
        raise UserError(
            f"{selection.split} has {len(selection)} faces: {option} needs at least {FOLDS}"
        )


def _put(network: Network, tensors: Tensors, weight: torch.Tensor, bias: torch.Tensor) -> None:
    for name, value in ((WEIGHT, weight), (BIAS, bias)):
        tensors[name] = value.to(tensors[name].dtype)
    network.load_state_dict({key: tensor.float() for key, tensor in tensors.items()})
