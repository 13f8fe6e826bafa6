"""ResNet's trunk, with or without attention, for faces of any size. He et al. 2016.

Not torchvision's: importing that takes a second and 170 MB of the app's, most of it for its detectors.
The parts have its names, so that public weights fit.
"""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from fer_live.models.cbam import Cbam, CbamInit
from fer_live.models.convolution import Convolution

Depth = Literal[18, 50]
Stem = Literal["7x7/2", "3x3/2", "3x3/1"]
STEMS = {"7x7/2": (7, 2), "3x3/2": (3, 2), "3x3/1": (3, 1)}  # kernel and stride


class _Residual(nn.Module, ABC):
    """A residual branch, with CBAM as its last step where it is asked for, and the way around it."""

    expansion = 1  # channels that come out, in `planes`

    def __init__(self, inputs: int, planes: int, stride: int, cbam: bool):
        super().__init__()
        outputs = planes * self.expansion
        self.relu = nn.ReLU(inplace=True)
        self.cbam = Cbam(outputs) if cbam else nn.Identity()
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                Convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
            )

    @abstractmethod
    def branch(self, x: Tensor) -> Tensor:
        """What is added to `x`, before CBAM."""

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.cbam(self.branch(x)) + self.downsample(x))


class BasicBlock(_Residual):
    """Two 3x3 convolutions."""

    def __init__(self, inputs: int, planes: int, stride: int, cbam: bool):
        super().__init__(inputs, planes, stride, cbam)
        self.conv1 = Convolution(inputs, planes, 3, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = Convolution(planes, planes, 3)
        self.bn2 = nn.BatchNorm2d(planes)

    def branch(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))


class Bottleneck(_Residual):
    """A 3x3 convolution between two of 1x1; it has the stride, as in torchvision."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int, cbam: bool):
        super().__init__(inputs, planes, stride, cbam)
        self.conv1 = Convolution(inputs, planes, 1)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = Convolution(planes, planes, 3, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = Convolution(planes, planes * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)

    def branch(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        return self.bn3(self.conv3(self.relu(self.bn2(self.conv2(x)))))


BLOCKS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    50: (Bottleneck, (3, 4, 6, 3)),
}


def resnet_trunk(
    depth: Depth, channels: int, stem: Stem, cbam: bool = False, cbam_init: CbamInit = "torch"
) -> nn.Sequential:
    """Images (B, `channels`, H, W) -> the last stage's map, under torchvision's names for its parts.

    `stem`: "7x7/2" with max-pooling as published, or a 3x3 convolution without pooling for small faces.
    """
    if depth not in BLOCKS:
        raise ValueError(f"depth {depth} is not known: use 18 or 50")
    if stem not in STEMS:
        raise ValueError(f"stem {stem!r} is not one of {', '.join(STEMS)}")
    block, counts = BLOCKS[depth]
    trunk = nn.Sequential()
    trunk.add_module("conv1", Convolution(channels, 64, *STEMS[stem]))
    trunk.add_module("bn1", nn.BatchNorm2d(64))
    trunk.add_module("relu", nn.ReLU(inplace=True))
    if stem == "7x7/2":
        trunk.add_module("maxpool", nn.MaxPool2d(3, stride=2, padding=1))
    inputs = 64
    for stage, count in enumerate(counts):
        planes = 64 * 2**stage
        blocks = nn.Sequential()
        for place in range(count):
            stride = 2 if stage and not place else 1
            blocks.append(block(inputs, planes, stride, cbam))
            inputs = planes * block.expansion
        trunk.add_module(f"layer{stage + 1}", blocks)
    for module in trunk.modules():
        if isinstance(module, Cbam):
            module.initialise(cbam_init)
    return trunk


@torch.no_grad()
def map_shape(trunk: nn.Module, channels: int, size: int) -> tuple[int, int, int]:
    """(C, h, w) of the feature map, by a dry run that leaves the running statistics alone."""
    trunk.eval()
    _, width, height, wide = trunk(torch.zeros(1, channels, size, size)).shape
    trunk.train()
    return width, height, wide
