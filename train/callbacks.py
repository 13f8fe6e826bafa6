"""What Lightning's trainer does beside training: averaging weights, saving, and stopping when asked."""

import logging
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint, WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fer_live.errors import UserError
from train.checkpoints import WholeCheckpoints

SAVE_EVERY_SECONDS = 180.0
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)

logger = logging.getLogger(__name__)


class Stopped(Exception):
    """Someone asked the run to stop, and it has been saved. (Lightning would exit on KeyboardInterrupt.)"""


class Averaging(WeightAveraging):
    """An exponential moving average of the weights, by `decay` a step, on the device that trains.

    Lightning makes its average before the network reaches the device, and would copy all weights to the
    CPU at every step.
    """

    def __init__(self, decay: float):
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))

    def on_fit_start(self, trainer: lightning.Trainer, learner: lightning.LightningModule) -> None:
        assert self._average_model is not None  # `setup` has made it
        # Its count of steps stays on the CPU: asking a GPU for it would wait for the step in hand.
        self._average_model.module.to(learner.device)


class LastCheckpoint(Checkpoint):
    """Saves the newest state every few minutes, at each epoch's end, and when Ctrl-C or SIGTERM asks to stop.

    A stop waits for the step in hand, or the first, so that a resumed run repeats nothing and misses nothing; a
    checkpoint that could not be written asks to stop too. Weights that are not finite are refused, so that
    the last good ones stay. Where there are several processes, all save and stop after the same step.
    """

    def __init__(self, path: Path, checkpoints: WholeCheckpoints):
        self.path = path
        self.checkpoints = checkpoints
        self.stopping = False  # as this process was asked
        self.stops = False  # as all agreed
        self.saved = time.monotonic()

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        self.listen()  # again: the trainer has taken SIGTERM since

    def listen(self) -> None:
        """Take the signals that ask to stop."""
        for number in STOPPING_SIGNALS:
            signal.signal(number, self._stop)

    def on_validation_batch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        # Where nothing is trained there is no step to wait for, and nothing to save.
        if trainer.state.fn == TrainerFn.VALIDATING and _any(trainer, self.stopping):
            raise Stopped

    def on_train_batch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        # Here and not at the end of the step that was saved: its loss is logged after that.
        if self.stops:
            raise Stopped

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        due = time.monotonic() - self.saved > SAVE_EVERY_SECONDS
        if _any(trainer, due or self._must_stop()):
            self._save(trainer)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        self._save(trainer)

    def _stop(self, number: int, frame: Any) -> None:
        self.stopping = True

    def _must_stop(self) -> bool:
        return self.stopping or bool(self.checkpoints.failure)

    def _save(self, trainer: lightning.Trainer) -> None:
        self.stops = _any(trainer, self._must_stop())
        if _any(trainer, not _finite(trainer.lightning_module)):
            raise FloatingPointError(
                f"the weights are not finite after step {trainer.global_step}: lower learning_rate"
            )
        trainer.save_checkpoint(self.path)
        self.saved = time.monotonic()


def _any(trainer: lightning.Trainer, mine: bool) -> bool:
    """Whether it is true in any process."""
    return trainer.strategy.reduce_boolean_decision(mine, all=False)


def _finite(module: torch.nn.Module) -> bool:
    return all(bool(torch.isfinite(parameter).all()) for parameter in module.parameters())


@contextmanager
def own_signals() -> Iterator[None]:
    """Give the signals back that LastCheckpoint takes."""
    before = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def heeding_stops(trainer: lightning.Trainer) -> Iterator[None]:
    """Raise KeyboardInterrupt as the block ends, in whatever way, where someone asked to stop meanwhile.

    From the start of the block on: Lightning would end the process while it prepares, without a word.
    The last step of a run is not followed by one that would stop, and those who train several runs would
    go on with the next.
    """
    for saver in _savers(trainer):
        saver.listen()
    try:
        yield
    except (Exception, SIGTERMException) as error:
        if not _asked_to_stop(trainer):
            raise
        if isinstance(error, UserError):
            logger.warning(str(error))
        raise KeyboardInterrupt from error
    if _asked_to_stop(trainer):
        raise KeyboardInterrupt


def _asked_to_stop(trainer: lightning.Trainer) -> bool:
    return any(saver.stopping for saver in _savers(trainer))


def _savers(trainer: lightning.Trainer) -> list[LastCheckpoint]:
    return [one for one in trainer.checkpoint_callbacks if isinstance(one, LastCheckpoint)]


@contextmanager
def quiet() -> Iterator[None]:
    """Lightning's advice on workers and logging does not apply to data that lives on the device."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        yield
