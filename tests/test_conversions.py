"""OpenVINO's models: converted once, beside the session, and made anew where they are damaged."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fer_live import card as cards
from fer_live import precisions
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.runtimes import cache, conversion, load_runtime, openvino
from tests.commands import environment, log_lines

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
    runtime = openvino.Converting(_cnn6(), _torch)
    conversion = runtime._process
    assert os.getpgid(conversion.pid) == conversion.pid  # Ctrl-C does not reach it
    own = os.getpriority(os.PRIO_PROCESS, 0)
    while os.getpriority(os.PRIO_PROCESS, conversion.pid) <= own:
        assert conversion.poll() is None  # it is to give way to the pictures
        time.sleep(0.01)
    runtime.close()
    assert conversion.wait(60) == 0
    assert (cache.cache_folder(_cnn6()) / cache.MODEL).is_file()
    kept = cache.cache_folder(_cnn6())
    assert {path.stem for path in kept.parent.iterdir()} <= {kept.stem, kept.name}


def test_torch_goes_on_where_the_weights_are_gone_by_the_end_of_the_conversion(
    monkeypatch, tmp_path, random_weights
):
    """Of networks whose heat-maps have no closed form, they are read once more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = Path(random_weights(network="dcnn", arguments={"size": 16}))
    classifier = Classifier.load(str(path), "cpu")
    assert classifier.runtime._process.wait(60) == 0
    path.unlink()
    assert len(classifier(CROPS)) == 3
    assert classifier.runtime.name == "torch"


def test_two_sessions_convert_once(monkeypatch, tmp_path):
    """The second one while the first converts: it begins nothing, and waits for that."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache.cache_folder(_cnn6())
    folder.parent.mkdir(parents=True)
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            cache.convert(_cnn6())
            held.release()

    held = cache.lock(folder, 0)
    held.acquire()

    monkeypatch.setattr(openvino.time, "sleep", sleep)
    second = openvino.Converting(_cnn6(), _torch)
    assert second._process is None
    assert second.name == "torch"
    second.wait()
    assert len(waited) == 3
    assert second.name.startswith("openvino")


def test_a_conversion_that_was_killed_begins_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = Classifier.load("cnn6", "cpu").runtime
    folder = cache.cache_folder(_cnn6())
    while not cache.under_way(folder):
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


def test_what_was_not_used_for_a_month_goes_when_another_is_made(
    monkeypatch, tmp_path, random_weights
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second, third = (Path(random_weights(seed)) for seed in range(3))
    old, used = cache.convert(first), cache.convert(second)
    part, lock = old.with_name("tmpabc"), old.with_name(f"{old.name}.lock")
    part.mkdir()
    lock.touch()
    for path in (old, used, part, lock):
        os.utime(path, (0, 0))
    Classifier.load(str(second), "cpu", "openvino")
    assert set(old.parent.iterdir()) == {old, used, part, lock}
    new = cache.convert(third)
    assert set(old.parent.iterdir()) == {used, new}


def test_a_cache_that_cannot_be_written_is_one_line_or_torch(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot be kept in .* \(Not a directory\); .* torch"):
        Classifier.load("cnn6", "cpu", "openvino")
    assert Classifier.load("cnn6", "cpu").runtime.name == "torch"


def test_what_another_process_has_converted_meanwhile_is_used(monkeypatch, whole, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache.cache_folder(_cnn6())

    def save(*arguments):
        shutil.copytree(next(whole.rglob(cache.MODEL)).parent, folder)

    monkeypatch.setattr(conversion, "save", save)
    assert cache.convert(_cnn6()) == folder
    assert (folder / cache.MODEL).is_file()


def test_what_is_left_of_a_conversion_that_was_taken_away_is_in_nobodys_way(monkeypatch, tmp_path):
    """OpenVINO puts a compiled model into a folder that is gone by then."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache.cache_folder(_cnn6())
    folder.mkdir(parents=True)
    (folder / "1234.blob").touch()
    assert cache.convert(_cnn6()) == folder
    assert (folder / cache.MODEL).is_file()
    assert list(folder.parent.iterdir()) == [folder]


