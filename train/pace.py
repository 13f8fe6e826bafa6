"""How long a training will take, measured on a few steps."""

import io
import json
import tempfile
import time
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from train.data.augment import Augmentation
from train.fit import fit
from train.learner import Learner
from train.recipe import Recipe
from train.trainer import FitOptions

STEPS, WARM_UP = 20, 5  # the first steps allocate, tune and compile
LONGEST = 30.0  # seconds that the steps after those take, where they are slow
# Fields that decide how long a step takes, beside those that only do by being there.
COMPUTED = (
    *("arguments", "size", "channels", "align", "small_size", "small_until", "trains", "dataset"),
    *("strategy", "options", "teachers", "teaching", "batch_size", "optimizer", "precision"),
)


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
        measured = len(self.ends) - WARM_UP
        if measured == STEPS or (measured > 1 and self.ends[-1] - self.ends[WARM_UP] > LONGEST):
            raise Enough

    @property
    def seconds(self) -> float:
        """Of the whole training; validation costs a tenth at most and is left out."""
        ends = [self.started, *self.ends]
        ends = ends[WARM_UP:] if len(ends) > WARM_UP + 1 else ends
        return self.steps * (ends[-1] - ends[0]) / (len(ends) - 1)


class Paces:
    """What trainings will take on this machine, from their first steps; those that compute alike are measured once."""

    def __init__(self, root: Path, options: FitOptions):
        self.root, self.options = root, options
        self.known: dict[str, float] = {}  # what is computed -> seconds of an epoch

    def knows(self, recipe: Recipe) -> bool:
        """Whether nothing of this recipe is left to measure."""
        return all(_computed(part) in self.known for _, part in _parts(recipe))

    def seconds(self, recipe: Recipe) -> float:
        """Of the recipe's own epochs. Raises UserError as `fit` does."""
        return recipe.epochs * sum(share * self._of_epoch(part) for share, part in _parts(recipe))

    def _of_epoch(self, part: Recipe) -> float:
        computed = _computed(part)
        if computed not in self.known:
            self.known[computed] = _seconds(part, self.root, self.options) / part.epochs
        return self.known[computed]


def _parts(recipe: Recipe) -> list[tuple[float, Recipe]]:
    """(share of the training, what is trained then): small faces are quicker. None without epochs."""
    if not recipe.epochs:
        return []
    alone = replace(recipe, after="", before={})  # as quick from random parameters
    small = recipe.small_until if recipe.small_size else 0.0
    parts = (
        (small, replace(alone, small_until=1.0)),
        (1 - small, replace(alone, small_size=0, small_until=0.0)),
    )
    return [(share, part) for share, part in parts if share > 0]


def _computed(part: Recipe) -> str:
    """All that decides how long a step takes: the same for recipes that differ in numbers alone."""
    spoilt = part.augmentation  # all the rest is done at any amount
    augmentation = Augmentation(spoiling=spoilt.spoiling, ways=spoilt.ways)
    alike = replace(
        Recipe(part.network),
        **{name: getattr(part, name) for name in COMPUTED},
        augmentation=augmentation,
        ema=float(part.ema > 0),
        clip_norm=float(part.clip_norm > 0),
    )
    return json.dumps(alike.to_dict(), sort_keys=True)


def _seconds(recipe: Recipe, root: Path, options: FitOptions) -> float:
    watch = StopWatch()
    with (
        tempfile.TemporaryDirectory() as folder,
        redirect_stdout(io.StringIO()),  # the bar is of a training that nobody asked for
        suppress(Enough),
    ):
        fit(recipe, root, Path(folder) / "run", options, callbacks=[watch])
    return watch.seconds
