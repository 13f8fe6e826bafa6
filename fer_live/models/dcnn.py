"""RAF-DB's base network of six convolutions, which DLP-CNN trains too. Li, Deng and Du 2017."""

from torch import Tensor, nn

from fer_live.models.initial import start_for_relu
from fer_live.models.output import Network

WIDTH = 2000


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]


class Dcnn(Network):
    """Six padded 3x3 convolutions, three of them pooled, and a hidden layer of 2000.

    Images: (B, `channels`, `size`, `size`), normalised; published for 100 pixels in colour. It has no
    normalisation layers.
    """

    def __init__(self, classes: int = 7, channels: int = 3, size: int = 100):
        super().__init__()
        side = size // 8
        if side < 1:
            raise ValueError(f"size {size} is too small for three poolings: use 8 or more")
        self.trunk = nn.Sequential(
            *_convolution(channels, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 96),
            nn.MaxPool2d(2),
            *_convolution(96, 128),
            *_convolution(128, 128),
            nn.MaxPool2d(2),
            *_convolution(128, 256),
            *_convolution(256, 256),
        )
        self.map_shape = (256, side, side)
        self.width = WIDTH
        self.head = nn.Sequential(
            nn.Flatten(),  # (B, 256 * side * side)
            nn.Linear(256 * side * side, WIDTH),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(WIDTH, classes)
        start_for_relu([*self.trunk, *self.head])

    def embed(self, feature_map: Tensor) -> Tensor:
        return self.head(feature_map)
