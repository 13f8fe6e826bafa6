"""Plain learning from labels."""

from train.strategies.base import Loss, Step, Strategy, Task


class Supervised(Strategy):
    """Cross-entropy as the recipe weighs it."""

    def __init__(self, task: Task):
        super().__init__()
        self.criterion = task.criterion

    def loss(self, step: Step) -> Loss:
        logits = step.forward(step.view()).logits
        return Loss(self.criterion(logits, step.labels), logits)
