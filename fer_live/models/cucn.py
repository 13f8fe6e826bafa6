"""CUCN: a ResNet with attention, and two heads for features and their uncertainty. Fan et al. 2022."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from fer_live.models.cbam import Cbam
from fer_live.models.output import Network

Stem = Literal["7x7/2", "3x3/2", "3x3/1"]
Head = Literal["features", "pool"]


class AttentiveBasicBlock(BasicBlock):
    """ResNet's basic block with CBAM as the last step of its residual branch."""

    def __init__(self, inplanes: int, planes: int, *args: Any, **kwargs: Any):
        super().__init__(inplanes, planes, *args, **kwargs)
        self.cbam = Cbam(planes)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.cbam(self.bn2(self.conv2(out)))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class AttentiveBottleneck(Bottleneck):
    """ResNet's bottleneck with CBAM as the last step of its residual branch."""

    def __init__(self, inplanes: int, planes: int, *args: Any, **kwargs: Any):
        super().__init__(inplanes, planes, *args, **kwargs)
        self.cbam = Cbam(planes * self.expansion)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.cbam(self.bn3(self.conv3(out)))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class Embedding(nn.Sequential):
    """Feature map (B, C, h, w) -> embedding (B, D), affine in eval mode. Zhang et al. 2021 (RUL), both heads."""

    def __init__(self, channels: int, side: int, dimensions: int, dropout: float):
        super().__init__(
            nn.BatchNorm2d(channels, eps=2e-5, affine=False),
            nn.Dropout(dropout),
            nn.Flatten(),  # (B, C * h * w)
            nn.Linear(channels * side * side, dimensions),
            nn.BatchNorm1d(dimensions, eps=2e-5),
        )


class Cucn(Network):
    """ResNet-18 or -50 with CBAM, a feature head and an uncertainty head; each part can be left out.

    Images: (B, `channels`, `size`, `size`), normalised. `stem`: "7x7/2" with max-pooling as published,
    or a 3x3 convolution without pooling for small faces. `head`: "features" as RUL's, or "pool", ResNet's
    own (mean over the map, then linear), which has no uncertainty.
    """

    def __init__(
        self,
        classes: int = 7,
        depth: Literal[18, 50] = 18,
        channels: int = 1,
        size: int = 48,
        stem: Stem = "3x3/2",
        cbam: bool = True,
        head: Head = "features",
        uncertainty: bool = True,
        dimensions: int = 64,
        dropout: float = 0.4,
    ):
        super().__init__()
        if uncertainty and head == "pool":
            raise ValueError(
                'head="pool" has no uncertainty: use head="features", or uncertainty=False'
            )
        self.trunk = _trunk(depth, channels, stem, cbam)
        width, side = _map_shape(self.trunk, channels, size)
        self.uncertainty = Embedding(width, side, dimensions, dropout) if uncertainty else None
        if head == "features":
            self.features: nn.Module = Embedding(width, side, dimensions, dropout)
            self.classifier = nn.Linear(dimensions, classes)
        else:
            self.features = nn.Sequential(
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout)
            )
            self.classifier = nn.Linear(width, classes)

    def embed(self, feature_map: Tensor) -> Tensor:
        return self.features(feature_map)

    def log_variance(self, feature_map: Tensor) -> Tensor | None:
        if self.uncertainty is None:
            return None
        # Its exponential follows: this range survives in float16 and bfloat16 too.
        return self.uncertainty(feature_map).clamp(-10, 10)


def _trunk(depth: int, channels: int, stem: Stem, cbam: bool) -> nn.Sequential:
    blocks = {
        (18, True): (AttentiveBasicBlock, [2, 2, 2, 2]),
        (18, False): (BasicBlock, [2, 2, 2, 2]),
        (50, True): (AttentiveBottleneck, [3, 4, 6, 3]),
        (50, False): (Bottleneck, [3, 4, 6, 3]),
    }
    if (depth, cbam) not in blocks:
        raise ValueError(f"depth {depth} is not known: use 18 or 50")
    kernel, stride = {"7x7/2": (7, 2), "3x3/2": (3, 2), "3x3/1": (3, 1)}[stem]
    block, layers = blocks[depth, cbam]
    resnet = ResNet(block, layers)
    resnet.conv1 = nn.Conv2d(channels, 64, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(resnet.conv1.weight, mode="fan_out", nonlinearity="relu")
    names = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
    if stem != "7x7/2":
        names.remove("maxpool")
    trunk = nn.Sequential()
    for name in names:
        trunk.add_module(name, getattr(resnet, name))
    return trunk


@torch.no_grad()
def _map_shape(trunk: nn.Module, channels: int, size: int) -> tuple[int, int]:
    """Channels and side of the feature map, by a dry run that leaves the running statistics alone."""
    trunk.eval()
    _, width, side, _ = trunk(torch.zeros(1, channels, size, size)).shape
    trunk.train()
    return width, side
