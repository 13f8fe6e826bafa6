"""Conversions to eight bits: which convolutions, in which ranges, and what it does to readings."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fer_live import card as cards
from fer_live import precisions, quiet_openvino
from fer_live.classify import Classifier
from fer_live.preprocess import to_input
from fer_live.probabilities import softmax
from fer_live.runtimes import eight_bits
from fer_live.runtimes.cache import EIGHT_BITS, MODEL, convert
from fer_live.runtimes.eight_bits import calibration_faces, observed, quantise
from fer_live.runtimes.openvino import OpenVino

CHANNELS = 16
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}  # which some CPUs do not choose by themselves
# Convolutions: the first and the maps of CBAM, and all others.
SMALL, LARGE = {"cnn6": 1, "cucn-plus": 9}, {"cnn6": 5, "cucn-plus": 19}


@pytest.fixture(scope="module", params=["cnn6", "cucn-plus"])
def weights(request):
    return cards.find_weights(request.param)


@pytest.fixture(scope="module")
def folder(weights, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield convert(weights)


@pytest.fixture(scope="module")
def card():
    return cards.load_card(cards.find_weights("cnn6"))


@pytest.fixture(scope="module")
def faces(card):
    return to_input(calibration_faces(), card)


@pytest.fixture
def ops():
    quiet_openvino.imported()
    from openvino import opset13

    return opset13


def two_convolutions(ops, first_bias=0.0, dead=False):
    """1 -> 16 channels, then 16 -> 16 twice from one source; its weights of random scales."""
    rng = np.random.default_rng(0)

    def weights(inputs):
        scales = np.logspace(-3, 1, CHANNELS)[:, None, None, None]
        values = rng.normal(size=(CHANNELS, inputs, 3, 3)) * scales
        if dead:
            values[0] = 0
        return values.astype(np.float32)

    def convolution(maps, inputs):
        return ops.convolution(maps, weights(inputs), [1, 1], [1, 1], [1, 1], [1, 1])

    image = ops.parameter([-1, 1, 48, 48], np.float32)
    maps = convolution(image, 1)
    maps = ops.relu(maps) if not first_bias else ops.add(maps, np.float32(first_bias))
    results = [convolution(maps, CHANNELS), ops.tanh(convolution(maps, CHANNELS))]
    return quiet_openvino.imported().Model(results, [image])


def nodes(model, kind):
    return [node for node in model.get_ordered_ops() if node.get_type_name() == kind]


def results(model, images):
    compiled = quiet_openvino.core().compile_model(model, "CPU", EXACT)
    return [np.array(values) for values in compiled(images).to_tuple()]


def test_the_faces_are_as_the_app_cuts_them_out():
    faces = calibration_faces()
    assert len(faces) == 48
    assert {(face.shape, face.dtype.name) for face in faces} == {((64, 64), "uint8")}
    # Each is one face, not parts of two: the middle is skin, and its sides are alike.
    for face in faces:
        left, right = face[16:48, 8:32].mean(), face[16:48, 32:56].mean()
        assert abs(left - right) < 25
        assert face.std() > 15
    assert len({face.tobytes() for face in faces}) > 40


def test_large_convolutions_share_what_comes_in_and_keep_their_results(ops, faces):
    model, expected = two_convolutions(ops), two_convolutions(ops)
    quantise(model, observed(model, faces))
    assert len(nodes(model, "FakeQuantize")) == 1
    integers = [n for n in nodes(model, "Constant") if n.get_element_type().get_type_name() == "i8"]
    assert [node.data.shape for node in integers] == [(CHANNELS, CHANNELS, 3, 3)] * 2
    assert all(np.abs(node.data).max((1, 2, 3)).tolist() == [127] * CHANNELS for node in integers)
    images = faces[:4]
    for found, exact in zip(results(model, images), results(expected, images), strict=True):
        error = np.abs(found - exact).mean((0, 2, 3)) / np.abs(exact).mean((0, 2, 3))
        assert error.max() < 0.05  # of each channel, however small its weights


def test_ranges_are_those_of_all_faces(ops, faces):
    model = two_convolutions(ops, first_bias=-2.0)
    (range_,) = observed(model, faces).values()
    (output,) = eight_bits.sources(model).values()
    (maps,) = results(quiet_openvino.imported().Model([output], model.get_parameters()), faces)
    assert range_ == pytest.approx((maps.min(), maps.max()))
    assert range_ != pytest.approx((maps[:4].min(), maps[:4].max()), rel=1e-4)


def test_a_range_reaches_its_further_end(ops):
    def ends(least, most):
        return [float(node.data) for node in eight_bits._ends(ops, least, most)]

    assert ends(-1.0, 3.0) == pytest.approx([-3, 3 * 127 / 128] * 2)
    assert ends(-4.0, 3.0) == pytest.approx([-4, 4 * 127 / 128] * 2)
    assert ends(0.0, 3.0) == pytest.approx([0, 3] * 2)
    assert ends(0.0, 0.0) == pytest.approx([0, 1] * 2)


def test_what_is_negative_too_has_a_range_around_zero(ops, faces):
    model = two_convolutions(ops, first_bias=-2.0)
    quantise(model, observed(model, faces))
    (node,) = nodes(model, "FakeQuantize")
    low, high = (float(node.input_value(i).get_node().data) for i in (1, 2))
    assert low < 0 < high
    assert high == pytest.approx(-low * 127 / 128)
    assert [float(node.input_value(i).get_node().data) for i in (3, 4)] == [low, high]
    assert node.get_attributes()["levels"] == 256


def test_channels_without_weights_stay_nothing(ops, faces):
    model = two_convolutions(ops, dead=True)
    quantise(model, observed(model, faces))
    first, _ = results(model, faces)
    assert not first[:, 0].any()
    assert first[:, 1:].any((0, 2, 3)).all()


def test_a_network_of_small_convolutions_stays_as_it_is(ops, card, faces, monkeypatch):
    monkeypatch.setattr(eight_bits, "FEWEST", 2 * CHANNELS)
    model = two_convolutions(ops)
    quantise(model, observed(model, faces))
    assert not nodes(model, "FakeQuantize")
    assert eight_bits.quantised(network(ops), card) is None


def network(ops):
    """Convolutions whose means are logits."""
    model = two_convolutions(ops)
    maps = model.outputs[0].get_node().input_value(0)
    logits = ops.multiply(ops.reduce_mean(maps, np.array([2, 3]), False), np.float32(1e-3))
    network = quiet_openvino.imported().Model([logits], model.get_parameters())
    network.outputs[0].get_tensor().set_names({"logits"})
    return network


def test_what_moves_too_far_is_not_used(ops, card, faces, monkeypatch):
    """The probability that moves most, on average over faces, at the card's temperature."""
    model = network(ops)
    (exact,) = results(model, faces)
    (said,) = results(eight_bits.quantised(model, card), faces)
    card = replace(card, temperature=float(exact.std()))
    moved = np.abs(softmax(said / card.temperature) - softmax(exact / card.temperature)).max(1)
    assert moved.mean() > 1e-4
    monkeypatch.setattr(eight_bits, "MOST", 1.01 * moved.mean())
    assert eight_bits.quantised(network(ops), card) is not None
    monkeypatch.setattr(eight_bits, "MOST", 0.99 * moved.mean())
    assert eight_bits.quantised(network(ops), card) is None


