"""The classifier: a batch of face crops becomes predictions, and heat-maps from the same pass."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_live import card as cards
from fer_live.card import Card
from fer_live.preprocess import to_input
from fer_live.probabilities import softmax
from fer_live.runtimes import Runtime, RuntimeName, Scores, joined, load_runtime
from fer_live.types import FloatArray, Prediction

MOST = 64  # faces that a network reads at a time: a crowd must not fill the memory


class Classifier:
    """Reads face crops with one network, which `runtime` runs; read-only, so that many may share it."""

    def __init__(self, card: Card, runtime: Runtime):
        self.card = card
        self.runtime = runtime
        self.device = runtime.device

    @classmethod
    def load(
        cls, weights: str, device: str = "auto", runtime: RuntimeName = "auto"
    ) -> "Classifier":
        """From a weight file, by its path or the name of one that comes with the package.

        Raises UserError where it, the device or the runtime cannot be had.
        """
        path = cards.find_weights(weights)
        return cls(cards.load_card(path), load_runtime(runtime, path, device))

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Face crops, (H, W) grey or (H, W, 3) RGB of any size, to predictions in the same order."""
        return self.predictions(self.score(crops)) if len(crops) else []

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> Scores:
        """What the network makes of at least one crop, MOST at a time: predictions and heat-maps follow from it."""
        parts = [crops[start : start + MOST] for start in range(0, len(crops), MOST)]
        return joined([self.runtime(to_input(part, self.card)) for part in parts])

    def predictions(self, scores: Scores) -> list[Prediction]:
        """One for each crop, calibrated by the card's temperature."""
        calibrated = scores.logits / self.card.temperature
        probabilities = softmax(calibrated)
        found = self.card.uncertainty(calibrated, scores.uncertainty)
        unsure = [None] * len(probabilities) if found is None else found.tolist()
        return [
            Prediction(dict(zip(self.card.labels, row, strict=True)), uncertainty)
            for row, uncertainty in zip(probabilities.tolist(), unsure, strict=True)
        ]

    def heatmaps(self, scores: Scores) -> FloatArray:
        """Grad-CAM maps (B, K, h, w) of every class, not normalised."""
        return scores.heatmaps()

    def close(self) -> None:
        self.runtime.close()
