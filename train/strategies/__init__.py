"""Ways of learning: what a network's outputs and the labels cost. A file each."""

from typing import Protocol

from torch import Tensor

from fer_live.models import Output


class Strategy(Protocol):
    """A way of learning; `progress` is the share of the training that is done, in [0, 1]."""

    def loss(self, output: Output, labels: Tensor, progress: float) -> Tensor:
        """The loss of one batch, a scalar: what the network said of B images, and their labels (B,)."""

    def complete(self, progress: float) -> bool:
        """Whether all parts of the network have been trained by then, so that it may be chosen."""
