"""One reading of a data set from one weight file or several: temperature, the classes' prior, the vote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_live import card as cards
from fer_live import weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from train.data import Faces
from train.fitted import known_before, optimism_on
from train.matrix_scaling import Known
from train.metrics import Scores, confusion_matrix
from train.predict import columns_of, predict

Vote = Literal["soft", "majority"]
# Strengths of the adjustment that `auto` chooses from; 1 is what theory asks of calibrated logits.
STRENGTHS = np.round(np.arange(0, 2.01, 0.05), 2)


@dataclass(frozen=True)
class Opinion:
    """What one weight file says of N faces.

    `logits`: (N, K) over its temperature. `log_prior`: (K,), None if unknown. `uncertainty`: (N,) as the
    app shows it; `head`, `variance`: (N,) raw, as in `Logits`. None where there is none. `optimism`: how many
    times too low a temperature is that these faces fit. `known`: what they fitted the last layer to, if they did.
    """

    name: str
    logits: Tensor
    log_prior: Tensor | None
    uncertainty: NDArray[np.float64] | None
    head: NDArray | None = None
    variance: NDArray | None = None
    optimism: float = 1.0
    known: Known | None = None

    def probabilities(self, strength: float) -> NDArray[np.float64]:
        """(N, K) softmax of the logits less `strength` times the log prior. Menon et al. 2021, eq. 9."""
        logits = self.logits
        if strength:
            if self.log_prior is None:
                raise UserError(
                    f"{self.name} does not know its classes' prior: leave --logit-adjustment out"
                )
            logits = logits - strength * self.log_prior
        return logits.softmax(1).numpy()


def opinion(weights: str, faces: Faces, device: torch.device, tta: bool) -> Opinion:
    """Run a weight file over the faces; `tta` as in `predict`."""
    network, card = weight_files.load(cards.find_weights(weights))
    if card.recipe.get("align"):  # it has seen no other faces
        faces = faces.aligned()
    found = predict(network, card, faces, device, tta)
    # Averaged views are less sure of themselves: they have a temperature of their own.
    temperature = card.tta_temperature if tta else card.temperature
    logits = found.logits.double() / temperature
    # Of all its classes, as in the app.
    whole = logits if found.whole is None else found.whole.double() / temperature
    uncertainty = card.uncertainty(whole.numpy(), found.raw()[0])
    prior = log_prior(card)
    if prior is not None:
        prior = prior[columns_of(card, faces)]
    # Averaged views do not tell what each was before.
    known = None if tta else known_before(found, faces, card)
    raw = found.raw()
    return Opinion(card.name, logits, prior, uncertainty, *raw, optimism_on(faces, card), known)


def log_prior(card: Card) -> Tensor | None:
    """(K,) of the card's classes in training; None where it does not say."""
    if not card.prior:
        return None
    return torch.tensor(card.prior, dtype=torch.double).clamp(min=1e-6).log()


def together(opinions: Sequence[Opinion], vote: Vote, strength: float = 0.0) -> NDArray[np.float64]:
    """(N, K) what the opinions come to: their mean ("soft"), or most votes and, in a tie, the higher mean."""
    each = np.stack([opinion.probabilities(strength) for opinion in opinions])  # (M, N, K)
    mean = each.mean(0)
    if vote == "soft" or len(each) == 1:
        return mean
    votes = np.eye(each.shape[2])[each.argmax(2)].sum(0)  # (N, K)
    # A mean is worth less than one vote, so that it only decides between equals.
    return (votes + mean) / (len(each) + 1)


def best_strength(opinions: Sequence[Opinion], vote: Vote, labels: NDArray) -> float:
    """The smallest of STRENGTHS with the highest mean recall over the classes."""

    def macro_recall(strength: float) -> float:
        predicted = together(opinions, vote, strength).argmax(1)
        classes = opinions[0].logits.shape[1]
        return Scores(confusion_matrix(labels, predicted, classes)).macro_recall

    return float(max(STRENGTHS.tolist(), key=macro_recall))
