"""Knowledge distillation: a student learns what its teachers say of each face. Hinton et al. 2015."""

import torch.nn.functional as F

from fer_live.errors import UserError
from train.strategies.base import Loss, Step, Strategy, Task
from train.strategies.crowd import CrowdLoss

HEAD_FROM = 0.5  # of the training, from where on the second head has learned enough for an epoch to be chosen


class Distillation(Strategy):
    """(1 - weight) CE(z, y) + weight T^2 KL(p_T || softmax(z / T)), p_T the teachers' probabilities at T.

    A student with a head for people's votes (`arguments.crowd`) learns them too, `crowd` times [ours].
    """

    of_votes = True

    def __init__(
        self, task: Task, temperature: float = 2.0, weight: float = 0.7, crowd: float = 0.5
    ):
        super().__init__()
        self.criterion = task.criterion
        self.temperature = temperature
        self.weight = weight
        self.people = CrowdLoss(task, "distillation") if task.network.crowd is not None else None
        self.crowd = crowd

    def loss(self, step: Step) -> Loss:
        """Hinton et al. 2015, section 2; T^2 keeps both gradients at the same scale."""
        if step.targets is None:
            raise UserError("strategy distillation needs teachers: --teacher WEIGHTS")
        output = step.forward(step.view())
        logits = output.logits
        # Probabilities below float16's smallest would be minus infinity as logits.
        taught = (step.targets.clamp(min=1e-6).log() / self.temperature).softmax(1)
        said = (logits.float() / self.temperature).log_softmax(1)
        apart = F.kl_div(said, taught, reduction="batchmean") * self.temperature**2
        labelled = self.criterion(logits, step.labels)
        value = (1 - self.weight) * labelled + self.weight * apart
        if self.people is not None:
            value = value + self.crowd * self.people(output, step.places)
        return Loss(value, logits)

    def complete(self, progress: float) -> bool:
        """A second head is new where the student itself may come from a weight file: it needs some time."""
        return self.people is None or progress > HEAD_FROM
