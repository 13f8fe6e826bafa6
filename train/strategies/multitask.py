"""Two labels for one face: FER2013's, and how ten people voted (FER+), read from one embedding. Caruana 1997."""

from train.strategies.base import Loss, Step, Task
from train.strategies.crowd import CrowdLoss
from train.strategies.rul import RelativeUncertainty


class MultiTask(RelativeUncertainty):
    """CUCN's loss, and `crowd` times that of the votes (`CrowdLoss`).

    In the app, the head that learns them tells how far people would disagree; `python -m train export --head
    votes` makes a weight file of FER+'s expressions with it.
    """

    of_votes = True

    def __init__(
        self, task: Task, mixing_from: float = 0.0, crowd: float = 0.5, taught: float = 0.0
    ):
        super().__init__(task, mixing_from, taught)
        self.people = CrowdLoss(task, "multitask")
        self.crowd = crowd

    def loss(self, step: Step) -> Loss:
        """L_CUCN(logits, y) + crowd L_crowd(second logits, votes)."""
        output = step.forward(step.view())
        own = self.of(output, step)
        return Loss(own.value + self.crowd * self.people(output, step.places), own.logits)