DAMAGE = {
    "empty xml": lambda path: path.write_bytes(b""),
    "cut xml": lambda path: os.truncate(path, 500),
    "empty bin": lambda path: os.truncate(path.with_suffix(".bin"), 0),
    "cut bin": lambda path: os.truncate(path.with_suffix(".bin"), 500),
    "no bin": lambda path: path.with_suffix(".bin").unlink(),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cache with cnn6's conversion, to be copied and damaged."""
    place = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(place))
        cache.convert(_cnn6())
    return place


@pytest.fixture
def damaged(whole, tmp_path, monkeypatch):
    """A function that makes a cache with that damage, and returns the conversion's folder."""

    def make(damage):
        shutil.copytree(whole, tmp_path / "cache")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        folder = cache.cache_folder(_cnn6())
        for name in (cache.MODEL, cache.EIGHT_BITS):
            DAMAGE[damage](folder / name)
        return folder

    return make


@pytest.mark.parametrize("precision", ["f32", "int8"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_conversion_is_made_anew(damaged, caplog, damage, precision):
    folder = damaged(damage)
    runtime = openvino.converted(_cnn6(), precision=precision)
    assert runtime.name == ("openvino" if precision == "f32" else "openvino int8")
    assert f"{folder} is damaged" in caplog.text
    assert {path.stem for path in folder.parent.iterdir()} <= {folder.stem, folder.name}


def test_torch_answers_where_the_conversion_is_damaged_until_it_is_made_anew(damaged, caplog):
    damaged("cut bin")
    runtime = Classifier.load("cnn6", "cpu").runtime
    assert runtime.name == "torch"
    assert len(caplog.messages) == 1
    runtime.wait()
    assert runtime.name.startswith("openvino")


def test_a_conversion_that_stays_unreadable_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    monkeypatch.setattr(conversion, "save", lambda network, card, path, quantised: path.touch())
    with pytest.raises(UserError, match=r"cannot read .*openvino.*; delete that folder"):
        Classifier.load("cnn6", "cpu", "openvino")


@pytest.fixture(params=["cucn", "cnn6"])
def closed(request, monkeypatch, tmp_path, random_weights):
    """The path of converted weights whose heat-maps have a closed form: an affine head, or one hidden layer."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = random_weights(network=request.param, arguments={"size": 36})
    cache.convert(Path(path))
    return path


def test_heat_maps_without_a_closed_form_are_made_by_the_network(
    monkeypatch, tmp_path, random_weights
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = random_weights(network="dcnn", arguments={"size": 16})
    found, expected = (
        one.heatmaps(one.score(CROPS))
        for one in (Classifier.load(path, "cpu", name) for name in ("openvino", "torch"))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * expected.max())


def test_heat_maps_of_what_torch_read_are_made_after_the_conversion_too(closed, monkeypatch):
    monkeypatch.setattr(precisions, "able", list)  # what eight bits move is test_runtimes' matter
    before = Classifier.load(closed, "cpu", "torch").score(CROPS)
    classifier = Classifier.load(closed, "cpu")
    assert classifier.runtime.name.startswith("openvino")
    found, expected = (classifier.heatmaps(s) for s in (before, classifier.score(CROPS)))
    assert np.abs(found - expected).max() <= 0.03 * expected.max()


READ = """
import sys
from fer_live.cli import main
code = main(["image", sys.argv[1], "--model", sys.argv[2], "--output", "out", "--log", "a.jsonl"])
sys.exit(code or ("torch" in sys.modules))
"""


def test_a_converted_model_reads_without_torch(closed, portrait, tmp_path):
    """Whose import takes longer than all else."""
    command = [sys.executable, "-c", READ, portrait, closed]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = log_lines(tmp_path / "a.jsonl")
    assert len(line["faces"]) == 1
    assert (tmp_path / "out" / "portrait.png").is_file()


def _torch():
    return load_runtime("torch", _cnn6(), "cpu")


def _cnn6():
    return cards.find_weights("cnn6")
