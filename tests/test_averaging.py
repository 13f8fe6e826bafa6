"""The moving average of the weights: what it is, and where it lives."""

import lightning
import pytest
from lightning.pytorch.trainer.states import TrainerFn
from torch import nn

from train.callbacks import Averaging

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
