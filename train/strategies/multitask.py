"""Two labels for one face: FER2013's, and how ten people voted (FER+), read from one embedding. Caruana 1997."""

import torch
import torch.nn.functional as F

from fer_live.errors import UserError
from train.data import ferplus
from train.strategies.base import Loss, Step, Task
from train.strategies.rul import RelativeUncertainty


class MultiTask(RelativeUncertainty):
    """CUCN's loss, and `crowd` times the cross-entropy between the votes and what the network's crowd head says.

    That head reads the same embedding (`arguments.crowd`: FER+'s 8). In the app, it tells how far people would
    disagree; `python -m train export --head votes` makes a weight file of FER+'s expressions with it. Faces
    without votes for an expression teach it nothing.
    """

    of_votes = True
    shares: torch.Tensor

    def __init__(
        self, task: Task, mixing_from: float = 0.0, crowd: float = 0.5, taught: float = 0.0
    ):
        super().__init__(task, mixing_from, taught)
        if task.votes is None:
            raise UserError(
                "strategy multitask needs FER+'s votes beside FER2013's csv: use strategy rul"
            )
        shares = torch.from_numpy(ferplus.shares(task.votes))  # (N, 8)
        if getattr(task.network.crowd, "out_features", 0) != shares.shape[1]:
            raise UserError(
                f"strategy multitask needs a head for the votes: use arguments.crowd={shares.shape[1]}"
            )
        self.register_buffer("shares", shares, persistent=False)
        self.crowd = crowd

    def loss(self, step: Step) -> Loss:
        """L_CUCN(logits, y) - (crowd / B) sum_i sum_k v_ik log q_ik, v the votes' shares, q their reading."""
        output = step.forward(step.view())
        own = self.of(output, step)
        assert output.crowd is not None  # a network without it was refused
        people = F.cross_entropy(output.crowd.float(), self.shares[step.places])
        return Loss(own.value + self.crowd * people, own.logits)
