"""Logit adjustment in training: a rare class has to win by more than its rarity. Menon et al. 2021."""

from torch import Tensor

from train.strategies.base import Loss, Step, Strategy, Task


class LogitAdjustment(Strategy):
    """Cross-entropy of z + `tau` log(share of the class). Menon et al. 2021, eq. 10.

    With a `tau` of 1 it is balanced softmax: z + log n_c. Ren et al. 2020.
    """

    prior: Tensor

    def __init__(self, task: Task, tau: float = 1.0):
        super().__init__()
        self.criterion = task.criterion
        counts = task.counts.clamp(min=1).double()
        self.register_buffer(
            "prior", (tau * (counts / counts.sum()).log()).float(), persistent=False
        )

    def loss(self, step: Step) -> Loss:
        logits = step.forward(step.view()).logits
        return Loss(self.criterion(logits.float() + self.prior, step.labels), logits)
