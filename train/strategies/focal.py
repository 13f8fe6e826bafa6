"""Focal loss: faces that are right already count less. Lin et al. 2017."""

import torch

from train.strategies.base import Loss, Step, Strategy, Task


class Focal(Strategy):
    """(1 - p_y)^gamma times cross-entropy. Lin et al. 2017, eq. 4."""

    def __init__(self, task: Task, gamma: float = 2.0):
        super().__init__()
        self.criterion = task.criterion
        self.gamma = gamma

    def loss(self, step: Step) -> Loss:
        logits = step.forward(step.view()).logits
        unsure = 1 - self.criterion.probability(logits, step.labels)
        # The slope of a power below 1 has no end at 0, where float32 puts a face that is all but certain.
        unsure = unsure.clamp(min=torch.finfo(unsure.dtype).eps)
        losses = unsure**self.gamma * self.criterion.each(logits, step.labels)
        return Loss(losses.mean(), logits)
