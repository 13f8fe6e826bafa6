"""What a training shows its network, and what it chooses the best epoch by."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from fer_live.card import Card
from fer_live.expressions import ANGRY, HAPPY
from fer_live.preprocess import to_input
from tests.tiny import SIDE, TinyNetwork, task
from train import recipe as recipes
from train.callbacks import Averaging
from train.data.augment import Augmentation
from train.data.batches import Batch
from train.learner import Learner
from train.strategies.rul import RelativeUncertainty
from train.strategies.supervised import Supervised
from train.trainer import FitOptions, build_trainer

EDGE = math.log(1 + math.exp(-1)), math.log(1 + math.exp(1))  # of a class that is ahead by 1


def learner(strategy=None):
    """Its network says the first of two classes of any face, by a logit of 1."""
    network = TinyNetwork(2)
    torch.nn.init.zeros_(network.classifier.weight)
    network.classifier.bias.data = torch.tensor([1.0, 0.0])
    strategy = strategy or Supervised(task([1.0, 1.0]))
    return Learner(network, strategy, recipes.load("cnn6-fer2013"), 2, 40, 0.5, 0.25).eval()


def validated(training, monkeypatch, *batches):
    """Name -> what is logged of batches of faces with these labels."""
    logged = {}
    monkeypatch.setattr(training, "log", lambda name, value, **_: logged.update({name: value}))
    for labels in map(torch.tensor, batches):
        images = torch.zeros(len(labels), 1, SIDE, SIDE, dtype=torch.uint8)
        training.validation_step(Batch(images, labels, torch.arange(len(labels))), 0)
    training.on_validation_epoch_end()
    return {
        name: float(value.compute() if hasattr(value, "compute") else value)
        for name, value in logged.items()
    }


def test_the_best_epoch_is_that_of_the_highest_accuracy_over_all_faces(monkeypatch):
    found = validated(learner(), monkeypatch, [0, 0, 0, 0, 1], [1])
    loss = (4 * EDGE[0] + 2 * EDGE[1]) / 6
    expected = {"accuracy": 4 / 6, "macro_recall": 0.5, "selection": 4 / 6, "loss": loss}
    assert found == pytest.approx({f"val/{name}": value for name, value in expected.items()})


def test_an_epoch_before_all_parts_were_trained_is_not_chosen(monkeypatch):
    strategy = RelativeUncertainty(task([1.0, 1.0]), mixing_from=0.5)
    assert validated(learner(strategy), monkeypatch, [0, 0])["val/selection"] == 0


def test_faces_are_validated_as_the_app_reads_them():
    training = learner()
    pictures = torch.randint(256, (2, SIDE, SIDE), dtype=torch.uint8)
    seen = []
    training.network.register_forward_pre_hook(lambda _, given: seen.append(*given))
    labels = torch.tensor([0, 1])
    training.log = lambda *_, **__: None
    training.validation_step(Batch(pictures[:, None], labels, labels), 0)
    card = Card("tiny", "cnn6", {}, (ANGRY, HAPPY), SIDE, 1, 0.5, 0.25)
    torch.testing.assert_close(seen[0], torch.from_numpy(to_input(list(pictures.numpy()), card)))


@pytest.mark.parametrize(("done", "side"), [(9, 12), (10, SIDE)])
def test_faces_are_small_for_the_first_part_of_the_training(monkeypatch, done, side):
    training = learner()
    small, still = {"small_size": 12, "small_until": 0.25}, Augmentation(*[0] * 10)
    training.recipe = replace(training.recipe, size=SIDE, **small, augmentation=still)
    one = SimpleNamespace(reduce_boolean_decision=lambda mine: mine)
    training._trainer = SimpleNamespace(global_step=done, strategy=one)
    monkeypatch.setattr(Learner, "global_step", done)  # of 40
    training.log = lambda *_, **__: None
    shown = []
    training._forward = lambda images: shown.append(images) or training.network(images)
    labels = torch.tensor([0, 1])
    pictures = torch.full((2, 1, 2 * SIDE, 2 * SIDE), 200, dtype=torch.uint8)
    assert training.training_step(Batch(pictures, labels, labels), 0).item() > 0
    expected = torch.full((2, 1, side, side), (200 / 255 - 0.5) / 0.25)
    torch.testing.assert_close(shown[0], expected)


def test_the_trainer_keeps_the_highest_and_averages_as_the_recipe_says(tmp_path):
    recipe = replace(recipes.load("cnn6-fer2013"), epochs=7, clip_norm=0.5, ema=0.9)
    trainer = build_trainer(recipe, tmp_path, FitOptions(accelerator="cpu"))
    best = next(one for one in trainer.checkpoint_callbacks if hasattr(one, "monitor"))
    assert (best.monitor, best.mode, best.save_top_k) == ("val/selection", "max", 1)
    assert (trainer.max_epochs, trainer.gradient_clip_val) == (7, 0.5)
    assert sum(isinstance(one, Averaging) for one in trainer.callbacks) == 1
    plain = build_trainer(replace(recipe, ema=0.0), tmp_path, FitOptions(accelerator="cpu"))
    assert not any(isinstance(one, Averaging) for one in plain.callbacks)
