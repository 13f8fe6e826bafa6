"""Label-distribution-aware margins: rare classes keep a wider distance. Cao et al. 2019."""

import torch.nn.functional as F
from torch import Tensor

from fer_live.errors import UserError
from fer_live.models.classifiers import CosineLinear
from train.strategies.base import Loss, Step, Strategy, Task
from train.strategies.criterion import Criterion, effective_number_weights


class LabelDistributionAwareMargin(Strategy):
    """Margins of n_c^(-1/4), the largest of them `largest`, and from `deferred_from` on weights as well (DRW).

    The weights are Cui et al. 2019's of effective numbers, with `beta`.
    """

    margins: Tensor

    def __init__(
        self, task: Task, largest: float = 0.5, deferred_from: float = 0.8, beta: float = 0.9999
    ):
        super().__init__()
        classifier = task.network.classifier
        if not isinstance(classifier, CosineLinear):
            raise UserError('strategy ldam needs cosines: use arguments.classifier "cosine"')
        self.scale = classifier.scale
        counts = task.counts.clamp(min=1)
        margins = counts.double() ** -0.25
        self.register_buffer(
            "margins", (largest * margins / margins.max()).float(), persistent=False
        )
        self.criterion = task.criterion
        self.weighted = Criterion(
            effective_number_weights(counts, beta), None, task.criterion.smoothing
        )
        self.deferred_from = deferred_from

    def loss(self, step: Step) -> Loss:
        """CE(s (cos - m_y e_y), y). Cao et al. 2019, eq. 12, its margins eq. 13."""
        logits = step.forward(step.view()).logits  # s cos
        margins = F.one_hot(step.labels, logits.shape[1]) * self.margins  # (B, K)
        criterion = self.weighted if step.progress >= self.deferred_from else self.criterion
        return Loss(criterion(logits.float() - self.scale * margins, step.labels), logits)
