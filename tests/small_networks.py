"""Networks of some thousand parameters, for those who train and read with any: they take the places of real ones."""

from functools import wraps
from inspect import signature

import pytest
from torch import nn

from fer_live.models import MODELS, Cucn, Network
from fer_live.models.classifiers import build_classifier


class SmallCnn6(Network):
    """Two convolutions and their mean, for faces of any size; it drops some of it while it trains, as Cnn6 does."""

    def __init__(
        self, classes=7, channels=1, size=48, standardise=False, crowd=0, classifier="linear"
    ):
        super().__init__()
        self.standardise = standardise
        self.trunk = nn.Sequential(
            nn.Conv2d(channels, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        )  # fmt: skip
        self.map_shape = (32, size // 4, size // 4)
        self.width = 32
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2))
        self.classifier = build_classifier(classifier, self.width, classes)
        self.crowd = nn.Linear(self.width, crowd) if crowd else None

    def embed(self, feature_map):
        return self.head(feature_map)


class SmallCucn(SmallCnn6):
    """The same with an uncertainty head, unless it is left out; what else makes a CUCN is taken, and ignored."""

    @wraps(Cucn.__init__)
    def __init__(self, *arguments, **named):
        asked = signature(Cucn).bind(*arguments, **named)
        asked.apply_defaults()
        same = signature(SmallCnn6).parameters.keys() & asked.arguments.keys()
        super().__init__(**{name: asked.arguments[name] for name in same})
        self.uncertainty = None
        if asked.arguments["uncertainty"]:
            pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.uncertainty = nn.Sequential(*pooled, nn.Linear(self.width, self.width))

    def log_variance(self, feature_map):
        return None if self.uncertainty is None else self.uncertainty(feature_map)


def use_small_networks(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(MODELS, "cnn6", SmallCnn6)
    patch.setitem(MODELS, "cucn", SmallCucn)
