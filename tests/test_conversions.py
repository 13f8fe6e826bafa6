"""OpenVINO's models: converted once, beside the session, and made anew where they are damaged."""

import os
import shutil

import numpy as np
import pytest
import torch

from fer_live import card as cards
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.runtimes import choose_runtime, openvino

CPU = torch.device("cpu")
CROPS = list(np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8))


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
