"""How the learning rate changes, and for which parameters."""

from dataclasses import replace

import pytest
import torch

from tests.tiny import TinyNetwork, task
from train import recipe as recipes
from train.learner import Learner
from train.schedule import Plateau, factor, warm_cosine
from train.strategies.supervised import Supervised

STEPS, EPOCHS = 40, 10


def learner(**fields):
    recipe = replace(recipes.load("report-baseline"), epochs=EPOCHS, **fields)
    network = TinyNetwork(2)
    strategy = Supervised(task([1.0, 1.0]))
    return Learner(network, strategy, recipe, 2, STEPS, 0.5, 0.25)


def test_a_cosine_rises_in_a_line_and_falls_to_nothing():
    assert [warm_cosine(step, 3, 103) for step in (0, 1, 2)] == [0.25, 0.5, 0.75]
    assert [warm_cosine(step, 3, 103) for step in (3, 53, 103)] == pytest.approx([1, 0.5, 0])


def test_stairs_fall_by_the_decay_each_so_many_epochs():
    recipe = replace(
        recipes.load("report-baseline"), epochs=EPOCHS, decay=0.5, decay_every=2, warmup_epochs=0
    )
    falling = factor(recipe, STEPS)  # 4 steps an epoch
    assert [falling(step) for step in (0, 7, 8, 15, 16)] == [1, 1, 0.5, 0.5, 0.25]


def test_a_recipes_warm_up_is_counted_in_epochs():
    rising = {"epochs": EPOCHS, "warmup_epochs": 2.0}  # 8 of 40 steps: the ninth has the whole rate
    cosine = factor(replace(recipes.load("cnn6-fer2013"), schedule="cosine", **rising), STEPS)
    assert [cosine(step) for step in (0, 7, 8, 24, 40)] == pytest.approx([1 / 9, 8 / 9, 1, 0.5, 0])
    still = replace(recipes.load("report-baseline"), decay=1.0, **rising)
    stairs = factor(still, STEPS)
    assert [stairs(step) for step in (0, 7, 8, 39)] == pytest.approx([1 / 9, 8 / 9, 1, 1])


def test_a_plateau_counts_epochs_without_a_better_loss():
    plateau = Plateau(patience=2)
    for loss in (1.0, 1.1, 1.0):
        plateau.step(loss)
    assert plateau.factor == 1
    plateau.step(1.2)
    assert plateau.factor == pytest.approx(0.1)
    for loss in (0.9, 1.0, 1.0, 1.0):
        plateau.step(loss)
    assert plateau.factor == pytest.approx(0.01)


def test_without_patience_no_plateau_matters():
    plateau = Plateau(patience=0)
    for _ in range(9):
        plateau.step(1.0)
    assert plateau.factor == 1


def test_a_plateau_goes_on_after_a_resume():
    plateau, again = Plateau(patience=1), Plateau(patience=1)
    for loss in (1.0, 2.0):
        plateau.step(loss)
    again.load_state_dict(plateau.state_dict())
    again.step(2.0)
    assert again.factor == pytest.approx(0.1)


def test_both_schedules_multiply():
    training = learner(decay=0.9, plateau_patience=1, warmup_epochs=0.0)
    assert training.recipe.schedule == "step"
    found = training.configure_optimizers()
    rates = []
    for epoch in range(4):
        for step in range(STEPS // EPOCHS):
            found["optimizer"].step()
            found["lr_scheduler"]["scheduler"].step()
            if step == 1:
                rates.append(found["optimizer"].param_groups[0]["lr"])
        training.plateau.step(1.0 if epoch else 0.5)
    base = training.recipe.learning_rate
    # Two epochs after the best one the plateau takes its tenth, and the stairs go on.
    expected = [base * 0.9**epoch * (0.1 if epoch == 3 else 1) for epoch in range(4)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)],
)
def test_a_recipe_names_its_optimiser(name, kind):
    optimizer = learner(optimizer=name).configure_optimizers()["optimizer"]
    assert type(optimizer) is kind
    if name == "sgd":
        assert (optimizer.defaults["momentum"], optimizer.defaults["nesterov"]) == (0.9, True)


def test_norms_and_biases_do_not_decay_and_the_classifier_has_its_own_rate():
    training = learner(weight_decay=0.3, learning_rate=0.01, head_rate=5.0)
    groups = training.configure_optimizers()["optimizer"].param_groups
    settings = {id(p): (g["weight_decay"], g["initial_lr"]) for g in groups for p in g["params"]}
    network = training.network
    assert settings[id(network.trunk[0].weight)] == (0.3, 0.01)
    assert settings[id(network.trunk[1].weight)] == (0.0, 0.01)
    assert settings[id(network.classifier.weight)] == pytest.approx((0.3, 0.05))
    assert settings[id(network.classifier.bias)] == pytest.approx((0.0, 0.05))
    assert len(settings) == sum(1 for _ in network.parameters())
