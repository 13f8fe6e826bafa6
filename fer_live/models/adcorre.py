"""Ad-Corre's network: several embeddings of one face side by side. Fard and Mahoor 2022."""

import torch.nn.functional as F
from torch import Tensor, nn

from fer_live.models.output import Network
from fer_live.models.resnet import Depth, Stem, map_shape, resnet_trunk


class AdCorre(Network):
    """A ResNet whose pooled map goes to `embeddings` unit vectors of `dimensions` each, then to one classifier.

    Images: (B, `channels`, `size`, `size`), normalised. The embedding is all of them in a row:
    (B, `embeddings` * `dimensions`). The published trunk is Xception.
    """

    def __init__(
        self,
        classes: int = 7,
        depth: Depth = 18,
        channels: int = 1,
        size: int = 48,
        stem: Stem = "3x3/2",
        embeddings: int = 10,
        dimensions: int = 256,
        dropout: float = 0.5,
    ):
        super().__init__()
        self.backbone = f"resnet{depth}"
        self.trunk = resnet_trunk(depth, channels, stem)
        self.map_shape = map_shape(self.trunk, channels, size)
        self.embeddings = embeddings
        self.width = embeddings * dimensions
        self.features = nn.Linear(self.map_shape[0], self.width)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.width, classes))

    def embed(self, feature_map: Tensor) -> Tensor:
        each = self.features(feature_map.mean((2, 3))).unflatten(1, (self.embeddings, -1))
        return F.normalize(each, dim=2).flatten(1)  # (B, k, D) -> (B, k * D)
