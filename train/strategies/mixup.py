"""Mixup: images and what is asked of them, both mixed. Zhang et al. 2018."""

import torch
from torch import Tensor, distributed
from torch.distributions import Beta

from train.strategies.base import Loss, Step, Strategy, Task


class Mixup(Strategy):
    """Mixes a `share` of the batches, each with a weight from Beta(`alpha`, `alpha`); the others are as they are."""

    def __init__(self, task: Task, alpha: float = 0.2, share: float = 0.5):
        super().__init__()
        self.criterion = task.criterion
        self.alpha = alpha
        self.share = share

    def loss(self, step: Step) -> Loss:
        """weight CE(y_i) + (1 - weight) CE(y_j), which is the cross-entropy of the mixed label."""
        images, labels = step.view(), step.labels
        if _of_first_rank(torch.rand((), device=labels.device)) >= self.share:
            logits = step.forward(images).logits
            return Loss(self.criterion(logits, labels), logits)
        weight = float(Beta(self.alpha, self.alpha).sample())
        partner = torch.randperm(len(labels), device=labels.device)
        logits = step.forward(weight * images + (1 - weight) * images[partner]).logits
        own, other = self.criterion(logits, labels), self.criterion(logits, labels[partner])
        return Loss(weight * own + (1 - weight) * other, None)


def _of_first_rank(draw: Tensor) -> Tensor:
    """A batch is mixed in all processes or in none: its accuracy, which they gather, is known in all or none."""
    if distributed.is_initialized():
        distributed.broadcast(draw, 0)
    return draw