def test_a_conversion_whose_ranges_are_wrong_is_not_used(ops, card, monkeypatch):
    def narrow(model, images):
        return {
            source: (low / 50, high / 50) for source, (low, high) in seen(model, images).items()
        }

    seen = eight_bits.observed
    monkeypatch.setattr(eight_bits, "observed", narrow)
    assert eight_bits.quantised(network(ops), card) is None


def test_what_openvino_cannot_compile_is_not_used(ops, card, monkeypatch):
    """As new networks of CUCN with CBAM, whose convolutions have no shift."""
    tried, compiled = [], eight_bits._compiled

    def refuse(model):
        tried.append(len(nodes(model, "FakeQuantize")))
        if tried[-1]:
            raise RuntimeError("Argument shapes are inconsistent")
        return compiled(model)

    monkeypatch.setattr(eight_bits, "_compiled", refuse)
    assert eight_bits.quantised(network(ops), card) is None
    assert tried == [0, 0, 1]


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ({"f32": 1.0, "int8": 0.5}, "openvino"),
        ({"f32": 1.0, "bf16": 0.7, "int8": 0.5}, "openvino bf16"),
    ],
)
def test_without_such_a_conversion_a_more_exact_one_is_used(monkeypatch, tmp_path, taken, name):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(eight_bits, "quantised", lambda model, card: None)
    convert(cards.find_weights("cnn6"))
    assert not list(tmp_path.rglob(EIGHT_BITS))
    monkeypatch.setattr(precisions, "able", lambda: [*taken][1:])
    monkeypatch.setattr(precisions, "measured", lambda: taken)
    assert Classifier.load("cnn6", "cpu").runtime.name == name


