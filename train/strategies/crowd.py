"""How people's votes for the same faces (FER+) teach a network's second head. Caruana 1997."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_live.errors import UserError
from fer_live.models import Output
from train.data import ferplus
from train.strategies.base import Task


class CrowdLoss(nn.Module):
    """The cross-entropy between the votes and what the crowd head says; it reads the same embedding as the labels' head.

    Faces without votes for an expression cost nothing. Raises UserError where `strategy`'s network has no such
    head (`arguments.crowd`: FER+'s 8), or its faces no votes.
    """

    shares: Tensor

    def __init__(self, task: Task, strategy: str):
        super().__init__()
        expressions = len(ferplus.EXPRESSIONS)
        if getattr(task.network.crowd, "out_features", 0) != expressions:
            raise UserError(
                f"strategy {strategy} needs a head for the votes: use arguments.crowd={expressions}"
            )
        if task.votes is None:
            raise UserError(
                f"strategy {strategy} needs FER+'s votes: put {ferplus.FILE} beside FER2013's csv"
            )
        shares = torch.from_numpy(ferplus.shares(task.votes))  # (N, 8)
        self.register_buffer("shares", shares, persistent=False)

    def forward(self, output: Output, places: Tensor) -> Tensor:
        """-(1 / B) sum_i sum_k v_ik log q_ik, v the shares of the votes for the faces at `places` (B,), q their reading."""
        assert output.crowd is not None  # a network without it was refused
        return F.cross_entropy(output.crowd.float(), self.shares[places])
