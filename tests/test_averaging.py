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
def begun():
    """An average of a network whose one weight is 1."""
    averaging, learner = Averaging(DECAY), Tiny()
    nn.init.constant_(learner.layer.weight, 1.0)
    averaging.setup(lightning.Trainer(logger=False), learner, TrainerFn.FITTING)
    averaging.on_fit_start(lightning.Trainer(logger=False), learner)
    return averaging, learner


def test_each_step_adds_its_weights_by_the_decay(begun):
    averaging, learner = begun
    for weight in (1.0, 2.0, 3.0):
        nn.init.constant_(learner.layer.weight, weight)
        averaging._average_model.update_parameters(learner)
    expected = DECAY * (DECAY * 1.0 + (1 - DECAY) * 2.0) + (1 - DECAY) * 3.0
    assert averaging._average_model.module.layer.weight.item() == pytest.approx(expected)


def test_the_average_lives_where_the_network_trains():
    # "meta" stands for a GPU: a device that the network reaches after the average was made.
    averaging, learner = Averaging(DECAY), Tiny()
    averaging.setup(lightning.Trainer(logger=False), learner, TrainerFn.FITTING)
    learner.to("meta")
    averaging.on_fit_start(lightning.Trainer(logger=False), learner)
    assert averaging._average_model.module.layer.weight.device == learner.device
    assert averaging._average_model.n_averaged.device.type == "cpu"
