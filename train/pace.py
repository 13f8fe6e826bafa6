"""How long a training will take: measured on a few steps, and said while it runs."""

import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from train.fit import fit
from train.learner import Learner
from train.recipe import Recipe
from train.trainer import FitOptions

STEPS, WARM_UP = 20, 5  # the first steps allocate, tune and compile


class Enough(Exception):
    """The steps that were to be measured are done."""


class StopWatch(Callback):
    """Ends a run after a few steps, with the seconds that all of it would take."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.steps = 0

    def on_train_batch_end(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule, *_: Any
    ) -> None:
        assert isinstance(learner, Learner)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.monotonic())
        self.steps = learner.steps
        if len(self.ends) == STEPS + WARM_UP:
            raise Enough

    @property
    def seconds(self) -> float:
        """Of the whole training; validation costs a tenth at most and is left out."""
        ends = self.ends[WARM_UP - 1 :] if len(self.ends) > WARM_UP else self.ends
        if len(ends) < 2:
            return 0.0
        return self.steps * (ends[-1] - ends[0]) / (len(ends) - 1)


def measure_seconds(recipe: Recipe, root: Path, options: FitOptions) -> float:
    """What the recipe's own epochs will take on this machine, from its first steps in a temporary folder.

    Raises UserError as `fit` does.
    """
    if not recipe.epochs:
        return 0.0
    watch = StopWatch()
    alone = replace(recipe, after="", before={})  # as quick from random parameters
    with tempfile.TemporaryDirectory() as folder, suppress(Enough):
        fit(alone, root, Path(folder) / "run", options, callbacks=[watch])
    return watch.seconds


class TimeLeft(Callback):
    """Adds to the bar how many hours are left for all runs; `afterwards`: seconds that follow this one."""

    def __init__(self, afterwards: float):
        self.afterwards = afterwards

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        self.started, self.first_step = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule, *_: Any
    ) -> None:
        assert isinstance(learner, Learner)
        done = trainer.global_step - self.first_step
        if done and done % 10 == 0:
            pace = (time.monotonic() - self.started) / done
            left = pace * (learner.steps - trainer.global_step) + self.afterwards
            learner.log("all_left_h", left / 3600, prog_bar=True, logger=False)


def duration(seconds: float) -> str:
    """Such as `2:05 h` or `40 s`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d} h"
