"""What every runtime offers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from fer_live.models import Network


class Scores(NamedTuple):
    """What a network says of B faces, on the CPU, float32.

    `logits`: (B, K) before the temperature. `uncertainty`: (B,) raw scores, or None. `feature_map`:
    (B, C, h, w), on the runtime's own device.
    """

    logits: Tensor
    uncertainty: Tensor | None
    feature_map: Tensor


def joined(parts: Sequence[Scores]) -> Scores:
    """What one network says of the faces of all parts, of at least one."""
    if len(parts) == 1:
        return parts[0]
    unsure = [part.uncertainty for part in parts if part.uncertainty is not None]
    return Scores(
        torch.cat([part.logits for part in parts]),
        torch.cat(unsure) if unsure else None,
        torch.cat([part.feature_map for part in parts]),
    )


class Running(Protocol):
    """What runs one network or several. `name` is what the window shows.

    `own_threads`: whether it computes in threads of its own, so that torch's are in its way.
    """

    @property
    def name(self) -> str: ...

    @property
    def own_threads(self) -> bool: ...

    def wait(self) -> None:
        """Until it is as fast as it will be."""


class Runtime(Running, Protocol):
    """Runs one network. `device`: where its feature maps are."""

    device: torch.device

    def __call__(self, images: Tensor) -> Scores:
        """Normalised images (B, C, H, W), float32 on `device`."""

    def close(self) -> None: ...


class Flat(nn.Module):
    """A network whose output is a plain tuple (logits, feature map[, uncertainty]), for what exports networks."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        output = self.network(images)
        uncertainty = output.uncertainty
        if uncertainty is None:
            return output.logits, output.feature_map
        return output.logits, output.feature_map, uncertainty


def from_flat(arrays: list[Tensor]) -> Scores:
    """The tuple that `Flat` returned, as scores."""
    logits, feature_map, *rest = arrays
    return Scores(logits, rest[0] if rest else None, feature_map)
