"""How long a training will take, measured on a few steps."""

import io
import tempfile
import time
from contextlib import redirect_stdout, suppress
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

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        self.started = time.monotonic()

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
        ends = [self.started, *self.ends]
        ends = ends[WARM_UP:] if len(ends) > WARM_UP + 1 else ends
        return self.steps * (ends[-1] - ends[0]) / (len(ends) - 1)


def measure_seconds(recipe: Recipe, root: Path, options: FitOptions) -> float:
    """What the recipe's own epochs will take on this machine, from its first steps in a temporary folder.

    Small faces are quicker: where it has them, as many steps of either size are measured. Raises
    UserError as `fit` does.
    """
    if not recipe.epochs:
        return 0.0
    alone = replace(recipe, after="", before={})  # as quick from random parameters
    small = recipe.small_until if recipe.small_size else 0.0
    parts = ((1.0, small), (0.0, 1 - small))
    return sum(
        share * _seconds(replace(alone, small_until=until), root, options)
        for until, share in parts
        if share > 0
    )


def _seconds(recipe: Recipe, root: Path, options: FitOptions) -> float:
    watch = StopWatch()
    with (
        tempfile.TemporaryDirectory() as folder,
        redirect_stdout(io.StringIO()),  # the bar is of a training that nobody asked for
        suppress(Enough),
    ):
        fit(recipe, root, Path(folder) / "run", options, callbacks=[watch])
    return watch.seconds
