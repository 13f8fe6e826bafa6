"""How far a training is, on the terminal."""

import time
from typing import Any

import lightning
from lightning.pytorch.callbacks import TQDMProgressBar

from train.learner import Learner

REFRESH_SECONDS = 0.2


class RunBar(TQDMProgressBar):
    """Lightning's bar with the time that is left, for this run and for all where others follow.

    `afterwards`: seconds that the others will take. A narrow terminal cuts the end off, so that the
    times come first. It shows a few of a second's steps: asking for the loss makes a GPU wait.
    """

    BAR_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{rate_noinv_fmt}{postfix}]"

    def __init__(self, afterwards: float = 0.0):
        super().__init__()
        self.afterwards = afterwards

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        super().on_train_start(trainer, learner)
        self.started, self.first_step = time.monotonic(), trainer.global_step
        self.shown = -REFRESH_SECONDS

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        # Instead of Lightning's own, which counts from 0 and shows that.
        epoch = f"Epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
        self.train_progress_bar.set_description(epoch, refresh=False)
        self.train_progress_bar.reset(trainer.num_training_batches)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        learner: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        now, last = time.monotonic(), batch_idx + 1 == trainer.num_training_batches
        if last or now - self.shown >= REFRESH_SECONDS:
            self.shown = now
            super().on_train_batch_end(trainer, learner, outputs, batch, batch_idx)

    def on_exception(self, *_: Any) -> None:
        if self._train_progress_bar is not None:
            self.train_progress_bar.close()  # what is said next gets a line of its own

    def get_metrics(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        steps = trainer.global_step - self.first_step
        if steps and isinstance(learner, Learner):
            pace = (time.monotonic() - self.started) / steps
            left = pace * (learner.steps - trainer.global_step)
            metrics["left"] = duration(left)
            if self.afterwards:
                metrics["all"] = duration(left + self.afterwards)
        logged = super().get_metrics(trainer, learner)
        logged.pop("v_num", None)
        return metrics | {name.rpartition("/")[2]: value for name, value in logged.items()}


def duration(seconds: float) -> str:
    """Such as `40 s`, `12 min` or `2:05 h`."""
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"
