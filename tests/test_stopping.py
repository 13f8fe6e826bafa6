"""Ctrl-C and SIGTERM before there is a step to wait for."""

import importlib
import os
import signal

import pytest
from lightning.pytorch.trainer.connectors.signal_connector import _SignalConnector

from train import fit as fitting
from train.__main__ import main
from train.callbacks import LastCheckpoint
from train.strategies.tau_norm import TauNormalisation

pytestmark = pytest.mark.usefixtures("small_networks")

SIGNALS = [signal.SIGINT, signal.SIGTERM]
TINY = ["epochs=1", "batch_size=16", "precision=32-true", "ema=0"]


@pytest.fixture
def command(fer2013_csv, tmp_path):
    fields = [part for field in TINY for part in ("--set", field)]
    files = ["--root", str(fer2013_csv), "--output", str(tmp_path / "run")]
    return ["fit", "--recipe", "cnn6-fer2013", *files, "--device", "cpu", *fields]


def stopping(number, original=lambda *_: None):
    """A function that has this process signalled, and goes on as the original does."""

    def run(*arguments):
        os.kill(os.getpid(), number)
        return original(*arguments)

    return run


@pytest.mark.parametrize("number", SIGNALS)
def test_a_stop_while_data_is_read_says_that_nothing_is_saved(
    command, number, monkeypatch, tmp_path, capsys
):
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "read_splits", stopping(number))
        assert main(command) == 130
    told = "train: stopped; nothing is saved yet: give the same command to start again\n"
    assert capsys.readouterr().err == told
    assert main(command) == 0
    assert (tmp_path / "run" / "best.ckpt").is_file()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("moment", ["while it prepares", "as it takes the signals"])
def test_a_stop_before_the_first_step_saves_that_step(command, number, moment, monkeypatch, capsys):
    with monkeypatch.context() as patched:
        if moment == "while it prepares":
            patched.setattr(LastCheckpoint, "on_fit_start", stopping(number))
        else:
            taking = stopping(number)
            original = _SignalConnector.register_signal_handlers
            patched.setattr(
                _SignalConnector,
                "register_signal_handlers",
                lambda self: (original(self), taking()),
            )
        assert main(command) == 130
    assert capsys.readouterr().err.endswith("train: stopped; go on with --resume\n")
    assert main([*command, "--resume"]) == 0


def test_a_stop_is_heeded_where_nothing_is_trained(
    fer2013_csv, command, monkeypatch, tmp_path, capsys
):
    def adjust(self, network, macro_recall):
        os.kill(os.getpid(), signal.SIGINT)
        macro_recall()
        raise AssertionError("it went on")

    monkeypatch.setattr(TauNormalisation, "adjust", adjust)
    assert main(command) == 0
    recipe = tmp_path / "tau.yaml"
    recipe.write_text("network: cnn6\nafter: cnn6-fer2013\nstrategy: tau_norm\nepochs: 0\n")
    files = ["--root", str(fer2013_csv), "--output", str(tmp_path / "tau"), "--device", "cpu"]
    before = [part for field in TINY for part in ("--set", f"before.{field}")]
    assert main(["fit", "--recipe", str(recipe), *files, *before]) == 130
    assert capsys.readouterr().err.endswith("train: stopped; go on with --resume\n")


def test_a_stop_waits_for_an_import_that_would_swallow_it(monkeypatch, tmp_path, capsys):
    (tmp_path / "swallowing.py").write_text(
        "import os, signal\n"
        "try:\n    os.kill(os.getpid(), signal.SIGTERM)\nexcept BaseException:\n    pass\n"
    )

    def run():
        importlib.import_module("swallowing")
        signal.pause()

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("train.listing.print_recipes", run)
    assert main(["recipes"]) == 130
    assert "train: stopped; give the same command" in capsys.readouterr().err
