import csv
import dataclasses
import json
import os
import signal
from contextlib import contextmanager

import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from fer_live import card as cards
from fer_live.errors import UserError
from train import recipe as recipes
from train.__main__ import main
from train.callbacks import LastCheckpoint
from train.data.batches import DeviceBatches, Order
from train.data.fer2013 import load
from train.export import export
from train.fit import FitOptions, fit
from train.start import build_network, start

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
@pytest.mark.parametrize(("network", "step"), [("cnn6", 2), ("cnn6", 6), ("cucn", 9)])
def test_a_stopped_run_goes_on_with_the_same_losses(
    fer2013_csv, tmp_path, every_step_logged, network, step
):
    whole, broken, recipe = tmp_path / "whole", tmp_path / "broken", tiny(network=network)
    fit(recipe, fer2013_csv, whole, FitOptions())
    with ctrl_c_during(step), pytest.raises(KeyboardInterrupt):
        fit(recipe, fer2013_csv, broken, FitOptions())
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


def test_a_run_can_start_from_a_weight_file(fer2013_csv, tmp_path):
    fit(tiny("epochs=1"), fer2013_csv, tmp_path / "first", FitOptions())
    weights = export(tmp_path / "first", fer2013_csv, "first", tmp_path, torch.device("cpu"))
    again = tiny("epochs=1", f"init={weights}", "learning_rate=0", "ema=0")
    fit(again, fer2013_csv, tmp_path / "second", FitOptions())
    state = torch.load(tmp_path / "second" / "best.ckpt", weights_only=True)["state_dict"]
    network, card = cards.load(weights)
    expected = network.state_dict()["classifier.weight"]
    torch.testing.assert_close(state["network.classifier.weight"], expected)
    facts = json.loads((tmp_path / "second" / "run.json").read_text())
    assert facts["note"] == f"from the weights of first (commit {card.commit})"


def test_a_run_can_start_from_weights_for_other_expressions(fer2013_csv, tmp_path, caplog):
    fit(tiny("epochs=1"), fer2013_csv, tmp_path / "first", FitOptions())
    weights = export(tmp_path / "first", fer2013_csv, "first", tmp_path, torch.device("cpu"))
    recipe = tiny(f"init={weights}")
    network = build_network(recipe, 8)
    with caplog.at_level("WARNING"):
        start(network, recipe, None)
    assert "classifier of the network start at random" in caplog.text
    own, expected = network.state_dict(), cards.load(weights)[0].state_dict()
    assert own["classifier.weight"].shape[0] == 8
    for name in (name for name in expected if not name.startswith("classifier.")):
        torch.testing.assert_close(own[name], expected[name])


@pytest.fixture
def fitted(fer2013_csv, tmp_path):
    """A weight file whose classifier matrix scaling fitted, as far as its card knows."""
    fit(tiny("epochs=1"), fer2013_csv, tmp_path / "first", FitOptions())
    weights = export(tmp_path / "first", fer2013_csv, "first", tmp_path, torch.device("cpu"))
    network, card = cards.load(weights)
    told = {**card.training, "matrix_scaling": {"split": "public"}}
    cards.save(weights, dataclasses.replace(card, training=told), network.state_dict())
    return weights


def started(recipe, classes=7):
    network = build_network(recipe, classes)
    start(network, recipe, None)
    return network.state_dict()


@pytest.mark.parametrize("trains", [[], ["classifier"], ["classifier.weight", "classifier.bias"]])
def test_a_classifier_that_the_selection_split_fitted_is_not_where_training_starts(
    fitted, caplog, trains
):
    with caplog.at_level("WARNING"):
        own = started(dataclasses.replace(tiny(f"init={fitted}"), trains=trains))
    assert "classifier starts at random" in caplog.text
    expected = cards.load(fitted)[0].state_dict()
    assert not torch.equal(own["classifier.weight"], expected["classifier.weight"])
    for name in (name for name in expected if not name.startswith("classifier.")):
        torch.testing.assert_close(own[name], expected[name])


@pytest.mark.parametrize(("epochs", "trains"), [(0, []), (1, ["crowd"]), (1, ["trunk"])])
def test_such_a_classifier_may_not_stay(fitted, epochs, trains):
    recipe = tiny(f"init={fitted}", f"epochs={epochs}")
    with_votes = {**recipe.arguments, "crowd": 8}
    with pytest.raises(UserError, match="from before its matrix scaling"):
        started(dataclasses.replace(recipe, arguments=with_votes, trains=trains))


def test_other_expressions_are_told_once(fitted, caplog):
    with caplog.at_level("WARNING"):
        started(tiny(f"init={fitted}"), classes=8)
    assert caplog.text.count("start at random") + caplog.text.count("starts at random") == 1


def test_starting_from_another_network_is_refused(fer2013_csv, tmp_path):
    fit(tiny("epochs=1"), fer2013_csv, tmp_path / "first", FitOptions())
    weights = export(tmp_path / "first", fer2013_csv, "first", tmp_path, torch.device("cpu"))
    other = tiny(f"init={weights}", network="cucn")
    with pytest.raises(UserError, match="the recipe asks for cucn with"):
        fit(other, fer2013_csv, tmp_path / "second", FitOptions())
