"""What every network returns."""

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """One forward pass over B images with K classes.

    `logits`: (B, K). `log_variance`: (B, D) log variances of the D-dimensional features, or None where
    the network has no uncertainty head. `feature_map`: (B, C, h, w), the last one: what heat-maps weigh.
    """

    logits: Tensor
    log_variance: Tensor | None
    feature_map: Tensor

    @property
    def uncertainty(self) -> Tensor | None:
        """(B,) the mean variance over the feature's dimensions, > 0 and relative. Zhang et al. 2021 (RUL)."""
        return None if self.log_variance is None else self.log_variance.float().exp().mean(1)
