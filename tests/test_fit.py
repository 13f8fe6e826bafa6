import csv
import os
import signal
from contextlib import contextmanager

import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from fer_live.errors import UserError
from train import recipe as recipes
from train.__main__ import main
from train.callbacks import LastCheckpoint
from train.data.batches import DeviceBatches, Order
from train.data.fer2013 import load
from train.export import export
from train.fit import FitOptions, fit

pytestmark = pytest.mark.usefixtures("small_networks")
RESUMING = FitOptions(resume=True)
TINY = [
    "epochs=2",
    "batch_size=8",
    "warmup_epochs=0.5",
    "precision=32-true",
    "small_until=0",
]


def tiny(*overrides, network="cnn6"):
    return recipes.load(f"{network}-fer2013", [*TINY, *overrides])


def losses(run):
    """Step -> training loss, as the log tells."""
    found = {}
    for path in sorted(run.glob("curves/*/metrics.csv")):
        for row in csv.DictReader(path.open()):
            if row["train/loss"]:
                assert int(row["step"]) not in found, "a step was trained twice"
                found[int(row["step"])] = float(row["train/loss"])
    return found


@pytest.fixture
def every_step_logged(monkeypatch):
    import lightning

    original = lightning.Trainer.__init__

    def patched(self, **arguments):
        original(self, **{**arguments, "log_every_n_steps": 1})

    monkeypatch.setattr(lightning.Trainer, "__init__", patched)


@contextmanager
def ctrl_c_during(step):
    """Send this process a Ctrl-C as the given step begins."""
    original = LastCheckpoint.on_train_batch_start

    def interrupt(self, trainer, *arguments):
        if trainer.global_step == step:
            os.kill(os.getpid(), signal.SIGINT)
        original(self, trainer, *arguments)

    LastCheckpoint.on_train_batch_start = interrupt
    try:
        yield
    finally:
        LastCheckpoint.on_train_batch_start = original


