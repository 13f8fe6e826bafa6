"""Grad-CAM of all classes at once: closed form where the head has one, a backward pass elsewhere."""

import torch
from torch import Tensor

from fer_live.explain import affine, channels
from fer_live.models import Network
from fer_live.types import FloatArray


class GradCam:
    """Grad-CAM maps of one network in eval mode, from the feature map that its forward pass returned.

    `shape`: (C, h, w) of that map. The target is the logit, the layer the trunk's output. `gradient`:
    (K, C, h, w) of the logits where it is a constant, because the head is affine; else None.
    """

    def __init__(self, network: Network, shape: tuple[int, int, int]):
        self.gradient = affine.head_gradient(network, shape)
        self._constant = None if self.gradient is None else affine.channel_weights(self.gradient)
        self._network = network

    def channel_weights(self, embedding: Tensor) -> Tensor | None:
        """Embedding (B, D) -> weights (B, K, C) of the map's channels, None where a backward pass alone can tell."""
        if self._constant is not None:
            return self._constant.expand(embedding.shape[0], -1, -1)
        return self._network.channel_weights(embedding)

    @torch.no_grad()
    def __call__(self, feature_map: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, K, h, w), one map for each class, >= 0 and not normalised."""
        weights = self._constant
        if weights is None:
            weights = self._network.channel_weights(self._network.embed(feature_map))
        if weights is None:
            return by_backward(self._network, feature_map)
        return channels.grad_cam(weights, feature_map)

    def arrays(self, feature_map: FloatArray) -> FloatArray:
        """The same for arrays, on the CPU."""
        return self(torch.from_numpy(feature_map)).numpy()


def by_backward(network: Network, feature_map: Tensor) -> Tensor:
    """Grad-CAM maps (B, K, h, w) by one backward pass through the head for each class."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = feature_map.clone().requires_grad_()
        logits = network.classify(leaf)  # (B, K)
        maps = []
        for k in range(logits.shape[1]):
            (gradient,) = torch.autograd.grad(logits[:, k].sum(), leaf, retain_graph=True)
            weights = gradient.mean((2, 3))  # (B, C)
            maps.append(torch.einsum("bc,bchw->bhw", weights, leaf.detach()))
        return torch.stack(maps, 1).relu()
