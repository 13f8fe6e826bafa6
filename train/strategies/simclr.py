"""SimCLR: two views of a face know each other among all others, without labels. Chen et al. 2020."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.strategies.base import Loss, Step, Strategy, Task


def nt_xent(projections: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of each view's partner among the 2B - 1 others, by cosine similarity. Chen et al. 2020, eq. 1.

    `projections`: (2B, D), the first views of all faces, then the second ones.
    """
    unit = F.normalize(projections.float())
    similarity = (unit @ unit.T / temperature).float()  # (2B, 2B)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    partner = torch.arange(len(unit), device=unit.device).roll(len(unit) // 2)
    return F.cross_entropy(similarity.masked_fill(itself, -torch.inf), partner)


class SimClr(Strategy):
    """Contrastive learning of the trunk and what it embeds; a projection of two layers stays behind."""

    classifies = False

    def __init__(self, task: Task, temperature: float = 0.5, dimensions: int = 128):
        super().__init__()
        width = task.network.width
        self.projection = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dimensions)
        )
        self.temperature = temperature

    def loss(self, step: Step) -> Loss:
        embedding = step.forward(torch.cat([step.view(), step.view()])).embedding  # (2B, width)
        return Loss(nt_xent(self.projection(embedding), self.temperature), None)
