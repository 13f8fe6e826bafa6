"""The negative probability as loss, which softmax followed by torch's NLLLoss amounts to."""

from train.strategies.base import Loss, Step, Strategy, Task


class ProbabilityNll(Strategy):
    """-W[y] p_y: between -1 and 0 for each face, so that a wrong label can cost little. Ghosh et al. 2017."""

    def __init__(self, task: Task):
        super().__init__()
        self.criterion = task.criterion

    def loss(self, step: Step) -> Loss:
        logits = step.forward(step.view()).logits
        right = self.criterion.probability(logits, step.labels)
        return Loss(-(self.criterion.weights[step.labels] * right).mean(), logits)
