"""Relative-uncertainty learning: mixed pairs teach how unsure each face is. Zhang et al. 2021."""

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_live.errors import UserError
from fer_live.models import Output
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
    `taught`: the teachers' share in each face's label, where the recipe has teachers [ours].
    """

    of_variance = True

    def __init__(self, task: Task, mixing_from: float = 0.0, taught: float = 0.0):
        super().__init__()
        self.classes = task.classes
        self.criterion = task.criterion
        self.mixing_from = mixing_from
        self.taught = taught

    def loss(self, step: Step) -> Loss:
        """(1/2N) sum_i W[y_i] CE(mixed_i, y_i) + W[y_j] CE(mixed_i, y_j). Fan et al. 2022, Eq. 1 and 2."""
        return self.of(step.forward(step.view()), step)

    def of(self, output: Output, step: Step) -> Loss:
        """The loss of one view of a batch's faces, that the network has read."""
        targets, scores = self._targets(step), output.variance
        assert scores is not None, "a recipe's check wants an uncertainty head"
        if step.progress < self.mixing_from:
            return Loss(self.criterion.soft(output.logits, targets), output.logits)
        partner = torch.randperm(len(targets), device=targets.device)
        mixed = mix(output.logits.float(), scores, partner)
        own = self.criterion.soft(mixed, targets, smoothing=0.0)
        other = self.criterion.soft(mixed, targets[partner], smoothing=0.0)
        return Loss(0.5 * (own + other), output.logits)

    def _targets(self, step: Step) -> Tensor:
        """(B, K) what each face is to be called: its label, and the teachers' word where they are asked."""
        labels = F.one_hot(step.labels, self.classes).float()
        if not self.taught:
            return labels
        if step.targets is None:
            raise UserError("option taught needs teachers: --set teachers=[WEIGHTS]")
        return (1 - self.taught) * labels + self.taught * step.targets

    def complete(self, progress: float) -> bool:
        """Once mixing has begun; from the start where it never does."""
        return progress > self.mixing_from or self.mixing_from >= 1
