"""Self-cure network: faces of little importance count less, and may change their label. Wang et al. 2020."""

import torch
from torch import Tensor, distributed, nn

from train.strategies.base import Loss, Step, Strategy, Task


class SelfCure(Strategy):
    """Importance-weighted logits, rank regularisation, and from `relabel_from` on new labels for the least important.

    `high_share` of each batch, the most important faces, should be `margin` more important than the rest.
    A face of the rest takes the most probable label where that is `relabel_margin` more probable than its
    own. The labels given are kept beside the new ones, and evaluation sees neither. At a high rate of learning
    all importance may fall to nothing, for good: its mean is among the curves.
    """

    labels: Tensor
    given: Tensor

    def __init__(
        self,
        task: Task,
        high_share: float = 0.7,
        margin: float = 0.07,
        relabel_from: float = 0.25,
        relabel_margin: float = 0.2,
    ):
        super().__init__()
        self.criterion = task.criterion
        self.importance = nn.Linear(task.network.width, 1)
        # In the checkpoint, so that a resumed run remembers; the labels given follow from the data.
        self.register_buffer("labels", task.labels.clone())
        self.register_buffer("given", task.labels.clone(), persistent=False)
        self.mean_importance = torch.tensor(0.5)
        self.high_share = high_share
        self.margin = margin
        self.relabel_from = relabel_from
        self.relabel_margin = relabel_margin

    def loss(self, step: Step) -> Loss:
        """CE(alpha_i z_i, y_i) + max(0, margin - (mean alpha of the high group - of the low one)). Wang et al. 2020, eq. 2 and 3."""
        output = step.forward(step.view())
        # A sigmoid in bfloat16 would give many faces one rank.
        importance = torch.sigmoid(self.importance(output.embedding).float())[:, 0]  # (B,)
        self.mean_importance = importance.detach().mean()
        weighted = importance[:, None] * output.logits.float()
        labels = self.labels[step.places]
        order = importance.argsort(descending=True)
        high, low = order.split_with_sizes(self._sizes(len(order)))
        rank = (self.margin - (importance[high].mean() - importance[low].mean())).relu()
        value = self.criterion(weighted, labels) + rank
        if step.progress >= self.relabel_from:
            self._relabel(weighted.detach()[low], labels[low], step.places[low])
        return Loss(value, output.logits)

    def measures(self) -> dict[str, float]:
        relabelled = (self.labels != self.given).float().mean()
        return {"relabelled": float(relabelled), "importance": float(self.mean_importance)}

    def _sizes(self, batch: int) -> list[int]:
        high = min(max(round(self.high_share * batch), 1), batch - 1)
        return [high, batch - high]

    def _relabel(self, logits: Tensor, labels: Tensor, places: Tensor) -> None:
        """y <- the most probable class, where p_max - p_y > relabel_margin. Wang et al. 2020, eq. 5."""
        likely, best = logits.softmax(1).max(1)
        own = logits.softmax(1).gather(1, labels[:, None])[:, 0]
        new = torch.where(likely - own > self.relabel_margin, best, labels)
        self.labels[_of_all_ranks(places)] = _of_all_ranks(new)


def _of_all_ranks(tensor: Tensor) -> Tensor:
    """The tensors of all processes, one after another: each of them must remember all new labels."""
    if not distributed.is_initialized():
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)
