import platform
import socket
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fer_live import card as cards
from fer_live import precisions, quiet_openvino, runtimes
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.runtimes import leave_cores_to, load_runtime, openvino
from fer_live.runtimes.cache import convert
from tests.commands import ROOT

CPU = torch.device("cpu")
CROPS = list(np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One cache for the module: a conversion takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ORT_DISABLE_TELEMETRY", "1")  # of those tests that import it themselves
        yield


def read_with(weights, runtime):
    """Predictions and heat-maps of the crops."""
    classifier = Classifier.load(weights, "cpu", runtime)
    scores = classifier.score(CROPS)
    return classifier.predictions(scores), classifier.heatmaps(scores)


@pytest.mark.parametrize("runtime", ["openvino", "onnx"])
@pytest.mark.parametrize("weights", ["cucn", "cnn6"])
def test_a_runtime_says_what_torch_says(weights, runtime):
    expected, maps = read_with(weights, "torch")
    found, its_maps = read_with(weights, runtime)
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)
        assert one.uncertainty == pytest.approx(other.uncertainty, abs=1e-3)
    assert np.abs(its_maps - maps).max() <= 1e-3 * np.abs(maps).max()


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ({}, "openvino"),
        ({"f32": 1.0, "bf16": 0.5}, "openvino bf16"),
        ({"f32": 1.0, "bf16": 1.5}, "openvino"),  # Xeons without AMX
        ({"f32": 1.0, "int8": 0.5}, "openvino int8"),
        ({"f32": 1.0, "int8": 0.95}, "openvino"),
        ({"f32": 1.0, "bf16": 0.35, "int8": 0.33}, "openvino bf16"),  # the more exact of the two
        ({"f32": 1.0, "bf16": 0.35, "int8": 0.2}, "openvino int8"),
        ({"f32": 1.0, "bf16": 1.5, "int8": 0.5}, "openvino int8"),
    ],
)
def test_the_default_computes_in_what_the_cpu_is_quickest_in(monkeypatch, taken, name):
    convert(_cnn6())
    monkeypatch.setattr(precisions, "able", lambda: [*taken][1:])
    monkeypatch.setattr(precisions, "measured", lambda: taken)
    assert Classifier.load("cnn6", "cpu").runtime.name == name
    assert Classifier.load("cnn6", "cpu", "openvino").runtime.name == "openvino"


@pytest.mark.parametrize(
    ("able", "machine", "asked"),
    [
        (["FP32"], "x86_64", None),
        (["FP32", "INT8"], "AMD64", ["f32", "int8"]),
        (["FP32", "BF16", "INT8"], "x86_64", ["f32", "bf16", "int8"]),
        (["FP32", "FP16", "INT8"], "arm64", None),
    ],
)
def test_only_what_the_cpu_is_able_to_is_timed(monkeypatch, able, machine, asked):
    def said(device, key):
        assert (device, key) == ("CPU", "OPTIMIZATION_CAPABILITIES")
        return able

    def seconds(names):
        timed.append(names)
        return dict.fromkeys(names, 1.0)

    timed: list[list[str]] = []
    monkeypatch.setattr(quiet_openvino, "core", lambda: SimpleNamespace(get_property=said))
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(precisions, "seconds", seconds)
    monkeypatch.setattr(precisions, "measured", precisions.measured.__wrapped__)
    assert precisions.quickest("bf16", "int8") == "f32"
    assert timed == ([asked] if asked else [])
    assert precisions.quickest() == "f32"
    assert len(timed) == bool(asked)


def test_where_no_precision_can_be_timed_it_is_the_exact_one(monkeypatch):
    def seconds(names):
        raise RuntimeError("no memory")

    monkeypatch.setattr(precisions, "seconds", seconds)
    monkeypatch.setattr(
        quiet_openvino, "core", lambda: SimpleNamespace(get_property=lambda *_: ["BF16"])
    )
    monkeypatch.setattr(precisions, "measured", precisions.measured.__wrapped__)
    assert precisions.quickest("bf16", "int8") == "f32"


def test_precisions_are_timed_on_this_cpu():
    taken = precisions.seconds(["f32", "bf16", "int8"])
    assert list(taken) == ["f32", "bf16", "int8"]
    assert all(0 < each < 60 for each in taken.values())


@pytest.mark.parametrize(
    ("precision", "least", "mean", "maps_least"),
    [("bf16", 0.02, 0.005, 0.03), ("int8", 0.05, 0.02, 0.15)],
)
@pytest.mark.parametrize("name", ["cucn", "cnn6"])
def test_quicker_precisions_stay_near(name, precision, least, mean, maps_least):
    expected, maps = read_with(name, "torch")
    classifier = Classifier.load(name, "cpu", "openvino")
    weights = cards.find_weights(name)
    classifier.runtime = openvino.OpenVino(convert(weights), weights, 0, precision)
    scores = classifier.score(CROPS)
    moved = [
        abs(one.probabilities[label] - other.probabilities[label])
        for one, other in zip(classifier.predictions(scores), expected, strict=True)
        for label in classifier.card.labels
    ]
    assert max(moved) <= least
    assert np.mean(moved) <= mean
    assert np.abs(classifier.heatmaps(scores) - maps).max() <= maps_least * np.abs(maps).max()


def test_openvinos_telemetry_is_never_imported(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("something phones home")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert quiet_openvino.is_installed()
    assert sys.modules["openvino_telemetry"] is None


def test_onnx_runtime_makes_no_number_of_this_computer(monkeypatch, tmp_path):
    """With which it would count its uses, from its import on."""
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = "from fer_live.classify import Classifier; Classifier.load('cnn6', 'cpu', 'onnx')"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "device", "message"),
    [
        ("tensorrt", "cpu", "runtime 'tensorrt' is not one of auto, torch, openvino, onnx"),
        ("openvino", "cuda", "runtime openvino runs on the CPU"),
        ("onnx", "cuda", "runtime onnx runs on the CPU"),
    ],
)
def test_a_runtime_that_cannot_be_had_is_one_clear_line(monkeypatch, name, device, message):
    monkeypatch.setattr(runtimes, "is_cpu", lambda name: name == "cpu")
    with pytest.raises(UserError, match=message):
        load_runtime(name, _cnn6(), device)


@pytest.mark.parametrize("name", ["auto", "torch"])
def test_on_a_gpu_torch_runs_the_network(monkeypatch, name):
    monkeypatch.setattr(runtimes, "is_cpu", lambda name: name == "cpu")
    monkeypatch.setattr(runtimes, "_eager", lambda weights, device: (weights, device))
    assert load_runtime(name, _cnn6(), "cuda:1") == (_cnn6(), "cuda:1")


@pytest.mark.parametrize(("own_threads", "told"), [(True, [1]), (False, [])])
def test_torchs_threads_are_not_in_the_way_of_a_runtime_with_its_own(
    monkeypatch, own_threads, told
):
    numbers = []
    monkeypatch.setattr(torch, "set_num_threads", numbers.append)
    leave_cores_to(SimpleNamespace(own_threads=own_threads))
    assert numbers == told


def test_torch_is_not_imported_for_its_threads(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    leave_cores_to(SimpleNamespace(own_threads=True))
    assert "torch" not in sys.modules


def test_without_openvino_torch_runs_the_network(monkeypatch):
    monkeypatch.setattr(quiet_openvino, "is_installed", lambda: False)
    assert Classifier.load("cnn6", "cpu").runtime.name == "torch"
    with pytest.raises(UserError, match="pip install openvino"):
        Classifier.load("cnn6", "cpu", "openvino")


def _cnn6():
    return cards.find_weights("cnn6")
