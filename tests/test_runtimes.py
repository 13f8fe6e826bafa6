import os
import shutil
import socket
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fer_live import card as cards
from fer_live import quiet_openvino
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.export import export
from fer_live.runtimes import choose_runtime, openvino
from tests.commands import ROOT
from tests.limits import small_disk

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


def test_torch_answers_until_the_conversion_is_done(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    classifier = Classifier.load("cnn6", "cpu")
    assert classifier.runtime.name == "torch"
    before = classifier(CROPS)
    classifier.runtime.wait()
    after = classifier(CROPS)
    assert classifier.runtime.name.startswith("openvino")
    assert after[0].probabilities == pytest.approx(before[0].probabilities, abs=0.02)
    assert Classifier.load("cnn6", "cpu").runtime.name == classifier.runtime.name  # at once


@pytest.mark.parametrize(
    ("able", "half", "name"),
    [
        (["FP32", "BF16"], 0.5, "openvino bf16"),
        (["FP32", "BF16"], 1.5, "openvino"),  # Xeons without AMX
        (["FP32"], None, "openvino"),
    ],
)
def test_the_default_computes_in_bfloat16_where_the_cpu_is_quicker_so(
    monkeypatch, able, half, name
):
    openvino.convert(_cnn6())

    class Core:
        def get_property(self, device, key):
            assert (device, key) == ("CPU", "OPTIMIZATION_CAPABILITIES")
            return able

        def compile_model(self, *args):
            return core.compile_model(*args)

    def seconds(precisions):
        assert half is not None, "measured, though the CPU has no bfloat16"
        return dict(zip(precisions, (1.0, half), strict=True))

    core = quiet_openvino.core()
    monkeypatch.setattr(quiet_openvino, "core", Core)
    monkeypatch.setattr(quiet_openvino, "seconds", seconds)
    monkeypatch.setattr(quiet_openvino, "quickest", quiet_openvino.quickest.__wrapped__)
    assert Classifier.load("cnn6", "cpu").runtime.name == name


def test_where_no_precision_can_be_timed_it_is_the_exact_one(monkeypatch):
    def seconds(precisions):
        raise RuntimeError("no memory")

    monkeypatch.setattr(quiet_openvino, "seconds", seconds)
    monkeypatch.setattr(
        quiet_openvino, "core", lambda: SimpleNamespace(get_property=lambda *_: "BF16")
    )
    assert quiet_openvino.quickest.__wrapped__() == "f32"


def test_precisions_are_timed_on_this_cpu():
    taken = quiet_openvino.seconds(["f32", "bf16"])
    assert list(taken) == ["f32", "bf16"]
    assert all(0 < each < 60 for each in taken.values())


def test_bfloat16_stays_within_a_hundredth():
    expected, maps = read_with("cucn", "torch")
    classifier = Classifier.load("cucn", "cpu", "openvino")
    classifier.runtime = openvino.OpenVino(openvino.convert(cards.find_weights("cucn")), 0, "bf16")
    scores = classifier.score(CROPS)
    for one, other in zip(classifier.predictions(scores), expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=0.02)
    assert np.abs(classifier.heatmaps(scores) - maps).max() <= 0.03 * np.abs(maps).max()


def test_a_conversion_outlives_a_short_session(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    runtime = openvino.Converting(
        choose_runtime("torch", *cards.load(_cnn6()), _cnn6(), CPU), _cnn6()
    )
    conversion = runtime._process
    assert os.getpgid(conversion.pid) == conversion.pid  # Ctrl-C does not reach it
    runtime.close()
    assert conversion.wait(60) == 0
    assert (openvino.cache_folder(_cnn6()) / openvino.MODEL).is_file()
    kept = openvino.cache_folder(_cnn6())
    assert {path.stem for path in kept.parent.iterdir()} <= {kept.stem, kept.name}


def test_two_sessions_convert_once(monkeypatch, tmp_path):
    """The second one while the first converts: it begins nothing, and waits for that."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network, card = cards.load(_cnn6())
    folder = openvino.cache_folder(_cnn6())
    folder.parent.mkdir(parents=True)
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            openvino.convert(_cnn6())
            held.release()

    held = openvino.lock(folder, 0)
    held.acquire()

    monkeypatch.setattr(openvino.time, "sleep", sleep)
    second = openvino.Converting(choose_runtime("torch", network, card, _cnn6(), CPU), _cnn6())
    assert second._process is None
    assert second.name == "torch"
    second.wait()
    assert len(waited) == 3
    assert second.name.startswith("openvino")


def test_a_conversion_that_was_killed_begins_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = Classifier.load("cnn6", "cpu").runtime
    folder = openvino.cache_folder(_cnn6())
    while not openvino.under_way(folder):
        assert first._process.poll() is None
    first._process.kill()
    first._process.wait()
    runtime = Classifier.load("cnn6", "cpu").runtime
    assert runtime._process is not None
    runtime.wait()
    assert runtime.name.startswith("openvino")


def test_nobody_waits_for_a_conversion_that_is_killed_meanwhile(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(openvino.time, "sleep", lambda seconds: pytest.fail("waits"))
    runtime = Classifier.load("cnn6", "cpu").runtime
    runtime._process.kill()
    runtime.wait()
    assert runtime.name == "torch"


def test_a_cache_that_cannot_be_written_is_one_line_or_torch(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot be kept in .* \(Not a directory\); .* torch"):
        Classifier.load("cnn6", "cpu", "openvino")
    assert Classifier.load("cnn6", "cpu").runtime.name == "torch"


DAMAGE = {
    "empty model.xml": lambda folder: (folder / "model.xml").write_bytes(b""),
    "cut model.xml": lambda folder: os.truncate(folder / "model.xml", 500),
    "empty model.bin": lambda folder: os.truncate(folder / "model.bin", 0),
    "cut model.bin": lambda folder: os.truncate(folder / "model.bin", 500),
    "no model.bin": lambda folder: (folder / "model.bin").unlink(),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cache with cnn6's conversion, to be copied and damaged."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(place))
        openvino.convert(_cnn6())
    return place


@pytest.fixture
def damaged(whole, tmp_path, monkeypatch):
    """A function that makes a cache with that damage, and returns the conversion's folder."""

    def make(damage):
        shutil.copytree(whole, tmp_path / "cache")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        folder = openvino.cache_folder(_cnn6())
        DAMAGE[damage](folder)
        return folder

    return make


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_conversion_is_made_anew(damaged, caplog, damage):
    folder = damaged(damage)
    assert Classifier.load("cnn6", "cpu", "openvino").runtime.name == "openvino"
    assert f"{folder} is damaged" in caplog.text
    assert {path.stem for path in folder.parent.iterdir()} <= {folder.stem, folder.name}


def test_torch_answers_where_the_conversion_is_damaged_until_it_is_made_anew(damaged, caplog):
    damaged("cut model.bin")
    runtime = Classifier.load("cnn6", "cpu").runtime
    assert runtime.name == "torch"
    assert len(caplog.messages) == 1
    runtime.wait()
    assert runtime.name.startswith("openvino")


def test_a_conversion_that_stays_unreadable_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def save(network, card, path):
        path.parent.mkdir()
        path.touch()

    monkeypatch.setattr(openvino, "save", save)
    with pytest.raises(UserError, match=r"cannot read .*openvino.*; delete that folder"):
        Classifier.load("cnn6", "cpu", "openvino")


def _cnn6():
    return cards.find_weights("cnn6")


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
    ],
)
def test_a_runtime_that_cannot_be_had_is_one_clear_line(name, device, message):
    network, card = cards.load(_cnn6())
    with pytest.raises(UserError, match=message):
        choose_runtime(name, network, card, _cnn6(), torch.device(device))


