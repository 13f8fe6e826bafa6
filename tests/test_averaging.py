"""The moving average of the weights: what it is, and where it lives."""

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.trainer.states import TrainerFn
from torch import nn

from tests.test_fit import tiny
from train.callbacks import Averaging
from train.fit import FitOptions, fit

pytestmark = pytest.mark.usefixtures("small_networks")

DECAY = 0.9


class Tiny(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)


@pytest.fixture
def trainer():
    return lightning.Trainer(logger=False)


@pytest.fixture
def made(trainer):
    """An average, made before its network reaches a device, and the network."""
    averaging, learner = Averaging(DECAY), Tiny()
    averaging.setup(trainer, learner, TrainerFn.FITTING)
    return averaging, learner


def test_each_step_adds_its_weights_by_the_decay(trainer, made):
    averaging, learner = made
    averaging.on_fit_start(trainer, learner)
    for weight in (1.0, 2.0, 3.0):
        nn.init.constant_(learner.layer.weight, weight)
        averaging._average_model.update_parameters(learner)
    expected = DECAY * (DECAY * 1.0 + (1 - DECAY) * 2.0) + (1 - DECAY) * 3.0
    assert averaging._average_model.module.layer.weight.item() == pytest.approx(expected)


def test_the_average_lives_where_the_network_trains(trainer, made):
    averaging, learner = made
    learner.to("meta")  # stands for a GPU
    averaging.on_fit_start(trainer, learner)
    assert averaging._average_model.module.layer.weight.device == learner.device
    assert averaging._average_model.n_averaged.device.type == "cpu"


class Diary(Callback):
    """The classifier's bias after each step."""

    def __init__(self):
        self.steps = []

    def on_train_batch_end(self, trainer, learner, *_):
        self.steps.append(learner.network.classifier.bias.detach().clone())


def test_a_run_keeps_the_average_and_not_the_last_step(fer2013_csv, tmp_path):
    diary = Diary()
    recipe = tiny("epochs=1", f"ema={DECAY}", "learning_rate=0.01")
    fit(recipe, fer2013_csv, tmp_path, FitOptions(accelerator="cpu"), callbacks=[diary])
    expected, *later = diary.steps
    for bias in later:
        expected = DECAY * expected + (1 - DECAY) * bias
    for name in ("best", "last"):
        kept = torch.load(tmp_path / f"{name}.ckpt", weights_only=True)["state_dict"]
        torch.testing.assert_close(kept["network.classifier.bias"], expected)
    assert (expected - diary.steps[-1]).abs().max() > 1e-3
