"""CBAM, the convolutional block attention module. Woo et al. 2018."""

from typing import Literal

import torch
from torch import Tensor, nn

CbamInit = Literal["torch", "paper", "identity"]
OPEN = 4.0  # sigmoid(4) is .98: a gate that lets nearly all pass


def _peak(x: Tensor, dim: int, training: bool) -> Tensor:
    """The largest value along a dimension, which stays with size 1.

    `amax` shares its gradient among all places that equal the peak. A kernel compiled for CUDA in bfloat16
    computes them again, rounded otherwise, and where none is equal any more it divides by 0. There, the first
    place that has the peak gets it all.
    """
    if training and x.is_cuda:
        return x.max(dim, keepdim=True).values
    return x.amax(dim, keepdim=True)


class ChannelAttention(nn.Module):
    """Weigh each channel by its mean and its peak: (B, C, H, W) -> (B, C, H, W). Woo et al. 2018, eq. 2."""

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        hidden = max(channels // reduction, 4)
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean, peak = x.mean((2, 3)), _peak(x.flatten(2), 2, self.training)[..., 0]  # (B, C) each
        gate = torch.sigmoid(self.mlp(mean) + self.mlp(peak))  # one shared MLP, as published
        return x * gate[:, :, None, None]


class SpatialAttention(nn.Module):
    """Weigh each place by its peak and mean over channels: (B, C, H, W) -> same. Woo et al. 2018, eq. 3."""

    def __init__(self, kernel: int = 7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        peak = _peak(x, 1, self.training)
        summary = torch.cat([peak, x.mean(1, keepdim=True)], 1)  # (B, 2, H, W)
        return x * torch.sigmoid(self.norm(self.conv(summary)))


class Cbam(nn.Module):
    """Channel attention, then spatial attention: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.channel = ChannelAttention(channels)
        self.spatial = SpatialAttention()

    def initialise(self, how: CbamInit) -> None:
        """Start the gates one of three ways.

        "torch": torch's own, as built. "paper": as the reference implementation, without biases and with
        a spatial gate of one half everywhere. "identity": nearly open, so that a pretrained trunk starts
        with the maps it was trained for; the other two begin by dividing each residual by about four.
        """
        if how == "torch":
            return
        first, last = (layer for layer in self.channel.mlp if isinstance(layer, nn.Linear))
        norm = self.spatial.norm
        nn.init.zeros_(norm.weight)
        if how == "paper":
            nn.init.zeros_(first.bias)
            nn.init.zeros_(last.bias)
            nn.init.kaiming_normal_(self.spatial.conv.weight, mode="fan_out", nonlinearity="relu")
        elif how == "identity":
            nn.init.zeros_(last.weight)
            nn.init.constant_(last.bias, OPEN / 2)  # added twice: for the mean and for the peak
            nn.init.constant_(norm.bias, OPEN)
        else:
            raise ValueError(f"cbam_init {how!r} is not one of torch, paper, identity")

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(self.channel(x))
