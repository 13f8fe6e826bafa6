import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from fer_live import card as cards
from fer_live import weight_files
from fer_live.explain import affine
from fer_live.explain.grad_cam import GradCam, by_backward
from fer_live.models import MODELS


class Logits(nn.Module):
    """What pytorch-grad-cam expects: a module that returns logits alone."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images).logits


def library_maps(network, images):
    """(B, K, h, w) Grad-CAM maps of pytorch-grad-cam, before its scaling."""
    network.requires_grad_(True)
    with GradCAM(Logits(network), [network.trunk]) as cam:
        maps = []
        for k in range(7):
            cam(images, [ClassifierOutputTarget(k)] * len(images))
            activations = cam.activations_and_grads.activations[0].numpy()
            gradients = cam.activations_and_grads.gradients[0].numpy()
            weights = gradients.mean((2, 3))
            maps.append(np.maximum((weights[:, :, None, None] * activations).sum(1), 0))
    return np.stack(maps, 1)


def with_statistics(network):
    """The network in eval mode, with running statistics that are not the initial ones."""
    torch.manual_seed(1)
    network.train()
    for _ in range(3):
        network(torch.randn(8, 1, 48, 48))
    return network.eval()


def relative_error(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


NETWORKS = {
    "cucn": lambda: MODELS["cucn"](),
    "pool": lambda: MODELS["cucn"](head="pool", uncertainty=False),
    "cnn6": lambda: MODELS["cnn6"](),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_equal_the_librarys_on_random_weights(name):
    torch.manual_seed(0)
    network = with_statistics(NETWORKS[name]())
    images = torch.randn(3, 1, 48, 48)
    feature_map = network(images).feature_map.detach()
    found = GradCam(network, tuple(feature_map.shape[1:]))(feature_map)
    assert relative_error(found.detach().numpy(), library_maps(network, images)) < 1e-4


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_maps_equal_the_librarys_on_shipped_weights(name):
    network, card = weight_files.load(cards.find_weights(name))
    torch.manual_seed(0)
    images = torch.randn(2, card.channels, card.size, card.size)
    feature_map = network(images).feature_map
    found = GradCam(network, tuple(feature_map.shape[1:]))(feature_map)
    assert relative_error(found.detach().numpy(), library_maps(network, images)) < 1e-4


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_shipped_networks_need_no_backward_pass(monkeypatch, name):
    network = MODELS[name]().eval()
    grad_cam = GradCam(network, network.map_shape)
    monkeypatch.setattr("torch.autograd.grad", lambda *_, **__: pytest.fail("goes backward"))
    assert grad_cam(torch.rand(2, *network.map_shape)).shape == (2, 7, *network.map_shape[1:])


def test_a_head_whose_units_are_all_off_far_out_is_not_affine():
    network = MODELS["cnn6"]().eval()
    with torch.no_grad():
        hidden = network.head[3]
        hidden.weight.copy_(-hidden.weight.abs())
        hidden.bias.fill_(0.1)
    assert affine.head_gradient(network, (256, 5, 5)) is None


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_backward_pass_agrees_with_the_closed_form(name):
    network = with_statistics(MODELS[name]())
    feature_map = torch.rand(2, *network.map_shape)
    closed = GradCam(network, network.map_shape)(feature_map)
    torch.testing.assert_close(by_backward(network, feature_map), closed, rtol=1e-4, atol=1e-5)


def test_hires_cam_adds_up_to_the_logits_change():
    network = with_statistics(MODELS["cucn"]())
    feature_map = torch.rand(2, 512, 3, 3)
    gradient = affine.head_gradient(network, (512, 3, 3))
    total = affine.hires_cam(gradient, feature_map).sum((2, 3))
    change = network.classify(feature_map) - network.classify(torch.zeros_like(feature_map))
    torch.testing.assert_close(total, change, rtol=1e-4, atol=1e-4)
