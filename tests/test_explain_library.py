"""The methods that a page offers, on one face."""

import pytest
import torch
from skimage import data

from fer_live import card as cards
from fer_live import weight_files
from fer_live.errors import UserError
from fer_live.explain import affine
from fer_live.explain.library import Explainer
from fer_live.preprocess import to_input

CROP = data.astronaut()[65:180, 165:290]
HAPPY, SAD = 3, 4  # their numbers among FER2013's seven


@pytest.fixture(scope="module")
def loaded():
    return weight_files.load(cards.find_weights("cucn"))


@pytest.fixture(scope="module")
def explainer(loaded):
    return Explainer(*loaded)


@pytest.mark.parametrize("target", [HAPPY, SAD])
def test_our_own_methods_weigh_the_feature_map_by_the_gradient_of_that_class(
    loaded, explainer, target
):
    network, card = loaded
    with torch.no_grad():
        found = network(torch.from_numpy(to_input([CROP], card))).feature_map[0]  # (C, h, w)
    gradient = affine.head_gradient(network, tuple(found.shape))[target]
    expected = {
        "Grad-CAM": gradient.mean((1, 2))[:, None, None] * found,
        "HiResCAM": gradient * found,
    }
    for method, parts in expected.items():
        values = torch.from_numpy(explainer(CROP, method, target))
        torch.testing.assert_close(values, parts.sum(0).relu(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", ["Grad-CAM++", "LayerCAM"])
def test_the_librarys_methods_are_of_the_class_asked_for(explainer, method):
    happy, sad = (explainer(CROP, method, target) for target in (HAPPY, SAD))
    assert happy.shape == sad.shape
    assert min(happy.min(), sad.min()) >= 0
    assert max(happy.max(), sad.max()) <= 1
    assert abs(happy - sad).max() > 0.1


def test_explaining_leaves_the_network_as_it_was(loaded, explainer):
    network, _ = loaded
    explainer(CROP, "LayerCAM", HAPPY)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.trunk._forward_hooks


def test_a_method_that_is_not_known_is_refused_with_those_that_are(explainer):
    with pytest.raises(UserError, match="no method 'layercam'; choose one of Grad-CAM, HiResCAM"):
        explainer(CROP, "layercam", HAPPY)
