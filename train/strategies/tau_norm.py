"""Tau-normalisation: a trained classifier's weights, evened out. Kang et al. 2020, decoupling."""

import logging
from collections.abc import Callable

import torch
from torch import nn

from fer_live.errors import UserError
from fer_live.models import Network
from train.strategies.base import Loss, Step, Strategy, Task

GRID = tuple(i / 10 for i in range(21))

logger = logging.getLogger(__name__)


class TauNormalisation(Strategy):
    """w_c / ||w_c||^tau without bias, tau of the best macro recall on the selection split. Nothing is trained.

    Kang et al. 2020, eq. 3.
    """

    def __init__(self, task: Task):
        super().__init__()
        if type(task.network.classifier) is not nn.Linear:
            raise UserError("strategy tau_norm evens out a linear classifier: use another network")

    def loss(self, step: Step) -> Loss:
        raise UserError("strategy tau_norm trains nothing: use epochs 0, after another recipe")

    @torch.no_grad()
    def adjust(self, network: Network, macro_recall: Callable[[], float]) -> None:
        classifier = network.classifier
        assert isinstance(classifier, nn.Linear)
        weight = classifier.weight.clone()
        length = weight.norm(dim=1, keepdim=True)  # (K, 1)
        classifier.bias.zero_()

        def apply(tau: float) -> None:
            classifier.weight.copy_(weight / length**tau)

        recalls = {}
        for tau in GRID:
            apply(tau)
            recalls[tau] = macro_recall()
        best = max(recalls, key=lambda tau: recalls[tau])
        apply(best)
        logger.info(f"tau {best}: macro recall {recalls[best]:.4f}, {recalls[0.0]:.4f} without")
