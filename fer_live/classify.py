"""The classifier: a batch of face crops becomes predictions, and heat-maps from the same pass."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_live import card as cards
from fer_live.card import Card
from fer_live.device import choose_device
from fer_live.explain import GradCam
from fer_live.models import Network, Output
from fer_live.preprocess import to_input
from fer_live.types import FloatArray, Prediction


class Scores(NamedTuple):
    """`probabilities`: (B, K). `uncertainty`: (B,) raw scores, or None. `feature_map`: (B, C, h, w)."""

    probabilities: FloatArray
    uncertainty: FloatArray | None
    feature_map: Tensor


class Classifier:
    """Reads face crops with one network; read-only, so that many may share it."""

    def __init__(self, network: Network, card: Card, device: str = "auto"):
        self.device = choose_device(device)
        self.network = network.eval().to(self.device).to(memory_format=torch.channels_last)
        self.card = card
        with torch.inference_mode():
            blank = torch.zeros(1, card.channels, card.size, card.size, device=self.device)
            _, channels, height, width = self.network(blank).feature_map.shape
        self._grad_cam = GradCam(self.network, (channels, height, width))

    @classmethod
    def load(cls, weights: str, device: str = "auto") -> "Classifier":
        """From a weight file, by its path or the name of one that comes with the package."""
        network, card = cards.load(cards.find_weights(weights))
        return cls(network, card, device)

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Face crops, (H, W) grey or (H, W, 3) RGB of any size, to predictions in the same order."""
        return self._predictions(self.score(crops)) if len(crops) else []

    def explain(self, crops: Sequence[NDArray[np.uint8]]) -> tuple[list[Prediction], FloatArray]:
        """Predictions, and the Grad-CAM maps (B, K, h, w) of every class, not normalised."""
        if not len(crops):
            return [], np.empty((0, len(self.card.labels), 0, 0), np.float32)
        scores = self.score(crops)
        return self._predictions(scores), self._grad_cam(scores.feature_map).cpu().numpy()

    @torch.no_grad()
    def score(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """The numbers behind the predictions of at least one crop."""
        output: Output = self.network(to_input(crops, self.card, self.device))
        logits = output.logits.float() / self.card.temperature
        uncertainty = output.uncertainty
        return Scores(
            logits.softmax(1).cpu().numpy(),
            None if uncertainty is None else uncertainty.cpu().numpy(),
            output.feature_map.float(),
        )

    def _predictions(self, scores: Scores) -> list[Prediction]:
        unsure: Sequence[float | None] = [None] * len(scores.probabilities)
        if scores.uncertainty is not None and self.card.uncertainty_quantiles:
            unsure = self.card.percentile(scores.uncertainty).tolist()
        return [
            Prediction(dict(zip(self.card.labels, row, strict=True)), uncertainty)
            for row, uncertainty in zip(scores.probabilities.tolist(), unsure, strict=True)
        ]
