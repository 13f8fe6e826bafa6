"""Cross-entropy with class weights: CUCN's Eq. 1."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from fer_live.models import Output

LARGEST_WEIGHT = 10.0  # beyond it a handful of pictures would steer the whole network


def class_weights(counts: Tensor, exponent: float) -> Tensor:
    """(K,) weights (N / (K n_c))^exponent, clipped, scaled so that the mean over the N faces is 1.

    `counts`: (K,) faces of each class. An exponent of 0 weighs all alike, 1 all classes alike.
    """
    counts = counts.double()
    raw = (counts.sum() / (len(counts) * counts.clamp(min=1))) ** exponent
    raw = raw.clamp(max=LARGEST_WEIGHT)
    return (raw * counts.sum() / (counts * raw).sum()).float()


def weighted_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor, smoothing: float
) -> Tensor:
    """(1/N) sum_n W[y_n] * -log p_n[y_n]. Fan et al. 2022, Eq. 1.

    Divided by the batch size, unlike torch's weighted mean, which divides by the weights' sum and so
    scales the gradient of each batch by its own mix of classes. `smoothing` as Szegedy et al. 2016.
    """
    losses = F.cross_entropy(logits.float(), labels, reduction="none", label_smoothing=smoothing)
    return (weights[labels] * losses).mean()


@dataclass
class Supervised:
    """Plain learning from labels; `weights`: (K,), ones for none."""

    weights: Tensor
    smoothing: float = 0.0

    def loss(self, output: Output, labels: Tensor, progress: float) -> Tensor:
        weights = self.weights.to(output.logits.device)
        return weighted_cross_entropy(output.logits, labels, weights, self.smoothing)

    def complete(self, progress: float) -> bool:
        return True
