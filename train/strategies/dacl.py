"""Deep attentive center loss: attention says which dimensions have to gather. Farzaneh and Qi 2021."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from train.strategies.base import Loss, Step, Strategy, Task
from train.strategies.center import Centres


class Attention(nn.Module):
    """Feature map (B, C, h, w) -> a weight in (0, 1) for each of D dimensions: (B, D)."""

    def __init__(self, inputs: int, hidden: Sequence[int], width: int):
        super().__init__()
        widths = [inputs, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]  # (B, C * h * w)
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU()]
        layers[-1] = nn.Tanh()
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 2 * width))

    def forward(self, feature_map: Tensor) -> Tensor:
        either = self.layers(feature_map).unflatten(1, (-1, 2))  # (B, D, 2)
        return either.float().softmax(2)[:, :, 1]


class AttentiveCenterLoss(Strategy):
    """Cross-entropy and the sparse center loss.

    Attention alone could bring that loss to nothing by looking away, so `weight` stays small and the
    mean attention is among the curves.
    """

    one_map = True

    def __init__(
        self,
        task: Task,
        weight: float = 0.01,
        rate: float = 0.5,
        hidden: Sequence[int] = (3584, 512, 64),
    ):
        super().__init__()
        channels, height, width = task.network.map_shape
        self.criterion = task.criterion
        self.centres = Centres(task.classes, task.network.width, rate)
        self.attention = Attention(channels * height * width, hidden, task.network.width)
        self.weight = weight
        self.mean_attention = torch.tensor(0.5)

    def loss(self, step: Step) -> Loss:
        """CE + (weight / 2B) sum_i sum_d A_id (x_id - c_{y_i}d)^2."""
        output = step.forward(step.view())
        attention = self.attention(output.feature_map)  # (B, D)
        away = self.centres.away(output.embedding, step.labels)
        gathered = 0.5 * (attention * away.square()).sum(1).mean()
        with torch.no_grad():
            self.centres.update(attention * away, step.labels)
            self.mean_attention = attention.mean()
        value = self.criterion(output.logits, step.labels) + self.weight * gathered
        return Loss(value, output.logits)

    def measures(self) -> dict[str, float]:
        return {"attention": float(self.mean_attention)}
