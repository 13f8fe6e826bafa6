"""What every way of learning is given and gives."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.models import Network, Output
from train.strategies.criterion import Criterion


@dataclass(frozen=True)
class Task:
    """What is to be learned, for a strategy to build its parts on.

    `labels`: (N,) of all training faces. `criterion`: cross-entropy as the recipe weighs it.
    `network`: for the widths of its embedding and feature map; a strategy keeps no hold of it. `votes`:
    (N, 10), FER+'s for all training faces, where the strategy asked for them.
    """

    classes: int
    labels: Tensor
    criterion: Criterion
    network: Network
    votes: NDArray[np.uint8] | None = None

    @property
    def counts(self) -> Tensor:
        """(K,) training faces of each class."""
        return self.labels.bincount(minlength=self.classes)


class Step(NamedTuple):
    """One batch of B faces. `progress`: the share of the training that is done, in [0, 1].

    `view()`: the faces augmented and normalised, (B, C, H, W), another draw at each call. `forward`: the
    network in training mode; `classifier`: its last layer alone. `places`: (B,) in the training set.
    `targets`: (B, K) label distributions, where the data set has them.
    """

    view: Callable[[], Tensor]
    forward: Callable[[Tensor], Output]
    classifier: Callable[[Tensor], Tensor]
    labels: Tensor
    places: Tensor
    progress: float
    targets: Tensor | None = None


class Loss(NamedTuple):
    """`value`: a scalar. `logits`: (B, K) of the faces as they are, or None where nothing is classified."""

    value: Tensor
    logits: Tensor | None


class Strategy(nn.Module, ABC):
    """A way of learning. Its own parameters train with the network's and stay behind in the checkpoint."""

    # Where the classifier learns nothing there is no accuracy to choose by: the last state is kept.
    classifies: bool = True
    # Whether it has layers of its own that take the feature map of full-sized faces alone.
    one_map: bool = False
    # Whether it teaches a network's crowd head FER+'s votes for FER2013's faces.
    of_votes: bool = False
    # Whether it teaches a network's uncertainty head.
    of_variance: bool = False

    @abstractmethod
    def loss(self, step: Step) -> Loss:
        """What one batch costs."""

    def complete(self, progress: float) -> bool:
        """Whether all parts of the network have been trained by then, so that it may be chosen."""
        return True

    def after_step(self) -> None:
        """Called once the optimiser has stepped."""

    def measures(self) -> dict[str, float]:
        """Numbers of its own for the curves, asked for at each epoch's end."""
        return {}

    def adjust(self, network: Network, macro_recall: Callable[[], float]) -> None:
        """All that happens in a recipe without epochs; `macro_recall()` scores the network on the selection split."""
