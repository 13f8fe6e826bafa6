"""Parts of the networks, each by itself."""

import pytest
import torch
from torch import nn

from fer_live.models import MODELS, Output
from fer_live.models.cbam import Cbam, ChannelAttention, SpatialAttention
from fer_live.models.classifiers import CosineLinear
from fer_live.models.convolution import Convolution
from fer_live.models.cucn import Cucn, Embedding
from fer_live.models.initial import start_for_relu
from fer_live.models.output import standardised
from fer_live.models.resnet import BasicBlock, Bottleneck, map_shape, resnet_trunk


@pytest.mark.parametrize(
    ("name", "arguments", "shares"),
    [
        ("adcorre", {}, [0.5]),
        ("vgg11-transfer", {}, [0.3]),
        ("resnet18-transfer", {}, [0.3]),
        ("dcnn", {"size": 16}, []),
        ("cucn", {}, [0.4, 0.4]),  # both heads
        ("cucn", {"head": "pool", "uncertainty": False}, [0.4]),
        ("cucn", {"head": "mlp", "uncertainty": False}, [0.4]),
        ("cucn", {"head": "mlp", "uncertainty": False, "dropout": 0.1}, [0.1]),
    ],
)
def test_networks_drop_the_published_shares(name, arguments, shares):
    network = MODELS[name](**arguments)
    assert [part.p for part in network.modules() if isinstance(part, nn.Dropout)] == shares


@pytest.mark.parametrize(
    ("name", "backbone"),
    [("cucn", "resnet18"), ("adcorre", "resnet18"), ("vgg11-transfer", "vgg11"), ("resnet18-transfer", "resnet18"), ("dcnn", ""), ("cnn6", "")],
)  # fmt: skip
def test_a_network_tells_whose_public_weights_fit_its_trunk(name, backbone):
    assert MODELS[name](size=36).backbone == backbone


def test_resnet50_has_its_own_name_and_torchvisions_stages_and_strides():
    network = Cucn(depth=50, head="pool", uncertainty=False)
    assert network.backbone == "resnet50"
    # A stage's first 3x3 convolution has its stride, as torchvision has it.
    first = network.trunk.layer2[0]
    assert (first.conv1.stride, first.conv2.stride) == ((1, 1), (2, 2))
    assert [len(getattr(network.trunk, f"layer{i}")) for i in (1, 2, 3, 4)] == [3, 4, 6, 3]


def test_a_head_normalises_by_the_published_epsilon_and_scales_its_embedding_alone():
    first, last = (part for part in Embedding((4, 2, 2), 3, 0.0) if "Norm" in type(part).__name__)
    assert (first.eps, first.affine, last.eps, last.affine) == (2e-5, False, 2e-5, True)


@pytest.mark.parametrize(("said", "kept"), [(-50.0, -10.0), (-9.0, -9.0), (9.0, 9.0), (50.0, 10.0)])
def test_a_log_variance_keeps_to_what_half_precision_can_hold(said, kept):
    network = Cucn(size=32).eval()
    last = network.uncertainty[-1]
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, said)
    found = network.log_variance(torch.zeros(1, *network.map_shape))
    torch.testing.assert_close(found, torch.full((1, 64), kept))
    assert found.half().exp().isfinite().all()


def output(**heads):
    return Output(None, None, None, None)._replace(**heads)


def test_uncertainty_is_the_mean_variance_and_not_that_of_the_mean():
    found = output(log_variance=torch.tensor([[0.0, 2.0]])).uncertainty
    torch.testing.assert_close(found, (1 + torch.tensor([2.0]).exp()) / 2)


@pytest.mark.parametrize("head", ["log_variance", "crowd"])
def test_uncertainty_is_computed_in_whole_precision(head):
    said = torch.linspace(-2, 2, 8)[None].bfloat16()
    rough, exact = (output(**{head: each}).uncertainty for each in (said, said.float()))
    assert rough.tolist() == exact.tolist()


