import math

import pytest
import torch

from fer_live.explain.grad_cam import GradCam
from fer_live.models import MODELS, Cnn6, Cucn
from fer_live.models.cbam import Cbam
from fer_live.models.classifiers import CosineLinear, ScaledLinear
from train.strategies import STRATEGIES, Step, Task
from train.strategies.criterion import Criterion

IMAGES = torch.linspace(-1, 1, 2 * 48 * 48).reshape(2, 1, 48, 48)
GREY = {"channels": 1, "size": 48}
CERTAIN = {"uncertainty": False, **GREY}
NETWORKS = {
    "cucn": ("cucn", GREY),
    "cucn pool": ("cucn", {"head": "pool", "cbam": False, **CERTAIN}),
    "cucn mlp": ("cucn", {"head": "mlp", **CERTAIN}),
    "cucn scaled": ("cucn", {"head": "pool", "classifier": "scaled", **CERTAIN}),
    "cucn cosine": ("cucn", {"head": "pool", "classifier": "cosine", **CERTAIN}),
    "cnn6": ("cnn6", GREY),
    "adcorre": ("adcorre", GREY),
    "dcnn": ("dcnn", GREY),
    "vgg11-transfer": ("vgg11-transfer", GREY),
    "resnet18-transfer": ("resnet18-transfer", GREY),
}


def build(name, **arguments):
    torch.manual_seed(0)
    return MODELS[name](**arguments)


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    """Each network in eval mode, with running statistics that are not the initial ones."""
    name, arguments = NETWORKS[request.param]
    found = build(name, **arguments).train()
    with torch.no_grad():
        found(torch.randn(8, 1, 48, 48))
    return found.eval()


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


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_a_head_for_votes_tells_how_far_people_would_disagree(name):
    network = build(name, crowd=8).eval()
    assert network(IMAGES).crowd.shape == (2, 8)
    torch.nn.init.zeros_(network.crowd.weight)
    for bias, entropy in ((torch.zeros(8), math.log(8)), (100.0 * torch.eye(8)[0], 0.0)):
        network.crowd.bias.data = bias
        output = network(IMAGES)
        assert output.uncertainty.tolist() == pytest.approx([entropy] * 2, abs=1e-6)
        assert name == "cnn6" or (output.variance > 0).all()


