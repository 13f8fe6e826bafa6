"""Closed-form heat-maps for networks whose head is affine: one table, no backward pass."""

import torch
from torch import Tensor

from fer_live.models import Network

SAME = 1e-4  # relative difference up to which two gradients are one
# Far out, all units of a hidden layer may be off, and the gradient the same nothing everywhere.
SPREADS = (0.0, 0.1, 1.0, 10.0)


def head_gradient(network: Network, shape: tuple[int, int, int]) -> Tensor | None:
    """Gradient (K, C, h, w) of every logit with respect to the feature map, where it is a constant.

    `network` is in eval mode; `shape`: (C, h, w) of its feature map. None where the gradient depends
    on the map, so that the head is not affine.
    """
    parameter = next(network.parameters())
    generator = torch.Generator().manual_seed(0)
    first = None
    for spread in SPREADS:
        place = spread * torch.randn(1, *shape, generator=generator)
        found = _jacobian(network, place.to(parameter.device, parameter.dtype))
        first = found if first is None else first
        if (found - first).abs().max() > SAME * first.abs().max():
            return None
    return first


def _jacobian(network: Network, feature_map: Tensor) -> Tensor:
    """(1, C, h, w) -> (K, C, h, w)."""
    return torch.autograd.functional.jacobian(network.classify, feature_map)[0, :, 0]


def channel_weights(gradient: Tensor) -> Tensor:
    """Grad-CAM's weights (K, C) of the constant gradient (K, C, h, w): its means over the map."""
    return gradient.mean((2, 3))


def hires_cam(gradient: Tensor, feature_map: Tensor) -> Tensor:
    """HiResCAM of every class, before its ReLU: (K, C, h, w), (B, C, h, w) -> (B, K, h, w).

    Draelos and Carin 2020. Each map adds up to logit(map) - logit(0) exactly.
    """
    return torch.einsum("kchw,bchw->bkhw", gradient, feature_map)