def test_standardised_pictures_keep_their_colours():
    picture = torch.tensor([0.2, 0.5, 0.8])[None, :, None, None].expand(1, 3, 4, 4)
    found = standardised(torch.cat([picture, 0.1 * picture + 0.3]))
    torch.testing.assert_close(found.mean((1, 2, 3)), torch.zeros(2), rtol=0, atol=1e-6)
    deviation = 0.06**0.5
    for share, each in zip((1, 0.1), found, strict=True):
        size = share * 0.3 / ((share * deviation) ** 2 + 1e-3) ** 0.5
        expected = torch.tensor([-size, 0.0, size])
        torch.testing.assert_close(each[:, 0, 0], expected, rtol=1e-4, atol=1e-6)
    assert standardised(picture.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_a_network_standardises_where_it_is_asked_to(name):
    pictures = 0.2 * torch.rand(2, 1, 36, 36) + 0.5
    for asked, shown in ((True, standardised(pictures)), (False, pictures)):
        network = MODELS[name](size=36, standardise=asked).eval()
        torch.testing.assert_close(network(pictures).feature_map, network.trunk(shown))


def test_channels_are_weighed_by_mean_and_peak_through_one_mlp():
    gates, x = ChannelAttention(4), torch.randn(2, 4, 3, 3)
    said = gates.mlp(x.mean((2, 3))) + gates.mlp(x.amax((2, 3)))
    torch.testing.assert_close(gates(x), x * torch.sigmoid(said)[:, :, None, None])


@pytest.mark.parametrize(("channels", "hidden"), [(16, 4), (64, 4), (128, 8), (512, 32)])
def test_channel_attention_has_a_sixteenth_of_the_channels_inside_and_four_at_least(
    channels, hidden
):
    assert ChannelAttention(channels).mlp[0].out_features == hidden


def test_spatial_attention_follows_its_statistics_as_slowly_as_published():
    gates = SpatialAttention()
    nn.init.zeros_(gates.conv.weight)
    gates.train()(torch.randn(2, 4, 8, 8))
    assert gates.norm.running_var.item() == pytest.approx(0.99)


def test_channels_are_weighed_before_places():
    gates, x = Cbam(8).eval(), torch.randn(2, 8, 4, 4)
    torch.testing.assert_close(gates(x), gates.spatial(gates.channel(x)))


def test_gates_as_torch_has_them_stay_as_they_were_built():
    gates = Cbam(8)
    before = {name: value.clone() for name, value in gates.state_dict().items()}
    gates.initialise("torch")
    assert all(torch.equal(value, before[name]) for name, value in gates.state_dict().items())


def test_cosines_are_scaled_by_thirty():
    assert CosineLinear(2, 2).scale == 30


def test_layers_without_normalisation_start_without_biases():
    layers = [nn.Conv2d(64, 64, 3), nn.Linear(400, 100), nn.Linear(4, 4, bias=False)]
    start_for_relu(layers)
    assert not any(layer.bias.any() for layer in layers[:2])
    for layer, inputs in zip(layers, (64 * 9, 400), strict=False):
        assert layer.weight.std().item() == pytest.approx((2 / inputs) ** 0.5, rel=0.05)


def test_convolutions_start_by_what_goes_out():
    weight = Convolution(32, 128, 3).weight
    assert weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.05)


def test_a_dry_run_leaves_statistics_and_training_as_they_were():
    trunk = resnet_trunk(18, 1, "3x3/2")
    assert map_shape(trunk, 1, 48) == (512, 3, 3)
    assert trunk.training
    assert trunk.bn1.num_batches_tracked.item() == 0


@pytest.mark.parametrize(
    ("kind", "later"), [(BasicBlock, ["conv2"]), (Bottleneck, ["conv2", "conv3"])]
)
def test_every_convolution_of_a_block_but_its_first_follows_a_relu(kind, later):
    block, seen = kind(8, 8, 1, False).eval(), []
    for name in ["conv1", *later]:
        getattr(block, name).register_forward_pre_hook(lambda _, given: seen.append(given[0].min()))
    block(torch.randn(2, 8, 4, 4))
    assert [least.item() < 0 for least in seen] == [True, *[False] * len(later)]


@pytest.mark.parametrize(("name", "size"), [("dcnn", 8), ("vgg11-transfer", 32), ("cnn6", 36)])
def test_the_smallest_faces_that_a_refusal_names_are_read(name, size):
    network = MODELS[name](channels=1, size=size).eval()
    assert network(torch.zeros(1, 1, size, size)).logits.shape == (1, 7)


def test_a_block_adds_its_weighed_branch_to_the_way_around_it():
    block = resnet_trunk(18, 1, "3x3/2", cbam=True).eval().layer2[0]
    x = torch.randn(2, 64, 6, 6)
    expected = torch.relu(block.cbam(block.branch(x)) + block.downsample(x))
    torch.testing.assert_close(block(x), expected)
    assert x.min() < 0 <= block(x).min()


@pytest.mark.parametrize(("stem", "side"), [("7x7/2", 12), ("3x3/2", 24), ("3x3/1", 48)])
def test_a_stem_shrinks_a_face_as_its_name_says(stem, side):
    trunk = resnet_trunk(18, 1, stem).eval()
    begun = trunk[: list(dict(trunk.named_children())).index("layer1")]
    x = begun(torch.randn(1, 1, 48, 48))
    assert x.shape == (1, 64, side, side)
    assert x.min() >= 0