def test_without_openvino_torch_runs_the_network(monkeypatch):
    monkeypatch.setattr(quiet_openvino, "is_installed", lambda: False)
    assert Classifier.load("cnn6", "cpu").runtime.name == "torch"
    with pytest.raises(UserError, match="pip install openvino"):
        Classifier.load("cnn6", "cpu", "openvino")


@pytest.mark.parametrize(("kind", "ending"), [("onnx", "onnx"), ("torchscript", "pt")])
def test_an_exported_network_says_what_ours_says(tmp_path, kind, ending):
    path = export("cnn6", kind, tmp_path / f"cnn6.{ending}")
    images = torch.randn(2, 1, 48, 48)
    expected = cards.load(_cnn6())[0](images).logits
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path))
        logits = torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])
        assert '"cnn6"' in session.get_modelmeta().custom_metadata_map["card"]
    else:
        logits = torch.jit.load(path)(images)[0]
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    assert '"temperature"' in (tmp_path / f"cnn6.{ending}.json").read_text()


def test_an_export_to_another_ending_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"end its name in \.onnx"):
        export("cnn6", "onnx", tmp_path / "cnn6.bin")


@pytest.mark.parametrize(
    ("kind", "ending"), [("onnx", "onnx"), ("openvino", "xml"), ("torchscript", "pt")]
)
def test_a_disk_that_is_full_keeps_the_older_export(tmp_path, monkeypatch, kind, ending):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    path = tmp_path / "here" / f"cnn6.{ending}"
    path.parent.mkdir()
    path.write_text("precious")
    with small_disk(200_000), pytest.raises(UserError, match=rf"\.{ending} cannot be written \("):
        export("cnn6", kind, path)
    assert path.read_text() == "precious"
    assert list(path.parent.iterdir()) == [path]


def test_an_export_without_a_place_tells_what_the_system_says(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"a\.pt cannot be written \(Not a directory\); save to"):
        export("cnn6", "torchscript", tmp_path / "file" / "new" / "a.pt")
