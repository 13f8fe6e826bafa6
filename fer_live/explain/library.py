"""The methods that need more than one pass, through pytorch-grad-cam, and HiResCAM in closed form."""

import copy
import threading
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.explain import affine
from fer_live.explain.grad_cam import GradCam
from fer_live.explain.methods import METHODS
from fer_live.models import Network
from fer_live.preprocess import to_input
from fer_live.types import FloatArray


class Explainer:
    """Heat-maps of one network by any of METHODS, on a copy of its own: the library leaves hooks while it works.

    One thread at a time; others wait.
    """

    def __init__(self, network: Network, card: Card):
        self.card = card
        self._network = copy.deepcopy(network).cpu().float().eval()
        self._network.requires_grad_(False)
        self._lock = threading.Lock()
        self._grad_cam = GradCam(self._network, self._network.map_shape)

    def __call__(self, crop: NDArray[np.uint8], method: str, target: int) -> FloatArray:
        """(h, w) float32 >= 0 of a crop, (H, W) grey or (H, W, 3) RGB, for the class numbered `target`.

        Grad-CAM's and HiResCAM's are not normalised; the library's lie in [0, 1], each scaled by
        itself. Raises UserError on another method.
        """
        if method not in METHODS:
            raise UserError(f"no method {method!r}; choose one of {', '.join(METHODS)}")
        images = torch.from_numpy(to_input([crop], self.card))
        with self._lock:
            if method == "Grad-CAM":
                return self._own(images)[target]
            if method == "HiResCAM" and self._grad_cam.gradient is not None:
                with torch.inference_mode():
                    maps = affine.hires_cam(
                        self._grad_cam.gradient, self._network(images).feature_map
                    )
                return maps[0, target].relu().numpy()
            return self._library(METHODS[method] or "HiResCAM", images, target)

    def _own(self, images: Tensor) -> FloatArray:
        with torch.inference_mode():
            feature_map = self._network(images).feature_map
        return self._grad_cam(feature_map)[0].detach().numpy()

    def _library(self, name: str, images: Tensor, target: int) -> FloatArray:
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        method: Any = getattr(pytorch_grad_cam, name)
        images = images.contiguous().requires_grad_()  # the parameters stay without gradients
        with method(model=_Logits(self._network), target_layers=[self._network.trunk]) as cam:
            found = cam(images, [ClassifierOutputTarget(target)])
        return np.nan_to_num(np.asarray(found[0], np.float32)).clip(0)


class _Logits(nn.Module):
    """What the library expects: a module that returns logits alone."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images).logits
