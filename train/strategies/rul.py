"""Relative-uncertainty learning: mixed pairs teach how unsure each face is. Zhang et al. 2021."""

import torch
from torch import Tensor

from fer_live.errors import UserError
from train.strategies.base import Loss, Step, Strategy, Task


def mix(logits: Tensor, scores: Tensor, partner: Tensor) -> Tensor:
    """(B, K) logits of each face mixed with its partner's: the more uncertain face weighs more.

    Zhang et al. 2021, Eq. 3. The published mixing is of features before a linear classifier; its
    weights add up to one, so that mixing the logits is the same.
    """
    share = (scores / (scores + scores[partner]))[:, None]  # (B, 1)
    return share * logits + (1 - share) * logits[partner]


class RelativeUncertainty(Strategy):
    """Mixing with the add-up loss, after a first part without mixing.

    From scratch, mixed features teach the trunk little at first [published runs start from a face
    recogniser's weights], so until `mixing_from`, a share of the training, the loss is cross-entropy.
    """

    def __init__(self, task: Task, mixing_from: float = 0.0):
        super().__init__()
        self.criterion = task.criterion
        self.mixing_from = mixing_from

    def loss(self, step: Step) -> Loss:
        """(1/2N) sum_i W[y_i] CE(mixed_i, y_i) + W[y_j] CE(mixed_i, y_j). Fan et al. 2022, Eq. 1 and 2."""
        output, labels = step.forward(step.view()), step.labels
        if step.progress < self.mixing_from:
            return Loss(self.criterion(output.logits, labels), output.logits)
        scores = output.uncertainty
        if scores is None:
            raise UserError(
                "strategy rul needs an uncertainty head: use arguments.uncertainty true"
            )
        partner = torch.randperm(len(labels), device=labels.device)
        mixed = mix(output.logits.float(), scores, partner)
        own = self.criterion(mixed, labels, smoothing=0.0)
        other = self.criterion(mixed, labels[partner], smoothing=0.0)
        return Loss(0.5 * (own + other), output.logits)

    def complete(self, progress: float) -> bool:
        return progress > self.mixing_from
