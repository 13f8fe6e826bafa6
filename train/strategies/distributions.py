"""Learning from several people's votes: the label is a distribution. Barsoum et al. 2016 (FER+)."""

from fer_live.errors import UserError
from train.strategies.base import Loss, Step, Strategy, Task


class LabelDistributions(Strategy):
    """Cross-entropy between each face's label distribution and the prediction."""

    def __init__(self, task: Task):
        super().__init__()
        self.criterion = task.criterion

    def loss(self, step: Step) -> Loss:
        if step.targets is None:
            raise UserError(
                "strategy distributions needs a data set with votes, such as ferplus: "
                "use strategy supervised"
            )
        logits = step.forward(step.view()).logits
        return Loss(self.criterion.soft(logits, step.targets), logits)
