"""ResNet's trunk, with or without attention, for faces of any size. He et al. 2016."""

from typing import Any, Literal

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from fer_live.models.cbam import Cbam, CbamInit

Depth = Literal[18, 50]
Stem = Literal["7x7/2", "3x3/2", "3x3/1"]
STEMS = {"7x7/2": (7, 2), "3x3/2": (3, 2), "3x3/1": (3, 1)}  # kernel and stride


class AttentiveBasicBlock(BasicBlock):
    """ResNet's basic block with CBAM as the last step of its residual branch."""

    def __init__(self, inplanes: int, planes: int, *args: Any, **kwargs: Any):
        super().__init__(inplanes, planes, *args, **kwargs)
        self.cbam = Cbam(planes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.cbam(self.bn2(self.conv2(out)))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class AttentiveBottleneck(Bottleneck):
    """ResNet's bottleneck with CBAM as the last step of its residual branch."""

    def __init__(self, inplanes: int, planes: int, *args: Any, **kwargs: Any):
        super().__init__(inplanes, planes, *args, **kwargs)
        self.cbam = Cbam(planes * self.expansion)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.cbam(self.bn3(self.conv3(out)))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


BLOCKS = {
    (18, True): (AttentiveBasicBlock, [2, 2, 2, 2]),
    (18, False): (BasicBlock, [2, 2, 2, 2]),
    (50, True): (AttentiveBottleneck, [3, 4, 6, 3]),
    (50, False): (Bottleneck, [3, 4, 6, 3]),
}


def resnet_trunk(
    depth: Depth, channels: int, stem: Stem, cbam: bool = False, cbam_init: CbamInit = "torch"
) -> nn.Sequential:
    """Images (B, `channels`, H, W) -> the last stage's map, under torchvision's names for its parts.

    `stem`: "7x7/2" with max-pooling as published, or a 3x3 convolution without pooling for small faces.
    """
    if (depth, cbam) not in BLOCKS:
        raise ValueError(f"depth {depth} is not known: use 18 or 50")
    if stem not in STEMS:
        raise ValueError(f"stem {stem!r} is not one of {', '.join(STEMS)}")
    kernel, stride = STEMS[stem]
    resnet = ResNet(*BLOCKS[depth, cbam])
    resnet.conv1 = nn.Conv2d(channels, 64, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(resnet.conv1.weight, mode="fan_out", nonlinearity="relu")
    names = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
    if stem != "7x7/2":
        names.remove("maxpool")
    trunk = nn.Sequential()
    for name in names:
        trunk.add_module(name, getattr(resnet, name))
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