# Inside an epoch, at its last step, in the next one: in CUCN's first part, and where mixing has begun.
@pytest.mark.parametrize(
    ("recipe", "steps"),
    [(tiny(), (2, 6)), (tiny("size=24", "batch_size=14", network="cucn"), (5,))],
    ids=["cnn6", "cucn"],
)
def test_a_stopped_run_goes_on_with_the_same_losses(
    fer2013_csv, tmp_path, every_step_logged, recipe, steps
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    fit(recipe, fer2013_csv, whole, FitOptions())
    for times, step in enumerate(steps):
        with ctrl_c_during(step), pytest.raises(KeyboardInterrupt):
            fit(recipe, fer2013_csv, broken, FitOptions(resume=times > 0))
        assert max(losses(broken)) == step
    fit(recipe, fer2013_csv, broken, RESUMING)
    after, expected = losses(broken), losses(whole)
    assert after.keys() == expected.keys()
    assert [after[s] for s in expected] == pytest.approx([expected[s] for s in expected], rel=1e-5)


def test_a_run_leaves_checkpoints_logs_and_its_recipe(fer2013_csv, tmp_path):
    run = tmp_path / "run"
    fit(tiny("epochs=1"), fer2013_csv, run, FitOptions())
    for name in (
        "best.ckpt",
        "last.ckpt",
        "recipe.yaml",
        "run.json",
        "curves/version_0/metrics.csv",
    ):
        assert (run / name).is_file()
    assert list((run / "tensorboard").iterdir())


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_where(fer2013_csv, tmp_path):
    with pytest.raises(UserError, match="at step"):
        fit(tiny("learning_rate=1e30", "clip_norm=0"), fer2013_csv, tmp_path / "run", FitOptions())


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epoch=3", "epoch"),
        ("epochs=many", "many"),
        ("strategy=magic", "magic"),
        ("epochs", "key=value"),
        ("epochs.more=3", "no fields of its own"),
    ],
)
def test_bad_overrides_are_one_line_and_exit_code_2(
    fer2013_csv, tmp_path, capsys, override, message
):
    arguments = ["fit", "--recipe", "cnn6-fer2013", "--root", str(fer2013_csv), "--set", override]
    assert main([*arguments, "--output", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_compiler_that_fails_is_one_line(fer2013_csv, tmp_path, monkeypatch):
    def compiled(*_, **__):
        def forward(images):
            raise TorchDynamoException("no C++ compiler\n\n" + "Set TORCHDYNAMO_VERBOSE " * 99)

        return forward

    monkeypatch.setattr(torch, "compile", compiled)
    with pytest.raises(UserError, match=r"no C\+\+ compiler .*: leave --compile out") as caught:
        fit(tiny(), fer2013_csv, tmp_path / "run", FitOptions(compiled=True))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_end_of_a_run_tells_its_best_epoch_and_what_comes_next(
    fer2013_csv, tmp_path, capsys, monkeypatch
):
    run = tmp_path / "my run"
    settings = [word for change in TINY for word in ("--set", change)]
    arguments = ["fit", "--recipe", "cnn6-fer2013", *settings, "--root", str(fer2013_csv)]
    assert main([*arguments, "--output", str(run)]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    state = torch.load(run / "best.ckpt", weights_only=True)
    (score,) = {
        row["val/selection"]
        for row in csv.DictReader((run / "curves" / "version_0" / "metrics.csv").open())
        if row["val/selection"] and int(row["epoch"]) == state["epoch"]
    }
    assert told == (
        f"best: epoch {state['epoch'] + 1}, {float(score):.2%} of the selection split. "
        f"Next: python -m train export --run '{run}' --name NAME --root {fer2013_csv}"
    )
    monkeypatch.setenv("FER_DATA", str(fer2013_csv))
    assert main([*arguments[:-2], "--output", str(tmp_path / "again")]) == 0
    assert "--root" not in capsys.readouterr().out.splitlines()[-1]


def test_a_run_whose_last_state_is_chosen_tells_no_accuracy(fer2013_csv, tmp_path, capsys, caplog):
    settings = [word for change in TINY for word in ("--set", change)]
    arguments = ["fit", "--recipe", "simclr", *settings, "--root", str(fer2013_csv)]
    assert main([*arguments, "--output", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("Next: python -m train export")
    assert told.endswith("; then train a classifier with --set init=NAME")
    export(tmp_path / "run", fer2013_csv, "trunk", tmp_path, torch.device("cpu"))
    assert "strategy simclr trains no classifier" in caplog.text


def test_a_batch_of_one_face_is_refused(fer2013_csv, tmp_path):
    with pytest.raises(UserError, match="a batch of one face cannot be normalised"):
        fit(tiny(), fer2013_csv, tmp_path / "run", FitOptions(limit=1))


def test_an_empty_variable_names_no_data(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FER_DATA", "")
    assert main(["fit", "--recipe", "cnn6-fer2013", "--output", str(tmp_path / "run")]) == 2
    assert "no data set given: add --root FOLDER, or set FER_DATA" in capsys.readouterr().err


def test_unknown_recipe_names_the_known_ones():
    with pytest.raises(UserError, match=r"cnn6-fer2013, .*cucn-fer2013"):
        recipes.load("cuca", [])


def test_order_depends_on_seed_and_epoch_alone():
    first, again = Order(50, seed=3), Order(50, seed=3)
    again.set_epoch(1)
    assert list(first) != list(again)
    again.set_epoch(0)
    assert list(first) == list(again)
    assert sorted(first) == list(range(50))


def test_batches_go_on_where_they_were_saved(fer2013_csv):
    faces = load(fer2013_csv, "train")
    device = torch.device("cpu")
    batches = DeviceBatches(faces, 10, device, Order(len(faces), 0))
    iterator = iter(batches)
    next(iterator)
    state = batches.state_dict()
    expected = next(iterator).places
    again = DeviceBatches(faces, 10, device, Order(len(faces), 0))
    again.load_state_dict(state)
    assert torch.equal(next(iter(again)).places, expected)
