"""Every strategy learns 32 faces by heart."""

import pytest
import torch
import torch.nn.functional as F

from fer_live.models.adcorre import AdCorre
from tests.tiny import SIDE, TinyNetwork, stripes, tiny_trunk
from train.strategies import STRATEGIES, Step, Task, build_strategy
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


def learn(name, images, labels):
    """Sixty steps on all faces, each time with a little noise; the network and its strategy."""
    network = network_for(name)
    task = Task(4, labels, Criterion(torch.ones(4)), network)
    strategy = build_strategy(name, task, OPTIONS.get(name, {}))
    both = torch.nn.ModuleList([network, strategy]).train()
    optimizer = torch.optim.Adam(both.parameters(), lr=5e-3)
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
    assert (network(images).logits.argmax(1) == labels).float().mean() > 0.95


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
