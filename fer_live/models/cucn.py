"""CUCN: a ResNet with attention, and two heads for features and their uncertainty. Fan et al. 2022."""

from typing import Literal

from torch import Tensor, nn

from fer_live.models.cbam import CbamInit
from fer_live.models.classifiers import Classifier, build_classifier
from fer_live.models.output import Network
from fer_live.models.resnet import Depth, Stem, map_shape, resnet_trunk

Head = Literal["features", "pool", "mlp"]
MLP_WIDTH = 512


class Embedding(nn.Sequential):
    """Feature map (B, C, h, w) -> embedding (B, D), affine in eval mode. Zhang et al. 2021 (RUL), both heads."""

    def __init__(self, shape: tuple[int, int, int], dimensions: int, dropout: float):
        channels, height, width = shape
        super().__init__(
            nn.BatchNorm2d(channels, eps=2e-5, affine=False),
            nn.Dropout(dropout),
            nn.Flatten(),  # (B, C * h * w)
            nn.Linear(channels * height * width, dimensions),
            nn.BatchNorm1d(dimensions, eps=2e-5),
        )


class Cucn(Network):
    """ResNet-18 or -50 with CBAM, a feature head and an uncertainty head; each part can be left out.

    Images: (B, `channels`, `size`, `size`), normalised. `stem`: see `resnet_trunk`. `cbam_init`: see
    `Cbam.initialise`. `head`: "features" as RUL's; "pool", ResNet's own (mean over the map); or "mlp", a
    hidden layer after the mean (Fan, Zhang and Zhang 2020, second phase). Only "features" goes with uncertainty.
    `classifier`: see `CLASSIFIERS`; `standardise`: see `Network`. `crowd`: how many expressions people voted
    for, 0 for no head that learns their votes.
    """

    def __init__(
        self,
        classes: int = 7,
        depth: Depth = 18,
        channels: int = 1,
        size: int = 48,
        stem: Stem = "3x3/2",
        cbam: bool = True,
        head: Head = "features",
        uncertainty: bool = True,
        dimensions: int = 64,
        dropout: float = 0.4,
        classifier: Classifier = "linear",
        cbam_init: CbamInit = "torch",
        standardise: bool = False,
        crowd: int = 0,
    ):
        super().__init__()
        self.standardise = standardise
        if uncertainty and head != "features":
            raise ValueError(
                f'head="{head}" has no uncertainty: use head="features", or uncertainty=False'
            )
        self.backbone = f"resnet{depth}"
        self.trunk = resnet_trunk(depth, channels, stem, cbam, cbam_init)
        self.map_shape = map_shape(self.trunk, channels, size)
        self.uncertainty = Embedding(self.map_shape, dimensions, dropout) if uncertainty else None
        if head == "features":
            self.width = dimensions
            self.features: nn.Module = Embedding(self.map_shape, dimensions, dropout)
        elif head == "pool":
            self.width = self.map_shape[0]
            self.features = nn.Sequential(*_pooling(), nn.Dropout(dropout))
        elif head == "mlp":
            self.width = MLP_WIDTH
            self.features = nn.Sequential(
                *_pooling(),
                nn.Linear(self.map_shape[0], MLP_WIDTH),
                nn.BatchNorm1d(MLP_WIDTH),
                nn.ReLU(),
                nn.Dropout(dropout),
            )
        else:
            raise ValueError(f"head {head!r} is not one of features, pool, mlp")
        self.classifier = build_classifier(classifier, self.width, classes)
        self.crowd = nn.Linear(self.width, crowd) if crowd else None

    def embed(self, feature_map: Tensor) -> Tensor:
        return self.features(feature_map)

    def log_variance(self, feature_map: Tensor) -> Tensor | None:
        if self.uncertainty is None:
            return None
        # Its exponential follows: this range survives in float16 and bfloat16 too.
        return self.uncertainty(feature_map).clamp(-10, 10)


def _pooling() -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]  # (B, C, h, w) -> (B, C)
