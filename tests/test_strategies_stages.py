"""Trainings in stages: what is frozen stays, and what a strategy keeps goes on."""

import csv
from dataclasses import replace

import pytest
import torch
import yaml

from fer_live.errors import UserError
from tests.interrupting import ctrl_c
from train import recipe as recipes
from train.data import fer2013
from train.fit import FitOptions, fit
from train.start import build

pytestmark = pytest.mark.usefixtures("small_networks")

TINY = {
    "network": "cnn6",
    "epochs": 1,
    "batch_size": 8,
    "learning_rate": 0.01,
    "warmup_epochs": 0,
    "ema": 0,
    "precision": "32-true",
}
FITTING = FitOptions(accelerator="cpu")


@pytest.fixture
def recipe(tmp_path):
    """A recipe of these fields, from a YAML file of its own; the path stands for its name."""

    def write(name, **fields):
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**TINY, **fields}))
        return str(path)

    return write


def state(run, checkpoint="best"):
    return torch.load(run / f"{checkpoint}.ckpt", weights_only=True)["state_dict"]


def curves(run):
    return [row for path in run.glob("curves/*/metrics.csv") for row in csv.DictReader(path.open())]


def test_the_second_stage_leaves_the_first_as_it_was_and_statistics_too(
    recipe, fer2013_csv, tmp_path
):
    second = recipe(
        "second", after=recipe("first"), trains=["classifier"], sampler="balanced", epochs=2
    )
    run = tmp_path / "run"
    fit(recipes.load(second), fer2013_csv, run, FITTING)
    before, after = state(run / "before"), state(run)
    frozen = [k for k in before if k.startswith(("network.trunk", "network.head"))]
    assert any(k.endswith("running_mean") for k in frozen)
    assert [k for k in frozen if not torch.equal(before[k], after[k])] == []
    assert not torch.equal(before["network.classifier.weight"], after["network.classifier.weight"])


def test_a_finished_first_stage_is_not_trained_again(recipe, fer2013_csv, tmp_path):
    first = recipe("first")
    fit(recipes.load(first), fer2013_csv, tmp_path / "first", FITTING)
    trained = (tmp_path / "first" / "best.ckpt").stat().st_mtime_ns
    second = recipes.load(recipe("second", after=first, trains=["classifier"]))
    fit(second, fer2013_csv, tmp_path / "run", FITTING, before=tmp_path / "first")
    assert (tmp_path / "first" / "best.ckpt").stat().st_mtime_ns == trained
    assert not (tmp_path / "run" / "before").exists()


def test_a_run_that_was_stopped_in_its_first_stage_goes_on(recipe, fer2013_csv, tmp_path):
    second = recipes.load(recipe("second", after=recipe("first"), trains=["classifier"]))
    with ctrl_c(step=3), pytest.raises(KeyboardInterrupt):
        fit(second, fer2013_csv, tmp_path / "run", FITTING)
    assert not (tmp_path / "run" / "last.ckpt").exists()
    fit(second, fer2013_csv, tmp_path / "run", replace(FITTING, resume=True))
    assert len(list((tmp_path / "run" / "before" / "curves").iterdir())) == 2
    assert (tmp_path / "run" / "best.ckpt").is_file()


@pytest.mark.parametrize(
    ("fields", "limit", "said"),
    [
        ({"size": 40}, None, "otherwise, size"),
        ({"seed": 7}, None, "otherwise, seed"),
        ({}, 40, "limit"),
    ],
)
def test_a_finished_run_of_another_kind_is_no_first_stage(
    recipe, fer2013_csv, tmp_path, fields, limit, said
):
    options = replace(FITTING, limit=limit)
    fit(recipes.load(recipe("first", **fields)), fer2013_csv, tmp_path / "run" / "before", options)
    second = recipes.load(recipe("second", after=recipe("first"), trains=["classifier"]))
    with pytest.raises(UserError, match=said):
        fit(second, fer2013_csv, tmp_path / "run", FITTING)


def test_parts_that_the_network_lacks_cannot_train(recipe, fer2013_csv, tmp_path):
    wrong = recipes.load(recipe("wrong", trains=["layer5"]))
    with pytest.raises(UserError, match="begins 'layer5': it has trunk, classifier"):
        fit(wrong, fer2013_csv, tmp_path / "run", FITTING)


def test_what_does_not_fit_is_told_before_the_first_stage_trains(recipe, fer2013_csv, tmp_path):
    wrong = recipe("wrong", after=recipe("first"), trains=["layer5"])
    with pytest.raises(UserError, match="begins 'layer5'"):
        fit(recipes.load(wrong), fer2013_csv, tmp_path / "run", FITTING)
    assert not (tmp_path / "run" / "before").exists()


def test_another_network_is_told_before_the_first_stage_trains(recipe, fer2013_csv, tmp_path):
    wrong = recipe("wrong", after=recipe("first"), network="dcnn")
    with pytest.raises(UserError, match=r"has no head\.1\.bias, head\.1\.weight"):
        fit(recipes.load(wrong), fer2013_csv, tmp_path / "run", FITTING)
    assert not (tmp_path / "run" / "before").exists()


def test_a_second_stage_draws_what_it_would_alone(recipe, fer2013_csv):
    faces = fer2013.load(fer2013_csv, "train")
    second = recipes.load(recipe("second", after=recipe("first")))
    drawn = []
    for each in (second, replace(second, after="")):
        torch.manual_seed(0)
        build(each, faces)
        drawn.append(torch.rand(1).item())
    assert drawn[0] == drawn[1]


def test_arguments_that_the_network_lacks_are_refused(recipe):
    with pytest.raises(UserError, match="'depth' is not one of network cnn6's"):
        recipes.load(recipe("wrong", arguments={"depth": 18}))


def test_tau_normalisation_is_a_stage_without_epochs(recipe, fer2013_csv, tmp_path):
    run = tmp_path / "run"
    even = recipe("even", after=recipe("first"), strategy="tau_norm", epochs=0)
    fit(recipes.load(even), fer2013_csv, run, FITTING)
    before, after = state(run / "before"), state(run)
    directions = [
        torch.nn.functional.normalize(found["network.classifier.weight"])
        for found in (before, after)
    ]
    torch.testing.assert_close(*directions)
    assert before["network.classifier.bias"].any()
    assert not after["network.classifier.bias"].any()


def test_the_last_state_is_chosen_where_nothing_is_classified(recipe, fer2013_csv, tmp_path):
    run = tmp_path / "run"
    fit(recipes.load(recipe("simclr", strategy="simclr", epochs=3)), fer2013_csv, run, FITTING)
    best, last = (
        torch.load(run / f"{name}.ckpt", weights_only=True)["global_step"]
        for name in ("best", "last")
    )
    assert best == last == 3 * 7


def test_new_labels_are_in_the_checkpoint_and_their_share_in_the_curves(
    recipe, fer2013_csv, tmp_path
):
    run = tmp_path / "run"
    # Every face of the low group takes the likeliest label, whatever its own.
    options = {"relabel_from": 0.0, "relabel_margin": -1.0}
    fit(recipes.load(recipe("scn", strategy="scn", options=options)), fer2013_csv, run, FITTING)
    labels = state(run, "last")["strategy.labels"]
    share = (labels != torch.arange(7).repeat(8)).float().mean().item()
    assert share > 0
    said = [float(row["train/relabelled"]) for row in curves(run) if row.get("train/relabelled")]
    assert said == [pytest.approx(share)]
