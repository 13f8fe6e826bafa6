import re
from dataclasses import asdict

import lightning
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from fer_live.errors import UserError
from train import recipe as recipes
from train import recipe_checks
from train.data import DATASETS, ferplus
from train.data.batches import Batch
from train.learner import Learner
from train.start import build_network
from train.strategies import Task, build_strategy, criterion

COUNT = 8


def batch_for(dataset, recipe):
    torch.manual_seed(0)
    labels = torch.arange(COUNT) % len(dataset.classes)
    channels = min(dataset.channels, recipe.channels)  # grey networks are given grey faces
    side = dataset.side or recipe.size  # faces of any size are streamed in the recipe's
    images = torch.randint(0, 256, (COUNT, channels, side, side))
    targets = F.one_hot(labels, len(dataset.classes)).float()
    if recipe.strategy not in ("distributions", "distillation"):
        targets = None
    return Batch(images.to(torch.uint8), labels, torch.arange(COUNT), targets)


def learner_for(recipe, dataset, labels):
    classes = len(dataset.classes)
    loss = criterion.build(
        labels.bincount(minlength=classes),
        recipe.class_weights,
        recipe.weight_mode,
        recipe.label_smoothing,
    )
    network = build_network(recipe, classes)
    votes = np.full((len(labels), len(ferplus.COLUMNS)), 2, np.uint8)
    task = Task(classes, labels, loss, network, votes)
    strategy = build_strategy(recipe.strategy, task, recipe.options)
    mean, deviation = dataset.mean, dataset.deviation
    return Learner(network, strategy, recipe, classes, 1, mean, deviation)


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_takes_a_step(name, caplog, monkeypatch):
    recipe = recipes.load(name)
    assert not caplog.records  # none of them stacks remedies
    assert recipe.description
    dataset = DATASETS[recipe.dataset]
    batch = batch_for(dataset, recipe)
    learner = learner_for(recipe, dataset, batch.labels)
    if recipe.after:
        assert recipes.before(recipe).dataset == recipe.dataset
    if not recipe.epochs:
        learner.strategy.adjust(learner.network, lambda: 0.5)
        return
    learner.trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    monkeypatch.setattr(learner, "log", lambda *_, **__: None)  # which wants a loop that runs
    learner.on_train_start()
    optimizer = learner.configure_optimizers()["optimizer"]
    training = [p for p in learner.network.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in training]
    loss = learner.training_step(batch, 0)
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)
    assert any(not torch.equal(p, old) for p, old in zip(training, before, strict=True))


def test_rows_of_the_published_tables_have_one_recipe_each():
    found = [(recipe.table, recipe.row) for recipe in map(recipes.load, recipes.names())]
    rows = [pair for pair in found if pair[0]]
    assert all(row for _, row in rows)
    assert len(rows) == len(set(rows)) == 5 + 3 + 8 + 6


def test_the_reports_base_line_changes_no_picture():
    images = torch.rand(4, 1, 48, 48).clamp(min=1e-3)
    found = recipes.load("report-baseline").augmentation(images)
    torch.testing.assert_close(found, images, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("overrides", "stacked"),
    [
        (["sampler=balanced", "class_weights=0.5"], "a balanced sampler and class weights (loss)"),
        (["sampler=balanced", "strategy=ldam"], "a balanced sampler and the strategy ldam"),
        (["class_weights=1", "strategy=logit_adjustment"], "the strategy logit_adjustment"),
    ],
)
def test_stacked_remedies_for_rare_classes_are_warned_of(caplog, overrides, stacked):
    recipes.load("basic", overrides)
    assert stacked in caplog.text
    assert "each makes rare classes weigh more" in caplog.text


def test_an_uncertainty_head_that_no_stage_teaches_is_warned_of(caplog):
    recipes.load("cucn-fer2013", ["strategy=supervised", "options={}", "trains=[classifier]"])
    assert not caplog.records
    recipes.load("cucn-fer2013", ["strategy=supervised", "options={}"])
    assert "strategy supervised leaves the uncertainty head as it begins" in caplog.text


@pytest.mark.parametrize(
    ("recipe", "overrides", "how"),
    [
        ("cucn-fer2013", ["arguments.uncertainty=false"], "arguments.uncertainty=true"),
        ("cnn6-fer2013", ["strategy=rul"], "another network"),
    ],
)
def test_a_head_that_a_strategy_teaches_must_be_there(recipe, overrides, how):
    with pytest.raises(UserError, match=f"needs an uncertainty head, .* lacks: use {how}$"):
        recipes.load(recipe, overrides)


