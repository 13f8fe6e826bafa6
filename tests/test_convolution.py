"""The quick way of a 3x3 convolution on small maps gives the numbers of the other one."""

import pytest
import torch

from fer_live.models.convolution import Convolution


def outcome(convolution, images, autocast=False):
    """Output, and gradients of images and kernel."""
    images = images.detach().clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        said = convolution(images)
    weights = torch.linspace(-1, 1, said.numel()).reshape(said.shape)
    gradients = torch.autograd.grad((said.float() * weights).sum(), (images, convolution.weight))
    return said, *gradients


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("height", [3, 5, 6])
def test_training_on_small_maps_is_the_same_convolution(stride, height):
    torch.manual_seed(0)
    quick, plain = Convolution(4, 7, 3, stride), Convolution(4, 7, 3, stride).eval()
    plain.load_state_dict(quick.state_dict())
    images = torch.randn(2, 4, height, 4).contiguous(memory_format=torch.channels_last)
    for found, expected in zip(outcome(quick, images), outcome(plain, images), strict=True):
        torch.testing.assert_close(found, expected)


def test_under_autocast_it_computes_in_half_precision():
    torch.manual_seed(0)
    quick, plain = Convolution(4, 7, 3), Convolution(4, 7, 3).eval()
    plain.load_state_dict(quick.state_dict())
    images = torch.randn(2, 4, 3, 3)
    found, expected = outcome(quick, images, autocast=True), outcome(plain, images)
    assert found[0].dtype == torch.bfloat16
    for half, full in zip(found, expected, strict=True):
        torch.testing.assert_close(half.float(), full, rtol=0.03, atol=0.05)


@pytest.mark.parametrize(
    ("shape", "kernel", "quick"),
    [((3, 3), 3, True), ((6, 6), 3, True), ((6, 7), 3, False), ((7, 6), 3, False), ((3, 3), 1, False)],
)  # fmt: skip
def test_only_small_maps_and_3x3_kernels_go_the_quick_way(shape, kernel, quick, monkeypatch):
    taken = []
    monkeypatch.setattr(Convolution, "_product", lambda self, x: taken.append(x) or torch.zeros(1))
    convolution = Convolution(2, 2, kernel)
    convolution(torch.zeros(1, 2, *shape))
    assert bool(taken) is quick
    taken.clear()
    convolution.eval()(torch.zeros(1, 2, *shape))
    assert not taken
