"""The classifier: a batch of face crops becomes predictions, and heat-maps from the same pass."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fer_live import card as cards
from fer_live.card import Card
from fer_live.device import choose_device
from fer_live.explain import GradCam
from fer_live.models import Network
from fer_live.preprocess import to_input
from fer_live.runtimes import Eager, Runtime, RuntimeName, Scores, choose_runtime, joined
from fer_live.types import FloatArray, Prediction

MOST = 64  # faces that a network reads at a time: a crowd must not fill the memory


class Classifier:
    """Reads face crops with one network; read-only, so that many may share it.

    `runtime`: what runs the network; torch on the CPU where it is left out. Heat-maps need the
    network itself only where its head is not affine, so that another runtime's is not held twice.
    """

    def __init__(self, network: Network, card: Card, runtime: Runtime | None = None):
        self.runtime = runtime or Eager(network.eval(), torch.device("cpu"))
        self.device = self.runtime.device
        self.card = card
        self._grad_cam = GradCam(network.eval().to(self.device), network.map_shape)

    @classmethod
    def load(
        cls, weights: str, device: str = "auto", runtime: RuntimeName = "auto"
    ) -> "Classifier":
        """From a weight file, by its path or the name of one that comes with the package."""
        path = cards.find_weights(weights)
        network, card = cards.load(path)
        where = choose_device(device)
        network = network.to(where)
        return cls(network, card, choose_runtime(runtime, network, card, path, where))

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Face crops, (H, W) grey or (H, W, 3) RGB of any size, to predictions in the same order."""
        return self.predictions(self.score(crops)) if len(crops) else []

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """What the network makes of at least one crop, MOST at a time: predictions and heat-maps follow from it."""
        parts = [crops[start : start + MOST] for start in range(0, len(crops), MOST)]
        return joined([self.runtime(to_input(part, self.card, self.device)) for part in parts])

    def predictions(self, scores: Scores) -> list[Prediction]:
        """One for each crop, calibrated by the card's temperature."""
        calibrated = scores.logits / self.card.temperature
        probabilities = calibrated.softmax(1)
        found = self.card.uncertainty(calibrated, scores.uncertainty)
        unsure = [None] * len(probabilities) if found is None else found.tolist()
        return [
            Prediction(dict(zip(self.card.labels, row, strict=True)), uncertainty)
            for row, uncertainty in zip(probabilities.tolist(), unsure, strict=True)
        ]

    def heatmaps(self, scores: Scores) -> FloatArray:
        """Grad-CAM maps (B, K, h, w) of every class, not normalised."""
        return self._grad_cam(scores.feature_map).cpu().numpy()

    def close(self) -> None:
        self.runtime.close()