def test_remedies_stacked_over_two_stages_are_warned_of(caplog):
    recipes.before(recipes.load("lws"))
    assert not caplog.records
    recipes.before(recipes.load("lws", ["before.class_weights=1"]))
    assert (
        "a balanced sampler after recipe basic is stacked on its class weights (loss)"
        in caplog.text
    )


@pytest.mark.parametrize("override", ["sampler=balanced", "class_weights=0.5", "strategy=ldam"])
def test_one_remedy_is_not_warned_of(caplog, override):
    recipes.load("basic", [override])
    assert not caplog.records


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs=-1", "epochs is -1: use 0 or more"),
        ("batch_size=1", "batch_size is 1: use 2 or more"),
        ("learning_rate=.nan", "learning_rate is nan: use 0 or more"),
        ("label_smoothing=2", "label_smoothing is 2.0: use 0 to 1"),
        ("seed=-1", "seed is -1: use 0 to 4294967295"),
        ("ema=1", "ema is 1.0: use 0 to 0.999999"),
        ("augmentation.flip=3", "augmentation.flip is 3.0: use 0 to 1"),
        ("augmentation.erased_area=[0.5,0.2]", "erased_area [0.5, 0.2] is not a smallest and"),
        ("channels=2", "channels 2 is not one of 1, 3"),
        ("network=magic", "network 'magic' is not one of cucn, cnn6"),
        ("class_weights=-1", "class_weights -1.0: use 0 or more"),
        ("learning_rate=.inf", "learning_rate is inf: use 0 or more"),
        ("augmentation.rotation=.inf", "rotation is inf: use 0 or more"),
        ("class_weights=[1,.inf]", "class_weights [1.0, inf]: use 0 or more"),
        ("arguments.size=40", "arguments.size is no argument: leave it out"),
        ("arguments.foo=1", "arguments: 'foo' is not one of network cucn's: depth, stem, "),
        ("epochs=", "epochs has no value: give one, or leave it out"),
        ("augmentation.flip=", "augmentation: flip has no value"),
        ("augmentation=5", "augmentation 5 is not a mapping: set its fields"),
        ("augmentation=[]", "augmentation [] is not a mapping: set its fields"),
        ("epochs=[", "--set 'epochs=[': '[' is no YAML value"),
        (
            "before.epochs=1",
            "before.epochs changes the recipe it comes after, and it comes after none",
        ),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_those_that_can(override, message):
    with pytest.raises(UserError) as caught:
        recipes.load("basic", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_beta_is_less_than_one():
    with pytest.raises(UserError, match="is beta in weight_mode class_balanced: use less than 1"):
        recipes.load("class-balanced", ["class_weights=1"])


def test_spoiling_has_a_way():
    assert recipes.load("basic", ["augmentation.ways=[]"]).augmentation.ways == ()
    with pytest.raises(UserError, match=r"augmentation\.ways names no way of spoiling: name one, "):
        recipes.load("cucn-plus", ["augmentation.ways=[]"])


def test_every_number_of_a_recipe_has_its_limits():
    recipe = recipes.load("basic")
    for fields, limits in (
        (recipe.to_dict(), recipe_checks.LIMITS),
        (asdict(recipe.augmentation), recipe_checks.AUGMENTATION_LIMITS),
    ):
        numbers = {k for k, v in fields.items() if type(v) in (int, float)}
        assert numbers - limits.keys() <= {"channels", "class_weights"}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("epohs=3", "there is no field 'epohs': did you mean epochs?"),
        (
            "augmentation.rotated=3",
            "augmentation: there is no field 'rotated': did you mean rotation?",
        ),
        ("zzz=3", "there is no field 'zzz': use after, align"),
    ],
)
def test_a_field_that_is_none_names_the_likeliest(override, told):
    with pytest.raises(UserError, match=re.escape(told)):
        recipes.load("cnn6-fer2013", [override])


def test_a_recipe_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match=r"recipe\.yaml cannot be read as text .* give a YAML file"):
        recipes.load(str(path))


@pytest.mark.parametrize(
    ("name", "options"),
    [("cucn-fer2013", {}), ("cnn6-distilled", {"temperature": 2.0, "weight": 0.7})],
)
def test_teachers_teach_by_distillation_whatever_the_strategy_was(name, options):
    recipe = recipes.load(name, teachers=["a", "b"])
    assert (recipe.strategy, recipe.teachers) == ("distillation", ["a", "b"])
    assert recipe.options == options
    assert recipes.load(name, ["options.weight=0.5"], teachers=["a"]).options["weight"] == 0.5
