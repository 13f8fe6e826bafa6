"""Every strategy learns 32 faces by heart."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fer_live.models.adcorre import AdCorre
from tests.tiny import SIDE, TinyNetwork, stripes, tiny_trunk
from train.data import ferplus
from train.strategies import STRATEGIES, Step, Task, build_strategy
from train.strategies import criterion as criteria
from train.strategies.criterion import Criterion

STEPS = 60
OPTIONS = {"dacl": {"hidden": [32, 16]}, "scn": {"high_share": 0.7}}


def network_for(strategy):
    torch.manual_seed(0)
    if strategy == "adcorre":
        network = AdCorre(classes=4, size=SIDE, embeddings=2, dimensions=16, dropout=0.0)
        network.trunk = tiny_trunk(512)
        return network
    return TinyNetwork(classifier="cosine" if strategy == "ldam" else "linear")


def learn(name, images, labels, criterion=None, network=None, trains=""):
    """Sixty steps on all faces, each time with a little noise; the network and its strategy."""
    network = network or network_for(name)
    votes = 10 * np.eye(len(ferplus.COLUMNS), dtype=np.uint8)[labels]
    task = Task(4, labels, criterion or Criterion(torch.ones(4)), network, votes)
    strategy = build_strategy(name, task, OPTIONS.get(name, {}))
    both = torch.nn.ModuleList([network, strategy]).train()
    for part, parameter in network.named_parameters():
        parameter.requires_grad_(part.startswith(trains))
    optimizer = torch.optim.Adam((p for p in both.parameters() if p.requires_grad), lr=5e-3)
    targets = 0.9 * F.one_hot(labels, 4) + 0.025
    for i in range(STEPS):
        step = Step(
            lambda: images + 0.1 * torch.randn_like(images),
            network,
            network.classifier,
            labels,
            torch.arange(len(labels)),
            i / STEPS,
            targets,
        )
        optimizer.zero_grad()
        strategy.loss(step).value.backward()
        optimizer.step()
        strategy.after_step()
    both.eval()
    return network, strategy


CLASSIFYING = sorted(
    name for name in STRATEGIES if STRATEGIES[name].classifies and name != "tau_norm"
)


@pytest.mark.parametrize("name", CLASSIFYING)
def test_a_strategy_learns_32_faces_by_heart(name):
    images, labels = stripes()
    network, _ = learn(name, images, labels)
    assert right(network, images, labels) > 0.95


def right(network, images, labels):
    return (network(images).logits.argmax(1) == labels).float().mean()


@pytest.mark.parametrize(
    ("weights", "mode", "smoothing"),
    [
        (1.0, "loss", 0.0),
        ([1.0, 2.0, 1.0, 1.0], "loss", 0.0),
        (1.0, "prior", 0.0),
        (0.99, "class_balanced", 0.0),
        (0.0, "loss", 0.1),
    ],
)
def test_weighted_and_smoothed_losses_learn_32_faces_by_heart(weights, mode, smoothing):
    images, labels = stripes()
    criterion = criteria.build(torch.tensor([4, 8, 8, 12]), weights, mode, smoothing)
    network, _ = learn("supervised", images, labels, criterion)
    assert right(network, images, labels) > 0.95


@pytest.mark.parametrize("name", ["distillation", "multitask"])
def test_the_second_classifier_learns_how_people_voted_for_32_faces(name):
    images, labels = stripes()
    network, strategy = learn(name, images, labels)
    said, voted = network(images).crowd.argmax(1), strategy.people.shares.argmax(1)
    assert (said == voted).float().mean() > 0.95
    assert voted.unique().numel() == 4


@pytest.mark.parametrize("classifier", ["linear", "scaled"])
def test_a_classifier_on_frozen_features_learns_32_faces_by_heart(classifier):
    images, labels = stripes()
    first, _ = learn("supervised", images, labels)
    second = TinyNetwork(classifier=classifier)
    second.trunk = first.trunk
    network, _ = learn("supervised", images, labels, network=second, trains="classifier")
    assert right(network, images, labels) > 0.95


def test_an_evened_out_classifier_knows_32_faces_by_heart():
    images, labels = stripes()
    network, _ = learn("supervised", images, labels)
    strategy = build_strategy("tau_norm", Task(4, labels, Criterion(torch.ones(4)), network), {})
    strategy.adjust(network, lambda: right(network, images, labels).item())
    assert right(network, images, labels) > 0.95


def test_simclr_tells_32_faces_apart():
    torch.manual_seed(1)
    images, labels = torch.randn(32, 1, SIDE, SIDE), torch.arange(32) % 4

    def found(network, strategy):
        first, second = (
            F.normalize(strategy.projection(network(images + noise).embedding))
            for noise in 0.1 * torch.randn(2, *images.shape)
        )
        return ((first @ second.T).argmax(1) == torch.arange(32)).float().mean()

    network, strategy = learn("simclr", images, labels)
    untouched = network_for("simclr").classifier.weight
    assert found(network, strategy) > 0.95
    torch.testing.assert_close(network.classifier.weight, untouched)
