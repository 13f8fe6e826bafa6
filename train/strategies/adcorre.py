"""Adaptive correlation: embeddings of one class agree, of two classes disagree. Fard and Mahoor 2022.

The published code computes its correlations outside the gradient; here they are part of it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fer_live.errors import UserError
from fer_live.models.adcorre import AdCorre
from train.strategies.base import Loss, Step, Strategy, Task


def correlation(rows: Tensor) -> Tensor:
    """Pearson's correlation of every two rows: (..., n, D) -> (..., n, n)."""
    unit = F.normalize(rows - rows.mean(-1, keepdim=True), dim=-1)
    return unit @ unit.mT


def agreement(rows: Tensor) -> Tensor:
    """The mean of 1 + correlation over pairs of different rows: (..., n, D) -> a scalar, 0 for a single row."""
    count = rows.shape[-2]
    others = ~torch.eye(count, dtype=torch.bool, device=rows.device)
    pairs = (1 + correlation(rows))[..., others]
    return pairs.mean() if count > 1 else pairs.sum()


class AdaptiveCorrelation(Strategy):
    """Cross-entropy, and `weight` times three losses on how embeddings correlate.

    As published cross-entropy weighs 50 and is divided by the number of classes: 0.14 for seven.
    """

    def __init__(self, task: Task, weight: float = 0.14):
        super().__init__()
        if not isinstance(task.network, AdCorre):
            raise UserError(
                "strategy adcorre needs several embeddings of each face: use network adcorre"
            )
        self.criterion = task.criterion
        self.embeddings = task.network.embeddings
        self.weight = weight

    def loss(self, step: Step) -> Loss:
        """CE + weight * (FD + MD + ED): feature, mean and embedding discriminators."""
        output = step.forward(step.view())
        each = output.embedding.float().unflatten(1, (self.embeddings, -1))  # (B, k, D)
        by_embedding = each.transpose(0, 1)  # (k, B, D)
        value = self.criterion(output.logits, step.labels) + self.weight * (
            feature_loss(by_embedding, step.labels)
            + mean_loss(by_embedding, step.labels)
            + agreement(each)
        )
        return Loss(value, output.logits)


def feature_loss(features: Tensor, labels: Tensor) -> Tensor:
    """FD: |wanted - correlation| over pairs of faces, wanted 1 within a class and -1 across. (k, B, D), (B,)."""
    wanted = 2.0 * (labels[:, None] == labels[None]) - 1
    return (wanted - correlation(features)).abs().mean()


def mean_loss(features: Tensor, labels: Tensor) -> Tensor:
    """MD: the agreement of the means of the classes in the batch. (k, B, D), (B,)."""
    present, member = labels.unique(return_inverse=True)
    of_class = F.one_hot(member, len(present)).float()  # (B, classes present)
    return agreement(of_class.T @ features)  # sums correlate as means do
