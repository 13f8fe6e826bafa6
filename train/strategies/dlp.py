"""Deep locality-preserving learning: each face stays near its neighbours of the same class. Li, Deng and Du 2017."""

import torch
from torch import Tensor

from train.strategies.base import Loss, Step, Strategy, Task


@torch.no_grad()
def neighbours_mean(features: Tensor, labels: Tensor, count: int) -> Tensor:
    """(B, D) mean of each face's `count` nearest others of its class in the batch.

    Where a class has fewer, those that there are; a face alone in its class is its own neighbour.
    """
    distance = torch.cdist(features, features)  # (B, B)
    same = labels[:, None] == labels[None]
    same.fill_diagonal_(False)
    distance = distance.masked_fill(~same, torch.inf)
    nearest, places = distance.topk(min(count, len(labels)), dim=1, largest=False)
    found = nearest.isfinite().float()[:, :, None]  # (B, count, 1)
    mean = (features[places] * found).sum(1) / found.sum(1).clamp(min=1)
    return torch.where(found.any(1), mean, features)


class LocalityPreserving(Strategy):
    """Cross-entropy, and `weight` times half the squared distance to the mean of the `neighbours` nearest."""

    def __init__(self, task: Task, weight: float = 0.003, neighbours: int = 20):
        super().__init__()
        self.criterion = task.criterion
        self.weight = weight
        self.neighbours = neighbours

    def loss(self, step: Step) -> Loss:
        """CE + (weight / 2B) sum_i ||x_i - mean of its neighbours||^2; the neighbours are taken as constants."""
        output = step.forward(step.view())
        features = output.embedding.float()
        mean = neighbours_mean(features, step.labels, self.neighbours)
        local = 0.5 * (features - mean).square().sum(1).mean()
        value = self.criterion(output.logits, step.labels) + self.weight * local
        return Loss(value, output.logits)
