"""The FER2013 report's transfer networks: a public trunk with new layers on top. Isikli et al. 2021."""

import torch
from torch import Tensor, nn

from fer_live.models.initial import start_for_relu
from fer_live.models.output import Network
from fer_live.models.resnet import map_shape, resnet_trunk

HIDDEN, WIDTH = 1024, 512
POOL = 0
# The outputs of VGG-11's 3x3 convolutions; its last pooling is left out.
VGG11 = (64, POOL, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512)


class _Transfer(Network):
    """A trunk, then 2048-1024-512-K at the report's 48 pixels; larger images make the first of these wider.

    Only `head` and `classifier` train there; the trunk comes from ImageNet.
    """

    def __init__(
        self, trunk: nn.Sequential, pooling: list[nn.Module], classes: int, channels: int, size: int
    ):
        super().__init__()
        self.trunk = trunk
        self.map_shape = map_shape(trunk, channels, size)
        self.width = WIDTH
        flat = nn.Sequential(*pooling, nn.Flatten())
        inputs = flat(torch.zeros(1, *self.map_shape)).shape[1]  # 512 * 2 * 2 at 48 pixels
        self.head = nn.Sequential(
            flat,
            nn.Linear(inputs, HIDDEN),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(HIDDEN, WIDTH),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(WIDTH, classes)

    def embed(self, feature_map: Tensor) -> Tensor:
        return self.head(feature_map)


class Vgg11Transfer(_Transfer):
    """VGG-11 whose last two poolings are one mean over 2x2 places, one place apart.

    Images: (B, `channels`, `size`, `size`), normalised, of 32 pixels or more.
    """

    backbone = "vgg11"

    def __init__(self, classes: int = 7, channels: int = 3, size: int = 48):
        if size < 32:
            raise ValueError(f"size {size} is too small for VGG-11's four poolings: use 32 or more")
        trunk = nn.Sequential()  # its layers' numbers are torchvision's
        inputs = channels
        for outputs in VGG11:
            if outputs == POOL:
                trunk.append(nn.MaxPool2d(2))
                continue
            trunk.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            trunk.append(nn.ReLU(inplace=True))
            inputs = outputs
        start_for_relu(trunk)
        super().__init__(trunk, [nn.AvgPool2d(2, stride=1)], classes, channels, size)


class ResNet18Transfer(_Transfer):
    """ResNet-18 whose last map is taken as it is, without the mean over it.

    Images: (B, `channels`, `size`, `size`), normalised.
    """

    backbone = "resnet18"

    def __init__(self, classes: int = 7, channels: int = 3, size: int = 48):
        super().__init__(resnet_trunk(18, channels, "7x7/2"), [], classes, channels, size)
