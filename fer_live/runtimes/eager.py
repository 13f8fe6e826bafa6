"""Torch itself: the runtime that is always there, and the one for GPUs."""

import torch
from torch import Tensor

from fer_live.models import Network
from fer_live.runtimes.base import Scores


class Eager:
    """The network as torch runs it; in half precision on CUDA, whose tensor cores want it, unless `dtype` says otherwise."""

    name = "torch"
    own_threads = False

    def __init__(self, network: Network, device: torch.device, dtype: torch.dtype | None = None):
        self.device = device
        self.dtype = dtype or (torch.float16 if device.type == "cuda" else torch.float32)
        self._network = network.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Scores:
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            output = self._network(images)
        uncertainty = output.uncertainty
        return Scores(
            output.logits.float().cpu(),
            None if uncertainty is None else uncertainty.float().cpu(),
            output.feature_map.float(),
        )

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass
