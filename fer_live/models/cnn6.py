"""The FER2013 report's network of six convolutions. Isikli et al. 2021, section 3."""

from torch import Tensor, nn

from fer_live.models.output import Network


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs), nn.ReLU()]


def _reduction() -> list[nn.Module]:
    return [nn.MaxPool2d(2), nn.Dropout(0.2)]


class Cnn6(Network):
    """Six unpadded 3x3 convolutions, pooled after every second: 1,512,295 parameters for 7 classes.

    Images: (B, `channels`, `size`, `size`), normalised. The feature map is the last convolution's, after
    its ReLU and before its pooling: (B, 256, 5, 5) at the report's 48 pixels. `crowd`: how many expressions
    people voted for, as `Cucn` has it [ours]; 0: no head for them.
    """

    def __init__(
        self,
        classes: int = 7,
        channels: int = 1,
        size: int = 48,
        standardise: bool = False,
        crowd: int = 0,
    ):
        super().__init__()
        self.standardise = standardise
        self.trunk = nn.Sequential(
            *_convolution(channels, 16),
            *_convolution(16, 32),
            *_reduction(),
            *_convolution(32, 64),
            *_convolution(64, 128),
            *_reduction(),
            *_convolution(128, 256),
            *_convolution(256, 256),
        )
        place = ((size - 4) // 2 - 4) // 2 - 4  # 5 of 48: each pair of convolutions takes 4
        side = place // 2
        if side < 1:
            raise ValueError(
                f"size {size} is too small for six unpadded convolutions: use 36 or more"
            )
        self.map_shape = (256, place, place)
        self.width = 512
        self.head = nn.Sequential(
            *_reduction(),
            nn.Flatten(),  # (B, 256 * 2 * 2)
            nn.Linear(256 * side * side, self.width),
            nn.Dropout(0.5),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(self.width, classes)
        self.crowd = nn.Linear(self.width, crowd) if crowd else None

    def embed(self, feature_map: Tensor) -> Tensor:
        return self.head(feature_map)

    def channel_weights(self, embedding: Tensor) -> Tensor:
        """(B, 512) -> (B, K, 256): which units are on tells all, because pooling hands each gradient to one place."""
        channels, height, width = self.map_shape
        hidden = self.head.get_parameter("3.weight")
        each = hidden.unflatten(1, (channels, -1)).sum(2)  # (512, 256)
        on = (embedding > 0).to(embedding.dtype)[:, None]
        return (self.classifier.get_parameter("weight") * on) @ each / (height * width)
