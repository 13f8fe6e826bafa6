"""Relative-uncertainty learning: mixed pairs teach how unsure each face is. Zhang et al. 2021."""

from dataclasses import dataclass

import torch
from torch import Tensor

from fer_live.models import Output
from train.strategies.supervised import weighted_cross_entropy


def mix(logits: Tensor, scores: Tensor, partner: Tensor) -> Tensor:
    """(B, K) logits of each face mixed with its partner's: the more uncertain face weighs more.

    Zhang et al. 2021, Eq. 3. The published mixing is of features before a linear classifier; its
    weights add up to one, so that mixing the logits is the same.
    """
    share = (scores / (scores + scores[partner]))[:, None]  # (B, 1)
    return share * logits + (1 - share) * logits[partner]


@dataclass
class RelativeUncertainty:
    """Mixing with the add-up loss, after a first part without mixing.

    From scratch, mixed features teach the trunk little at first [published runs start from a face
    recogniser's weights], so until `mixing_from`, a share of the training, the loss is cross-entropy.
    """

    weights: Tensor
    smoothing: float = 0.0
    mixing_from: float = 0.0

    def loss(self, output: Output, labels: Tensor, progress: float) -> Tensor:
        """(1/2N) sum_i W[y_i] CE(mixed_i, y_i) + W[y_j] CE(mixed_i, y_j). Fan et al. 2022, Eq. 1 and 2."""
        weights = self.weights.to(output.logits.device)
        if progress < self.mixing_from:
            return weighted_cross_entropy(output.logits, labels, weights, self.smoothing)
        scores = output.uncertainty
        if scores is None:
            raise ValueError("mixing needs a network with an uncertainty head")
        partner = torch.randperm(len(labels), device=labels.device)
        mixed = mix(output.logits.float(), scores, partner)
        own = weighted_cross_entropy(mixed, labels, weights, 0.0)
        other = weighted_cross_entropy(mixed, labels[partner], weights, 0.0)
        return 0.5 * (own + other)

    def complete(self, progress: float) -> bool:
        return progress > self.mixing_from
