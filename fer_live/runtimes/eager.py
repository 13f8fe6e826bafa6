"""Torch itself: the runtime that is always there, and the one for GPUs."""

from functools import partial

import torch
from torch import Tensor

from fer_live.explain.grad_cam import GradCam
from fer_live.models import Network
from fer_live.runtimes.base import Scores
from fer_live.types import FloatArray


class Eager:
    """The network as torch runs it; in half precision on CUDA, whose tensor cores want it, unless `dtype` says otherwise."""

    name = "torch"
    own_threads = False

    def __init__(
        self, network: Network, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
    ):
        self.device = str(device)
        self._device = torch.device(device)
        self.dtype = dtype or (torch.float16 if self._device.type == "cuda" else torch.float32)
        network = network.eval().to(self._device)
        self._grad_cam = GradCam(network, network.map_shape)
        self._network = network.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, images: FloatArray) -> Scores:
        with torch.autocast(self._device.type, self.dtype, enabled=self.dtype != torch.float32):
            output = self._network(torch.from_numpy(images).to(self._device))
        uncertainty = output.uncertainty
        return Scores(
            output.logits.float().cpu().numpy(),
            None if uncertainty is None else uncertainty.float().cpu().numpy(),
            (partial(self._explain, output.feature_map.float()),),
        )

    def _explain(self, feature_map: Tensor) -> FloatArray:
        return self._grad_cam(feature_map).cpu().numpy()

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass
