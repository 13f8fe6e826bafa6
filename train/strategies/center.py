"""Center loss: faces of one class gather around a point. Wen et al. 2016."""

import torch
from torch import Tensor, nn

from train.strategies.base import Loss, Step, Strategy, Task


class Centres(nn.Module):
    """One point for each class, (K, D), that follows the features seen; no gradient moves it."""

    points: Tensor

    def __init__(self, classes: int, width: int, rate: float):
        super().__init__()
        self.register_buffer("points", torch.zeros(classes, width))
        self.rate = rate

    def away(self, features: Tensor, labels: Tensor) -> Tensor:
        """(B, D) from each face's centre to its features."""
        return features.float() - self.points[labels]

    @torch.no_grad()
    def update(self, away: Tensor, labels: Tensor) -> None:
        """c_k += rate * sum over the faces of k of (x_i - c_k) / (1 + n_k). Wen et al. 2016, eq. 4.

        `away`: (B, D), x_i - c_k of each face, weighted or not.
        """
        total = torch.zeros_like(self.points).index_add_(0, labels, away)
        count = labels.bincount(minlength=len(self.points))[:, None]  # (K, 1)
        self.points += self.rate * total / (1 + count)


class CenterLoss(Strategy):
    """Cross-entropy, and `weight` times half the squared distance to the centre of the class.

    The embedding should have no dropout: it would blur what is to gather.
    """

    def __init__(self, task: Task, weight: float = 0.003, rate: float = 0.5):
        super().__init__()
        self.criterion = task.criterion
        self.centres = Centres(task.classes, task.network.width, rate)
        self.weight = weight

    def loss(self, step: Step) -> Loss:
        """CE + (weight / 2B) sum_i ||x_i - c_{y_i}||^2. Wen et al. 2016, eq. 5, as a mean over the batch."""
        output = step.forward(step.view())
        away = self.centres.away(output.embedding, step.labels)
        gathered = 0.5 * away.square().sum(1).mean()
        self.centres.update(away, step.labels)
        value = self.criterion(output.logits, step.labels) + self.weight * gathered
        return Loss(value, output.logits)
