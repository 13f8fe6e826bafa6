import csv
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml

from tests.interrupting import ctrl_c
from tests.small_sets import without_a_face
from train import recipe as recipes
from train.__main__ import main
from train.data import FER2013
from train.data.augment import Augmentation
from train.search import own_settings, strengthened, with_settings
from train.tune import TuneOptions, Watcher, _open

pytestmark = pytest.mark.usefixtures("small_networks")

TINY = ["epochs=2", "batch_size=16", "ema=0", "precision=32-true"]

METRIC, METRICS = ["--metric", "macro_recall"], "metric ('accuracy', now 'macro_recall')"


def command(root: Path, output: Path, trials: int, *changes: str) -> list[str]:
    fields = [part for change in (*TINY, *changes) for part in ("--set", change)]
    files = ["--root", str(root), "--output", str(output)]
    options = ["--trials", str(trials), "--device", "cpu"]
    return ["tune", "--recipe", "cnn6-fer2013", *files, *options, *fields]


def trials_of(output: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((output / "trials.csv").open()))


def test_a_stopped_search_goes_on_with_the_trial_in_hand(fer2013_csv, tmp_path, capsys):
    output = tmp_path / "study"
    with ctrl_c(step=4, training=2):
        assert main(command(fer2013_csv, output, 2)) == 130
    assert main(command(fer2013_csv, output, 2)) == 0
    first, again = trials_of(output)
    assert [row["state"] for row in (first, again)] == ["COMPLETE", "COMPLETE"]
    assert [row["trial"] for row in (first, again)] == ["trial-000", "trial-001"]
    assert len(list((output / "trial-001").glob("curves/version_*"))) == 2
    assert float(first["params_learning_rate"]) == 0.0015  # the recipe as it is comes first
    best = recipes.load(str(output / "best.yaml"))
    values = {float(row["params_learning_rate"]): float(row["value"]) for row in (first, again)}
    assert best.learning_rate == max(values, key=lambda rate: values[rate])
    name = max((first, again), key=lambda row: float(row["value"]))["trial"]
    said = capsys.readouterr().out
    assert f"best: {name}" in said
    assert "trial-000, 1 of 2: learning_rate 0.0015" in said
    stopped, resumed = (line for line in said.splitlines() if "trial-001, 2 of 2: " in line)
    assert stopped == resumed  # with the settings that it had
    assert f"tuned, {name}: " in best.description


def test_a_search_does_not_go_on_with_other_faces(fer2013_csv, tmp_path, capsys):
    assert main(command(fer2013_csv, tmp_path / "study", 1)) == 0
    assert main(command(without_a_face(fer2013_csv), tmp_path / "study", 2)) == 2
    assert "holds a study on other training faces (" in capsys.readouterr().err


def test_a_study_needs_no_symbolic_links(fer2013_csv, tmp_path, monkeypatch):
    """Windows lets administrators alone make them."""

    def symlink(*arguments):
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr("os.symlink", symlink)
    study = _open(
        recipes.load("cnn6-fer2013"),
        tmp_path,
        TuneOptions(1),
        None,
        FER2013.load(fer2013_csv, "train"),
    )
    assert study.user_attrs["metric"] == "accuracy"


def test_a_search_stopped_in_the_last_step_of_a_trial_does_not_begin_another(fer2013_csv, tmp_path):
    output = tmp_path / "study"
    changes = ("epochs=1", "batch_size=56")
    with ctrl_c(step=0):
        assert main(command(fer2013_csv, output, 2, *changes)) == 130
    assert not (output / "trial-001").exists()
    assert main(command(fer2013_csv, output, 1, *changes)) == 0
    assert len(list((output / "trial-000").glob("curves/version_*"))) == 1  # it was finished


def test_of_epochs_that_are_equal_the_first_is_scored_as_it_is_the_one_that_is_kept():
    attributes = {}
    trial = SimpleNamespace(
        user_attrs=attributes,
        set_user_attr=attributes.__setitem__,
        report=lambda score, epoch: None,
        should_prune=lambda: False,
    )
    watcher = Watcher(trial, "macro_recall")
    for epoch, recall in enumerate((0.4, 0.6)):
        measured = {"val/selection": torch.tensor(0.5), "val/macro_recall": torch.tensor(recall)}
        trainer = SimpleNamespace(callback_metrics=measured, current_epoch=epoch)
        watcher.on_validation_end(trainer, None)
    assert watcher.best == pytest.approx((0.5, 0.4))


def test_a_study_keeps_to_its_recipe(fer2013_csv, tmp_path, capsys):
    output = tmp_path / "study"
    assert main(command(fer2013_csv, output, 1)) == 0
    assert main(command(fer2013_csv, output, 2, "label_smoothing=0.3")) == 2
    error = capsys.readouterr().err
    assert (
        "holds a study with another label_smoothing (0.05, now 0.3): go on with the same" in error
    )
    for option, told in ((["--limit", "20"], "limit (None, now 20)"), (METRIC, METRICS)):
        assert main([*command(fer2013_csv, output, 2), *option]) == 2
        assert f"holds a study with another {told}: go on" in capsys.readouterr().err


def test_trials_that_fail_are_told_in_one_line(fer2013_csv, tmp_path, capsys):
    broken = command(fer2013_csv, tmp_path / "study", 1, "learning_rate=1e30", "clip_norm=0")
    assert main(broken) == 2
    error = capsys.readouterr().err
    assert "no trial came to an end: loss is nan" in error
    assert error.count("\n") == 1


def test_strength_multiplies_amounts_and_leaves_the_flip():
    stronger = strengthened(Augmentation(rotation=10, flip=0.5, erasing=0.6), 2)
    assert (stronger.rotation, stronger.flip, stronger.erasing) == (20, 0.5, 1.0)


def test_a_recipe_is_its_own_settings():
    recipe = recipes.load("cnn6-fer2013")
    assert with_settings(recipe, own_settings(recipe)) == recipe


def test_class_weights_are_not_stacked_on_a_balanced_sampler():
    assert "class_weights" in own_settings(recipes.load("report-baseline"))
    assert "class_weights" not in own_settings(recipes.load("report-balanced"))


def test_no_augmentation_stays_none():
    assert "augmentation" not in own_settings(recipes.load("report-baseline"))


def test_the_best_recipe_is_a_whole_recipe(fer2013_csv, tmp_path):
    assert main(command(fer2013_csv, tmp_path / "study", 1)) == 0
    content = yaml.safe_load((tmp_path / "study" / "best.yaml").read_text())
    assert content["epochs"] == 2
    assert "tuned, trial-000" in content["description"]


@pytest.mark.parametrize("trials", ["0", "many"])
def test_a_search_needs_trials(trials, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["tune", "--recipe", "cnn6-fer2013", "--output", "x", "--trials", trials])
    assert stopped.value.code == 2
    assert "not a whole number from 1" in capsys.readouterr().err


def test_a_learning_rate_of_nothing_is_told(fer2013_csv, tmp_path, capsys):
    assert main(command(fer2013_csv, tmp_path / "out", 1, "learning_rate=0")) == 2
    assert "learning_rate 0 has nothing around it" in capsys.readouterr().err


def test_no_weight_decay_stays_none(fer2013_csv, tmp_path):
    output = tmp_path / "study"
    assert main(command(fer2013_csv, output, 2, "weight_decay=0", "epochs=1")) == 0
    assert all("params_weight_decay" not in row for row in trials_of(output))
    assert recipes.load(str(output / "best.yaml")).weight_decay == 0
