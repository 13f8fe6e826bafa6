"""CBAM, the convolutional block attention module. Woo et al. 2018."""

import torch
from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """Weigh each channel by its mean and its peak: (B, C, H, W) -> (B, C, H, W). Woo et al. 2018, eq. 2."""

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        hidden = max(channels // reduction, 4)
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean, peak = x.mean((2, 3)), x.amax((2, 3))  # (B, C) each
        gate = torch.sigmoid(self.mlp(mean) + self.mlp(peak))  # one shared MLP, as published
        return x * gate[:, :, None, None]


class SpatialAttention(nn.Module):
    """Weigh each place by its peak and mean over channels: (B, C, H, W) -> same. Woo et al. 2018, eq. 3."""

    def __init__(self, kernel: int = 7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        summary = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)  # (B, 2, H, W)
        return x * torch.sigmoid(self.norm(self.conv(summary)))


class Cbam(nn.Module):
    """Channel attention, then spatial attention: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.channel = ChannelAttention(channels)
        self.spatial = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(self.channel(x))
