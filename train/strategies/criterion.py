"""Cross-entropy with class weights: CUCN's Eq. 1 and its readings."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fer_live.errors import UserError

LARGEST_WEIGHT = 10.0  # beyond it a handful of pictures would steer the whole network

WeightMode = Literal["loss", "prior", "class_balanced"]


def class_weights(counts: Tensor, exponent: float) -> Tensor:
    """(K,) weights (N / (K n_c))^exponent, scaled so that the mean over the N faces is 1, and clipped.

    `counts`: (K,) faces of each class. An exponent of 0 weighs all alike, 1 all classes alike.
    """
    counts = counts.double()
    raw = (counts.sum() / (len(counts) * counts.clamp(min=1))) ** exponent
    return _scaled(raw, counts).clamp(max=LARGEST_WEIGHT)


def effective_number_weights(counts: Tensor, beta: float) -> Tensor:
    """(K,) weights (1 - beta) / (1 - beta^n_c), scaled so that the mean over the faces is 1. Cui et al. 2019, eq. 12."""
    counts = counts.double()
    return _scaled((1 - beta) / (1 - beta ** counts.clamp(min=1)), counts)


def _scaled(raw: Tensor, counts: Tensor) -> Tensor:
    return (raw * counts.sum() / (counts * raw).sum()).float()


class Criterion(nn.Module):
    """(1/N) sum_n W[y_n] * -log p_n[y_n]. Fan et al. 2022, Eq. 1.

    Divided by the batch size, unlike torch's weighted mean, which divides by the weights' sum and so
    scales the gradient of each batch by its own mix of classes. `weights`: (K,). `offset`: (K,), added
    to the logits in training alone. `smoothing` as Szegedy et al. 2016.
    """

    weights: Tensor
    offset: Tensor

    def __init__(self, weights: Tensor, offset: Tensor | None = None, smoothing: float = 0.0):
        super().__init__()
        offset = torch.zeros_like(weights) if offset is None else offset
        # They follow from the recipe and the data: no checkpoint needs them.
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("offset", offset, persistent=False)
        self.smoothing = smoothing

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B,) weighted losses, one for each face."""
        losses = F.cross_entropy(
            self._adjusted(logits),
            labels,
            reduction="none",
            label_smoothing=self.smoothing,
        )
        return self.weights[labels] * losses

    def soft(self, logits: Tensor, targets: Tensor, smoothing: float | None = None) -> Tensor:
        """Logits and label distributions, both (B, K) -> a scalar; the weight of a class goes with its share.

        So does that of what smoothing gives to other classes: a certain label has the loss of that label.
        `smoothing`: another than its own.
        """
        smoothing = self.smoothing if smoothing is None else smoothing
        shares = targets * self.weights
        smoothed = (1 - smoothing) * shares + smoothing * shares.mean(1, keepdim=True)
        return F.cross_entropy(self._adjusted(logits), smoothed)

    def probability(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B,) what the logits (B, K) give to each face's label."""
        return self._adjusted(logits).softmax(1).gather(1, labels[:, None])[:, 0]

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits (B, K), labels (B,) -> a scalar."""
        return self.each(logits, labels).mean()

    def _adjusted(self, logits: Tensor) -> Tensor:
        return logits.float() + self.offset


def build(
    counts: Tensor, weights: float | list[float], mode: WeightMode, smoothing: float
) -> Criterion:
    """The criterion of a recipe for training faces of these class `counts` (K,).

    Raises UserError where a list of weights has another length.
    """
    if isinstance(weights, list):
        if len(weights) != len(counts):
            raise UserError(
                f"class_weights has {len(weights)} weights, the data set {len(counts)} classes: give one "
                "for each"
            )
        return Criterion(torch.tensor(weights), None, smoothing)
    if mode == "prior":
        # Read literally, large classes get the larger factor inside the softmax: balanced softmax.
        prior = counts.clamp(min=1).double().log() * weights
        return Criterion(torch.ones(len(counts)), prior.float(), smoothing)
    if mode == "class_balanced":
        return Criterion(effective_number_weights(counts, weights), None, smoothing)
    return Criterion(class_weights(counts, weights), None, smoothing)
