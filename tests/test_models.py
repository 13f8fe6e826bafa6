import pytest
import torch

from fer_live.models import MODELS, Cnn6, Cucn
from train.strategies import STRATEGIES, Step, Task
from train.strategies.criterion import Criterion

IMAGES = torch.linspace(-1, 1, 2 * 48 * 48).reshape(2, 1, 48, 48)


def build(name, **arguments):
    torch.manual_seed(0)
    return MODELS[name](**arguments)


def test_cnn6_has_the_reports_number_of_parameters():
    assert sum(p.numel() for p in Cnn6().parameters()) == 1_512_295


def test_cbam_adds_the_published_number_of_parameters_to_resnet18():
    plain, attentive = (Cucn(cbam=on, head="pool", uncertainty=False) for on in (False, True))
    counts = [sum(p.numel() for p in network.parameters()) for network in (plain, attentive)]
    assert counts[1] - counts[0] == 89_880


def test_cbam_adds_the_published_number_of_parameters_to_resnet50():
    plain, attentive = (
        Cucn(depth=50, cbam=on, head="pool", uncertainty=False) for on in (False, True)
    )
    counts = [sum(p.numel() for p in network.parameters()) for network in (plain, attentive)]
    assert counts[1] - counts[0] == 2_532_592


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (512, 3, 3)),
        ({"stem": "3x3/1"}, (512, 6, 6)),
        ({"stem": "7x7/2", "size": 224, "channels": 3}, (512, 7, 7)),
        ({"depth": 50}, (2048, 3, 3)),
        ({"cbam": False}, (512, 3, 3)),
        ({"head": "pool", "uncertainty": False}, (512, 3, 3)),
    ],
)
def test_cucn_shapes(arguments, shape):
    network = build("cucn", **arguments).eval()
    size, channels = arguments.get("size", 48), arguments.get("channels", 1)
    output = network(torch.zeros(2, channels, size, size))
    assert output.logits.shape == (2, 7)
    assert output.feature_map.shape == (2, *shape)


def test_uncertainty_is_positive_and_can_be_left_out():
    assert (build("cucn").eval()(IMAGES).uncertainty > 0).all()
    assert build("cucn", uncertainty=False).eval()(IMAGES).log_variance is None


def test_pooled_head_refuses_uncertainty():
    with pytest.raises(ValueError, match="no uncertainty"):
        Cucn(head="pool", uncertainty=True)


def test_logits_follow_from_the_feature_map():
    for name in MODELS:
        network = build(name).eval()
        output = network(IMAGES)
        torch.testing.assert_close(network.classify(output.feature_map), output.logits)


@pytest.mark.parametrize(("name", "strategy"), [("cucn", "rul"), ("cnn6", "supervised")])
def test_every_parameter_receives_a_gradient(name, strategy):
    network = build(name).train()
    images, labels = torch.randn(16, 1, 48, 48), torch.arange(16) % 7
    learning = STRATEGIES[strategy](Task(7, labels, Criterion(torch.ones(7)), network))
    step = Step(lambda: images, network, labels, torch.arange(16), progress=0.9)
    learning.loss(step).value.backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@pytest.mark.parametrize(
    ("name", "logits"),
    [
        ("cucn", [-0.0632, -0.0889, 0.1177, -0.0628, 0.0910, 0.0199, 0.0318]),
        ("cnn6", [-0.0290, -0.0299, -0.0485, 0.0212, 0.0220, 0.0207, -0.0179]),
    ],
)
def test_golden_outputs_of_seed_0(name, logits):
    found = build(name).eval()(IMAGES).logits[1]
    torch.testing.assert_close(found, torch.tensor(logits), atol=2e-4, rtol=0)


def test_golden_uncertainty_of_seed_0():
    found = build("cucn").eval()(IMAGES).uncertainty
    torch.testing.assert_close(found, torch.tensor([1.00237, 1.00149]), atol=1e-4, rtol=0)
