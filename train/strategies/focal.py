"""Focal loss: faces that are right already count less. Lin et al. 2017."""

from train.strategies.base import Loss, Step, Strategy, Task


class Focal(Strategy):
    """(1 - p_y)^gamma times cross-entropy. Lin et al. 2017, eq. 4."""

    def __init__(self, task: Task, gamma: float = 2.0):
        super().__init__()
        self.criterion = task.criterion
        self.gamma = gamma

    def loss(self, step: Step) -> Loss:
        logits = step.forward(step.view()).logits
        sure = self.criterion.probability(logits, step.labels)
        losses = (1 - sure) ** self.gamma * self.criterion.each(logits, step.labels)
        return Loss(losses.mean(), logits)
