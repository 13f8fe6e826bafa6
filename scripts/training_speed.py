"""How busy training keeps the device: `python -m scripts.training_speed --recipe NAME --root DATA`.

Every few steps of `fit` on the data set, as many of a bare loop follow: the same network, loss and optimiser on
random tensors, in the same process. Beside it, what augmentation alone takes of a step.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from fer_live.device import choose_device
from fer_live.errors import UserError
from train import recipe as recipes
from train.cli.options import add_device, positive
from train.data.batches import Batch
from train.fit import fit
from train.learner import Learner
from train.pace import Enough
from train.recipe import Recipe
from train.start import build_network
from train.trainer import FitOptions

TURN = 5  # steps of either kind before the other's turn
WARM_UP = 2  # turns that are not counted: the first steps allocate, tune and compile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="FER2013's folder or csv")
    parser.add_argument("--recipe", default="cucn-fer2013")
    parser.add_argument("--turns", type=positive, default=12, help=f"of {TURN} steps of each kind")
    add_device(parser)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    try:
        print(measure(options))
    except UserError as error:
        parser.exit(2, f"training_speed: {error}\n")


def measure(options: argparse.Namespace) -> str:
    """What came of it, for people. Raises UserError where there is nothing to measure."""
    # Whole faces from the first step: both kinds of step then have the same size.
    recipe = recipes.load(options.recipe, changes={"small_until": 0.0})
    recipe = replace(recipe, after="", before={})  # as quick from random parameters
    if not recipe.epochs:
        raise UserError(f"recipe {options.recipe} has no epochs to measure: choose one that trains")
    turns = Turns(recipe, options.turns + WARM_UP, options.compile)
    device = choose_device(options.device)
    fit_options = FitOptions(accelerator=device.type, compiled=options.compile)
    quiet = redirect_stdout(io.StringIO())  # the bar is of a training that nobody asked for
    with tempfile.TemporaryDirectory() as folder, quiet, suppress(Enough):
        fit(recipe, options.root, Path(folder) / "run", fit_options, callbacks=[turns])
    least = (WARM_UP + 1) * TURN
    if len(turns.real) < least:
        raise UserError(
            f"a training of {len(turns.real)} steps is too short, {least} are the least: use more faces"
        )
    real, bare, augmenting = (
        1000 * median(times[WARM_UP * TURN :])
        for times in (turns.real, turns.bare, turns.augmenting)
    )
    rate = recipe.batch_size / real * 1000
    return (
        f"{options.recipe} on {device}, batches of {recipe.batch_size}, medians of {TURN * options.turns} steps:\n"
        f"training {real:.0f} ms a step ({rate:.0f} faces a second), bare loop {bare:.0f} ms: "
        f"{100 * bare / real:.1f}% of the bare loop's throughput\n"
        f"augmentation {augmenting:.1f} ms, {100 * augmenting / real:.1f}% of a step"
    )


class Turns(Callback):
    """Seconds of each step: of training, of the bare loop, and of augmenting its batch once more."""

    def __init__(self, recipe: Recipe, turns: int, compiled: bool):
        self.recipe, self.steps, self.compiled = recipe, turns * TURN, compiled
        self.real: list[float] = []
        self.bare: list[float] = []
        self.augmenting: list[float] = []

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        assert isinstance(learner, Learner)
        self._loop = bare_loop(learner, self.recipe, self.compiled)
        self._ended = _now()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        learner: lightning.LightningModule,
        outputs: Any,
        batch: Batch,
        *_: Any,
    ) -> None:
        self.real.append(_now() - self._ended)
        if len(self.real) % TURN == 0:
            for _step in range(TURN):
                self.bare.append(_seconds(self._loop))
                self.augmenting.append(_seconds(lambda: self._augment(batch)))
            if len(self.real) >= self.steps:
                raise Enough
        self._ended = _now()

    def _augment(self, batch: Batch) -> None:
        self.recipe.augmentation(batch.images.float() / 255, self.recipe.size)


def bare_loop(learner: Learner, recipe: Recipe, compiled: bool) -> Callable[[], None]:
    """One step of the recipe's network with cross-entropy on a batch that never changes."""
    device = learner.device
    network = build_network(recipe, learner.classes).to(device, memory_format=torch.channels_last)
    network.train()
    forward = torch.compile(network.__call__, dynamic=False) if compiled else network
    optimizer = torch.optim.SGD(
        network.parameters(), lr=recipe.learning_rate, momentum=0.9, nesterov=True
    )
    mixed = learner.trainer.precision == "bf16-mixed"
    shape = (recipe.batch_size, recipe.channels, recipe.size, recipe.size)
    images = torch.randn(shape, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, learner.classes, (recipe.batch_size,), device=device)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, mixed):
            loss = torch.nn.functional.cross_entropy(forward(images).logits.float(), labels)
        loss.backward()
        optimizer.step()

    return step


def _seconds(work: Callable[[], None]) -> float:
    began = _now()
    work()
    return _now() - began


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
