"""Teachers: what they say of the faces, or of every view that their student is shown."""

import pytest
import torch

from fer_live import card as cards
from fer_live import weight_files
from fer_live.errors import UserError
from tests.test_fit import TINY, tiny
from train import recipe as recipes
from train.__main__ import main
from train.data.fer2013 import load
from train.fit import FitOptions, fit
from train.strategies.distillation import Distillation
from train.teach import Teachers, taught

CPU = torch.device("cpu")


def test_a_teacher_teaches_through_the_command_line(fer2013_csv, tmp_path):
    run = tmp_path / "student"
    overrides = [part for override in (*TINY, "epochs=1") for part in ("--set", override)]
    arguments = [
        "fit",
        "--recipe",
        "cnn6-fer2013",
        "--root",
        str(fer2013_csv),
        "--output",
        str(run),
    ]
    assert main([*arguments, *overrides, "--teacher", "cnn6"]) == 0
    trained = recipes.load(str(run / "recipe.yaml"))
    assert (trained.strategy, trained.teachers) == ("distillation", ["cnn6"])


def test_a_teachers_readings_become_targets(fer2013_csv):
    faces = taught(load(fer2013_csv, "public"), ["cnn6", "cucn"], torch.device("cpu"))
    assert faces.targets.shape == (len(faces), 7)
    assert faces.targets.sum(1) == pytest.approx(1, abs=1e-5)


def test_teachers_of_views_are_averaged_over_their_temperatures(fer2013_csv):
    faces = load(fer2013_csv, "public")
    views = torch.randn(2, 1, 48, 48)
    said = Teachers(tiny("strategy=distillation", "teachers=[cnn6, cucn]"), faces, CPU)(views)
    each = []
    for name in ("cnn6", "cucn"):
        network, card = weight_files.load(cards.find_weights(name))
        each.append((network(views).logits / card.temperature).softmax(1))
    torch.testing.assert_close(said, (each[0] + each[1]) / 2)


def test_teachers_of_other_sizes_read_the_views_in_theirs(fer2013_csv):
    teachers = Teachers(
        tiny("strategy=distillation", "teachers=[cnn6]", "size=64"),
        load(fer2013_csv, "public"),
        CPU,
    )
    ramp = torch.linspace(-1, 1, 48)[None, None, None].expand(2, 1, 48, 48)
    said = teachers(ramp)
    for side in (40, 64):  # the small faces of a training's start, and the full ones
        views = torch.nn.functional.interpolate(ramp, (side, side), mode="bilinear")
        torch.testing.assert_close(teachers(views), said, atol=0.02, rtol=0)


def test_a_student_is_shown_the_views_that_its_teachers_read(fer2013_csv, tmp_path, monkeypatch):
    read, shown = [], []

    def reading(teachers, views):
        read.append(views)
        return whole_reading(teachers, views)

    def learning(strategy, step):
        shown.append((step.view(), step.view(), step.targets))
        return whole_loss(strategy, step)

    whole_reading, whole_loss = Teachers.__call__, Distillation.loss
    monkeypatch.setattr(Teachers, "__call__", reading)
    monkeypatch.setattr(Distillation, "loss", learning)
    recipe = tiny("epochs=1", "strategy=distillation", "teachers=[cnn6]", "teaching=views")
    fit(recipe, fer2013_csv, tmp_path / "run", FitOptions())
    assert len(read) == len(shown) > 1
    for views, (first, second, targets) in zip(read, shown, strict=True):
        assert views is first is second
        assert targets.shape == (len(views), 7)
    assert not torch.equal(read[0], read[1])


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("cnn6-fer2013", ["teachers=[cnn6]"], "strategy supervised asks teachers cnn6 nothing"),
        ("cucn-fer2013", ["teachers=[a, b]"], "strategy rul asks teachers a, b nothing"),
        ("cucn-multitask", ["teachers=[a]"], "strategy multitask asks teachers a nothing"),
        ("cucn-fer2013", ["options.taught=0.5"], "option taught needs teachers"),
        (
            "cnn6-distilled",
            ["teachers=[a]", "options.weight=1.1"],
            "weight is 1.1: use a number, 0 to 1",
        ),
        ("cnn6-distilled", ["teachers=[]", "dataset=ferplus"], "distillation needs teachers"),
    ],
)
def test_teachers_and_what_asks_them_need_each_other(name, changes, told):
    with pytest.raises(UserError, match=told):
        recipes.load(name, changes)


def test_a_recipe_without_teachers_is_given_them():
    assert recipes.load("cnn6-fer2013", ["strategy=distillation"], teachers=["a"]).teachers == ["a"]
    recipes.load("cucn-multitask", ["teachers=[a]", "options.taught=0.5"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["channels=3"], "teacher cnn6 wants images of channels"),
        (
            ["small_size=40", "small_until=0.5"],
            "cannot read faces of small_size 40: use small_until=0",
        ),
    ],
)
def test_teachers_that_cannot_read_the_views_are_refused(fer2013_csv, changes, told):
    recipe = tiny("strategy=distillation", "teachers=[cnn6]", *changes)
    with pytest.raises(UserError, match=told):
        Teachers(recipe, load(fer2013_csv, "public"), CPU)
