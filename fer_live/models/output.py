"""What every network offers."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

FLAT = 1e-3  # added to the variance: where there is almost no picture, its noise is not blown up


class Output(NamedTuple):
    """One forward pass over B images with K classes.

    `logits`: (B, K). `log_variance`: (B, D) log variances of the D-dimensional embedding, or None where
    the network has no uncertainty head. `feature_map`: (B, C, h, w), the last one: what heat-maps weigh.
    `embedding`: (B, D), what the last layer classifies. `crowd`: (B, V) logits of how people's votes for
    each face are shared among V expressions, or None without a head for them.
    """

    logits: Tensor
    log_variance: Tensor | None
    feature_map: Tensor
    embedding: Tensor
    crowd: Tensor | None = None

    @property
    def uncertainty(self) -> Tensor | None:
        """(B,) higher where less sure: how far people are expected to disagree, else `variance`.

        The former is the entropy in nats of the expected votes.
        """
        if self.crowd is None:
            return self.variance
        expected = self.crowd.float().log_softmax(1)
        return -(expected.exp() * expected).sum(1)  # in operations that every runtime has

    @property
    def variance(self) -> Tensor | None:
        """(B,) the mean variance over the embedding's dimensions, > 0 and relative. Zhang et al. 2021 (RUL)."""
        return None if self.log_variance is None else self.log_variance.float().exp().mean(1)


def standardised(images: Tensor) -> Tensor:
    """(B, C, H, W) -> the same, each picture with mean 0 and deviation 1 over its pixels and channels."""
    centred = images.float() - images.float().mean((1, 2, 3), keepdim=True)
    variance = centred.square().mean((1, 2, 3), keepdim=True)
    return centred / torch.sqrt(variance + FLAT)


class Network(nn.Module, ABC):
    """A trunk that ends in a feature map, and heads that say what it means. In eval mode it reads faces.

    `standardise`: it gives each picture the same mean and contrast first, so that dim and pale ones look alike.
    `classifier`: embedding (B, D) -> logits (B, K). `map_shape`: (C, h, w) of the feature map; `width`: D.
    `backbone`: torchvision's name for the trunk, "" where no public weights fit it. `crowd`: embedding (B, D)
    -> logits (B, V) of people's votes, or None.
    """

    trunk: nn.Module
    classifier: nn.Module
    map_shape: tuple[int, int, int]
    width: int
    backbone: str = ""
    standardise: bool = False
    crowd: nn.Module | None

    def __init__(self) -> None:
        super().__init__()
        self.crowd = None

    @abstractmethod
    def embed(self, feature_map: Tensor) -> Tensor:
        """Feature map (B, C, h, w) -> embedding (B, D)."""

    def log_variance(self, feature_map: Tensor) -> Tensor | None:
        """Feature map (B, C, h, w) -> log variances (B, D), or None without an uncertainty head."""
        return None

    def channel_weights(self, embedding: Tensor) -> Tensor | None:
        """Embedding (B, D) -> the logits' gradients, meaned over the feature map's places: (B, K, C).

        None where the embedding does not tell them, or all embeddings have the same.
        """
        return None

    def classify(self, feature_map: Tensor) -> Tensor:
        """Feature map (B, C, h, w) -> logits (B, K)."""
        return self.classifier(self.embed(feature_map))

    def forward(self, images: Tensor) -> Output:
        """Images (B, channels, H, W), normalised."""
        feature_map = self.trunk(standardised(images) if self.standardise else images)
        embedding = self.embed(feature_map)
        logits = self.classifier(embedding)
        crowd = None if self.crowd is None else self.crowd(embedding)
        return Output(logits, self.log_variance(feature_map), feature_map, embedding, crowd)
