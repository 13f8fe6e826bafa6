import json
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from train import precision
from train.fit import FitOptions, fit
from train.precision import precision_of
from train.recipe import load

pytestmark = pytest.mark.usefixtures("small_networks")

# Without units for it, a step in bfloat16 takes ten times as long.
FEW = FitOptions(accelerator="cpu", limit=32)


@pytest.fixture
def measured(monkeypatch):
    """Says what the measurement found, and counts how often it was made."""
    asked = []

    def answer(single, half):
        def seconds():
            asked.append(None)
            return {torch.float32: single, torch.bfloat16: half}

        monkeypatch.setattr(precision, "seconds", seconds)
        return asked

    monkeypatch.setenv(precision.MEASURED, "")  # so that it is as it was, afterwards
    monkeypatch.delenv(precision.MEASURED)
    return answer


@pytest.mark.parametrize(("single", "half", "quicker"), [(2, 1, "bf16-mixed"), (1, 11, "32-true")])
def test_a_cpu_trains_in_what_it_is_quicker_in(measured, single, half, quicker):
    asked = measured(single, half)
    recipe = load("cucn-fer2013")
    assert [precision_of(recipe, "cpu") for _ in range(2)] == [quicker, quicker]
    assert len(asked) == 1


@pytest.mark.parametrize("named", ["32-true", "bf16-mixed"])
def test_a_precision_that_is_named_is_not_measured(measured, named):
    asked = measured(1, 1)
    assert precision_of(load("cucn-fer2013", [f"precision={named}"]), "cpu") == named
    assert not asked


@pytest.mark.parametrize(("fast", "chosen"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_computes_in_bfloat16_where_it_has_units_for_it(monkeypatch, fast, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: fast)
    assert precision_of(load("cucn-fer2013"), "auto") == chosen


def test_both_precisions_are_timed_on_this_cpu():
    taken = precision.seconds()
    assert set(taken) == {torch.float32, torch.bfloat16}
    assert all(0 < each < 60 for each in taken.values())


def test_other_processes_of_a_training_take_what_the_first_one_measured(measured):
    measured(2, 1)
    precision_of(load("cucn-fer2013"), "cpu")
    code = (
        "from train import precision, recipe\n"
        "precision.seconds = lambda: 1 / 0\n"
        "print(precision.precision_of(recipe.load('cucn-fer2013'), 'cpu'))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "bf16-mixed"


@pytest.mark.parametrize("begun", ["auto", "bf16-mixed"])
def test_a_resumed_run_keeps_its_precision(fer2013_csv, tmp_path, measured, monkeypatch, begun):
    measured(2, 1)
    run = tmp_path / "run"
    small = ["batch_size=16", "small_until=0", "ema=0"]
    recipe = load("cnn6-fer2013", ["epochs=2", *small, f"precision={begun}"])

    class Stop(Callback):
        def on_validation_end(self, trainer, learner):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(recipe, fer2013_csv, run, FEW, callbacks=[Stop()])
    monkeypatch.setenv(precision.MEASURED, "32-true")  # as on another machine
    again = load("cnn6-fer2013", ["epochs=2", *small])
    fit(again, fer2013_csv, run, replace(FEW, resume=True))
    facts = json.loads((run / "run.json").read_text())
    assert (facts["precision"], facts["finished"]) == ("bf16-mixed", True)


def test_a_run_tells_the_precision_that_auto_came_to(fer2013_csv, tmp_path, measured):
    measured(2, 1)
    recipe = load("cnn6-fer2013", ["epochs=1", "batch_size=16", "small_until=0"])
    fit(recipe, fer2013_csv, tmp_path / "run", FEW)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["precision"] == "bf16-mixed"
    assert "precision: auto" in (tmp_path / "run" / "recipe.yaml").read_text()