@pytest.mark.parametrize("head", ["pool", "mlp"])
def test_heads_after_the_mean_refuse_uncertainty(head):
    with pytest.raises(ValueError, match="no uncertainty"):
        Cucn(head=head, uncertainty=True)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("cucn", {"depth": 34}, "use 18 or 50"),
        ("cucn", {"stem": "5x5"}, "7x7/2, 3x3/2, 3x3/1"),
        ("cucn", {"head": "flat", "uncertainty": False}, "features, pool, mlp"),
        ("cucn", {"classifier": "magic"}, "linear, scaled, cosine"),
        ("cucn", {"cbam_init": "zero"}, "torch, paper, identity"),
        ("dcnn", {"size": 7}, "use 8 or more"),
        ("vgg11-transfer", {"size": 31}, "use 32 or more"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused_with_those_that_do(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(name, **arguments)


def test_logits_follow_from_the_feature_map_and_shapes_are_as_said(network):
    output = network(IMAGES)
    torch.testing.assert_close(network.classify(output.feature_map), output.logits)
    assert output.logits.shape == (2, 7)
    assert output.feature_map.shape == (2, *network.map_shape)
    assert output.embedding.shape == (2, network.width)


def test_heat_maps_are_grad_cam_of_the_whole_network(network):
    output = network(IMAGES)
    (gradient,) = torch.autograd.grad(output.logits[:, 2].sum(), output.feature_map)
    weights = gradient.mean((2, 3), keepdim=True)
    expected = (weights * output.feature_map).sum(1).relu()
    found = GradCam(network, network.map_shape)(output.feature_map.detach())[:, 2]
    torch.testing.assert_close(found, expected.detach(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["cucn", "cucn pool", "cucn scaled"])
def test_affine_heads_have_maps_in_closed_form(name):
    network, arguments = NETWORKS[name]
    network = build(network, **arguments).eval()
    assert GradCam(network, network.map_shape).gradient is not None


def test_the_published_sizes_of_the_comparisons_networks():
    assert build("dcnn").map_shape == (256, 12, 12)  # of 100 pixels, before the layer of 2000
    assert build("vgg11-transfer").head[1].in_features == 2048
    assert build("resnet18-transfer").head[1].in_features == 2048
    assert build("adcorre").width == 2560


def test_larger_images_widen_the_transfer_heads():
    assert build("vgg11-transfer", size=96).head[1].in_features == 512 * 5 * 5
    assert build("resnet18-transfer", size=96).head[1].in_features == 512 * 3 * 3


def test_embeddings_of_adcorre_have_length_one():
    embedding = build("adcorre", **GREY).eval()(IMAGES).embedding.unflatten(1, (10, 256))
    torch.testing.assert_close(embedding.norm(dim=2), torch.ones(2, 10))


def test_scales_multiply_the_logits_of_their_class():
    layer = ScaledLinear(3, 2)
    before = layer(torch.ones(1, 3))
    torch.nn.init.constant_(layer.scale[1:], 2.0)
    torch.testing.assert_close(layer(torch.ones(1, 3)), before * torch.tensor([1.0, 2.0]))


def test_cosines_do_not_depend_on_lengths():
    layer = CosineLinear(2, 2, scale=10.0)
    layer.weight.data = torch.tensor([[3.0, 0.0], [1.0, 1.0]])
    found = layer(torch.tensor([[0.5, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([[10.0, 10 * 0.5**0.5]]))


def test_gates_of_the_identity_let_nearly_all_pass():
    gates, x = Cbam(16).eval(), torch.randn(2, 16, 4, 4)
    gates.initialise("identity")
    torch.testing.assert_close(gates(x), x * torch.sigmoid(torch.tensor(4.0)) ** 2)


def test_the_papers_spatial_gate_starts_at_one_half():
    gates, x = Cbam(16).eval(), torch.randn(2, 16, 4, 4)
    gates.initialise("paper")
    torch.testing.assert_close(gates.spatial(x), x / 2)
    assert not any(module.bias.any() for module in gates.channel.mlp[::2])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_receives_a_gradient(name):
    network, arguments = NETWORKS[name]
    network = build(network, **arguments).train()
    images, labels = torch.randn(8, 1, 48, 48), torch.arange(8) % 7
    strategy = STRATEGIES["rul" if name == "cucn" else "supervised"]
    learning = strategy(Task(7, labels, Criterion(torch.ones(7)), network))
    step = Step(lambda: images, network, network.classifier, labels, torch.arange(8), progress=0.9)
    learning.loss(step).value.backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


GOLDEN = {
    "cucn": [0.0100, 0.0880, -0.0162, 0.0640, 0.1212, 0.1070, -0.0591],
    "cucn mlp": [-0.0046, -0.0400, 0.0296, 0.0048, 0.0072, 0.0403, -0.0303],
    "cucn cosine": [-1.5888, 2.0473, 2.2899, -0.0668, 1.0742, -1.1012, 0.1263],
    "cnn6": [-0.0290, -0.0299, -0.0485, 0.0212, 0.0220, 0.0207, -0.0179],
    "adcorre": [0.0142, -0.0021, -0.0754, -0.0422, -0.0766, 0.0014, -0.0590],
    "dcnn": [-0.4502, -0.6761, -0.8479, -0.2393, 0.5883, -0.8320, -0.1977],
    "vgg11-transfer": [0.0128, 0.0035, 0.0287, -0.0536, 0.0121, -0.0346, -0.0492],
    "resnet18-transfer": [-0.0479, 0.0104, -0.0245, -0.0157, 0.0363, -0.0236, -0.0418],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_outputs_of_seed_0(name):
    network, arguments = NETWORKS[name]
    found = build(network, **arguments).eval()(IMAGES).logits[1]
    torch.testing.assert_close(found, torch.tensor(GOLDEN[name]), atol=2e-4, rtol=0)


def test_golden_uncertainty_of_seed_0():
    found = build("cucn").eval()(IMAGES).uncertainty
    torch.testing.assert_close(found, torch.tensor([1.00010, 1.00098]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_a_standardising_network_reads_a_dim_and_pale_picture_as_the_bright_one(name):
    torch.manual_seed(0)
    network = MODELS[name](standardise=True).eval()
    pictures = torch.rand(2, 1, 48, 48) * 4 - 2
    bright, dim = network(pictures).logits, network(0.5 * pictures - 1).logits
    torch.testing.assert_close(dim, bright, rtol=0, atol=0.02)
    blank = network(torch.ones(1, 1, 48, 48)).logits
    assert blank.isfinite().all()