def kinds(compiled):
    """What each convolution is computed in."""
    return [
        node.get_rt_info()["runtimePrecision"].astype(str)
        for node in compiled.get_runtime_model().get_ordered_ops()
        if node.get_rt_info()["layerType"].astype(str) == "Convolution"
    ]


def test_a_runtime_computes_in_what_its_name_says(folder, weights):
    exact, quick = (OpenVino(folder, weights, 1, precision) for precision in ("f32", "int8"))
    assert (exact.name, set(kinds(exact._model))) == ("openvino", {"f32"})
    few, many = SMALL[weights.stem], LARGE[weights.stem]
    assert sorted(kinds(quick._model)) in (
        [*["f32"] * few, *[whole] * many] for whole in ("u8", "i8")
    )
    assert quick.name == "openvino int8"
    assert list(folder.glob("*.blob"))  # for the next start, which takes a third of the time
    assert quick._model.get_property("INFERENCE_NUM_THREADS") == 1


def test_the_measurement_of_eight_bits_is_one_in_integers(monkeypatch):
    compiled, core = [], quiet_openvino.core()

    def compile_model(*given):
        compiled.append(core.compile_model(*given))
        return compiled[-1]

    fake = SimpleNamespace(compile_model=compile_model)
    monkeypatch.setattr(quiet_openvino, "core", lambda: fake)
    precisions.seconds(["f32", "int8"])
    exact, quick = (set(kinds(one)) for one in compiled)
    assert exact == {"f32"}
    assert quick <= {"u8", "i8"}


def test_a_conversion_says_nearly_what_the_exact_one_says(folder, weights):
    """On faces of both sharp and dull light, and on noise."""
    card, rng = cards.load_card(weights), np.random.default_rng(0)
    faces = [face[8:56, 8:56].astype(float) for face in calibration_faces()]
    spoilt = [
        np.clip(face * rng.uniform(0.3, 1) + rng.normal(0, 12, face.shape), 0, 255)
        for face in faces
    ]
    images = to_input([face.astype(np.uint8) for face in [*faces, *spoilt]], card)
    core = quiet_openvino.core()
    exact, quick = (
        np.array(core.compile_model(str(folder / name), "CPU", EXACT)(images)["logits"])
        for name in (MODEL, EIGHT_BITS)
    )
    moved = np.abs(softmax(exact / card.temperature) - softmax(quick / card.temperature))
    assert 0 < moved.mean() < 0.004
    assert moved.max() < 0.15
    assert (exact.argmax(1) == quick.argmax(1)).mean() > 0.95
