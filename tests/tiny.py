"""A network small enough to train within a test, and steps that need no network at all."""

import math
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from fer_live.models import Network, Output
from fer_live.models.classifiers import build_classifier
from train.strategies import Step, Task
from train.strategies.criterion import Criterion

SIDE = 16
LN2, LN3 = math.log(2), math.log(3)
UNDECIDED = [[0.0, 0.0], [0.0, 0.0]]  # two faces, each class one half: a cross-entropy of ln 2


def tiny_trunk(width):
    """Grey faces of 16 pixels -> (B, width, 4, 4)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, width, 3, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class TinyNetwork(Network):
    """Two convolutions and ResNet's head, with an uncertainty head for those who ask."""

    def __init__(self, classes=4, classifier="linear"):
        super().__init__()
        self.trunk = tiny_trunk(32)
        self.map_shape = (32, 4, 4)
        self.width = 32
        self.variance = nn.Linear(32, 8)
        self.crowd = nn.Linear(32, 8)
        self.classifier = build_classifier(classifier, 32, classes)

    def embed(self, feature_map):
        return feature_map.mean((2, 3))

    def log_variance(self, feature_map):
        return self.variance(feature_map.mean((2, 3)))


def stripes(count=32, classes=4):
    """(count, 1, 16, 16) faces and their labels: each class a stripe pattern with noise."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % classes
    waves = np.sin(np.arange(SIDE)[None] * (labels[:, None] + 1) / 2)  # (count, 16)
    images = waves[:, None, None, :] + generator.normal(0, 0.3, (count, 1, SIDE, SIDE))
    return torch.from_numpy(images).float(), torch.from_numpy(labels)


def step(logits, labels, progress=0.0, log_variance=None, embedding=None, targets=None, crowd=None):
    """A step whose network says `logits`, whatever it is shown."""
    logits, labels = torch.tensor(logits), torch.tensor(labels)
    embedding = logits if embedding is None else torch.tensor(embedding)
    said = Output(logits, log_variance, embedding[:, :, None, None], embedding, crowd)
    targets = None if targets is None else torch.tensor(targets)
    places = torch.arange(len(labels))
    return Step(lambda: None, lambda images: said, nn.Identity(), labels, places, progress, targets)


def task(weights, labels=None, network=None, width=2, votes=None):
    """A task with one class for each weight; `labels`: of all training faces, one of each by default.

    With `votes` of all training faces, its network has a head for them.
    """
    labels = torch.arange(len(weights)) if labels is None else torch.tensor(labels)
    crowd = None if votes is None else nn.Linear(width, 8)
    network = network or SimpleNamespace(width=width, map_shape=(width, 1, 1), crowd=crowd)
    votes = None if votes is None else np.array(votes, np.uint8)
    return Task(len(weights), labels, Criterion(torch.tensor(weights)), network, votes)


def value(strategy, now):
    """What a step costs."""
    return strategy.loss(now).value.item()
