"""`python -m train fit`: one recipe becomes checkpoints in a run folder."""

import json
import logging
import platform
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
import yaml
from lightning.pytorch.callbacks import (
    Callback,
    Checkpoint,
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from fer_live import card as cards
from fer_live.errors import UserError
from fer_live.models import MODELS, Network
from train.data import fer2013
from train.data.batches import DeviceBatches, Order
from train.learner import Learner
from train.recipe import Recipe
from train.strategies import Strategy
from train.strategies.rul import RelativeUncertainty
from train.strategies.supervised import Supervised, class_weights

# Mean and deviation of FER2013 Training's pixel values.
PIXEL_MEAN, PIXEL_DEVIATION = 0.5077, 0.255
SAVE_EVERY_SECONDS = 180.0
VALIDATION_BATCH = 256
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def fit(
    recipe: Recipe,
    root: Path,
    output: Path,
    *,
    resume: bool = False,
    limit: int | None = None,
    accelerator: str = "auto",
    compiled: bool = False,
) -> None:
    """Train `recipe` on the data set under `root`; write `best.ckpt`, `last.ckpt` and logs to `output`.

    FER2013's Training trains; PublicTest selects the best epoch. `limit`: faces of each split, for a
    smoke run. Raises UserError on bad input, KeyboardInterrupt once a stopped run has been saved.
    """
    checkpoint = _prepare(recipe, output, resume)
    training, validation = fer2013.load(root, "train"), fer2013.load(root, "public")
    if limit is not None:
        training, validation = training.first(limit), validation.first(limit)
    lightning.seed_everything(recipe.seed, verbose=False)
    network = MODELS[recipe.network](classes=len(training.classes), **recipe.arguments)
    if recipe.init:
        _start_from(recipe.init, network, recipe)
    weights = class_weights(torch.from_numpy(training.class_counts()), recipe.class_weights)
    with _quiet(), _own_signals():
        trainer = _trainer(recipe, output, accelerator)
        device = trainer.strategy.root_device
        _write_facts(output, device, limit)
        order = Order(len(training), recipe.seed)
        batches = DeviceBatches(training, recipe.batch_size, device, order)
        learner = Learner(
            network.to(memory_format=torch.channels_last),
            _strategy(recipe, weights),
            recipe,
            len(training.classes),
            recipe.epochs * len(batches),
            PIXEL_MEAN,
            PIXEL_DEVIATION,
            compiled,
        )
        try:
            trainer.fit(
                learner,
                batches,
                DeviceBatches(validation, VALIDATION_BATCH, device),
                ckpt_path=checkpoint,
                weights_only=True,
            )
        except Stopped:
            raise KeyboardInterrupt from None
        except FloatingPointError as error:
            raise UserError(f"{error}; {output} keeps its last good checkpoints") from None


def _prepare(recipe: Recipe, output: Path, resume: bool) -> Path | None:
    """Make the run folder, or check the one to go on in; return the checkpoint to go on from."""
    last, written = output / "last.ckpt", output / "recipe.yaml"
    if resume:
        if not last.is_file():
            raise UserError(f"{output} has no last.ckpt to resume: leave --resume out")
        before = yaml.safe_load(written.read_text())
        now = recipe.to_dict()
        changed = sorted(key for key in now if now[key] != before.get(key))
        if changed:
            raise UserError(
                f"{output} was trained with another {', '.join(changed)}: resume with the same recipe, "
                "or choose another --output"
            )
        return last
    if last.exists():
        raise UserError(f"{output} holds a run already: add --resume, or choose another --output")
    try:
        output.mkdir(parents=True, exist_ok=True)
        written.write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False))
    except OSError as error:
        raise UserError(
            f"cannot write to {output} ({error.strerror}): choose another --output"
        ) from None
    return None


def _start_from(weights: str, network: Network, recipe: Recipe) -> None:
    """Copy a weight file's tensors into the network. Raises UserError where they are another's."""
    path = cards.find_weights(weights)
    found, card = cards.load(path)
    try:
        network.load_state_dict(found.state_dict())
    except RuntimeError:
        raise UserError(
            f"init {path} is {card.network} with {card.arguments}, the recipe asks for "
            f"{recipe.network} with {recipe.arguments}"
        ) from None


def _write_facts(output: Path, device: torch.device, limit: int | None) -> None:
    """`run.json`: where the numbers of this run come from, for its card."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    facts = {
        "device": f"{device.type} ({name})",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "limit": limit,
    }
    (output / "run.json").write_text(json.dumps(facts, indent=2))


def _strategy(recipe: Recipe, weights: torch.Tensor) -> Strategy:
    if recipe.strategy == "rul":
        return RelativeUncertainty(weights, recipe.label_smoothing, recipe.mixing_from)
    return Supervised(weights, recipe.label_smoothing)


def _trainer(recipe: Recipe, output: Path, accelerator: str) -> lightning.Trainer:
    callbacks: list[Callback] = [RunBar(), LastCheckpoint(output / "last.ckpt")]
    if recipe.ema:
        callbacks.insert(0, EMAWeightAveraging(decay=recipe.ema))
    callbacks.append(
        ModelCheckpoint(
            output,
            "best",
            monitor="val/selection",
            mode="max",
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )
    )
    return lightning.Trainer(
        accelerator=accelerator,
        devices=1,
        precision=recipe.precision,
        max_epochs=recipe.epochs,
        gradient_clip_val=recipe.clip_norm or None,
        callbacks=callbacks,
        logger=[
            TensorBoardLogger(output, name="", version="tensorboard"),
            CSVLogger(output, name="curves"),  # in a folder of its own for each start
        ],
        num_sanity_val_steps=0,
        enable_model_summary=False,
        log_every_n_steps=10,
    )


class Stopped(Exception):
    """Someone asked the run to stop, and it has been saved. (Lightning would exit on KeyboardInterrupt.)"""


class RunBar(TQDMProgressBar):
    """Lightning's bar, with the time that is left for the whole run."""

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        super().on_train_start(trainer, learner)
        self.started, self.first_step = time.monotonic(), trainer.global_step

    def get_metrics(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> dict[str, Any]:
        metrics = super().get_metrics(trainer, learner)
        metrics.pop("v_num", None)
        steps = trainer.global_step - self.first_step
        if steps and isinstance(learner, Learner):
            pace = (time.monotonic() - self.started) / steps
            minutes = pace * (learner.steps - trainer.global_step) / 60
            metrics["left"] = f"{int(minutes // 60)}:{int(minutes % 60):02d} h"
        return metrics


class LastCheckpoint(Checkpoint):
    """Saves the newest state every few minutes, at each epoch's end, and when Ctrl-C or SIGTERM asks to stop.

    A stop waits for the step in hand, so that a resumed run repeats nothing and misses nothing.
    """

    def __init__(self, path: Path):
        self.path = path
        self.stopping = False
        self.saved = time.monotonic()
        self.saved_step = -1

    def on_train_start(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        for number in STOPPING_SIGNALS:
            signal.signal(number, self._stop)

    def on_train_batch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        # Here and not at the end of the step that was saved: its loss is logged after that.
        if self.stopping and self.saved_step == trainer.global_step:
            raise Stopped

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if self.stopping or time.monotonic() - self.saved > SAVE_EVERY_SECONDS:
            self._save(trainer)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        self._save(trainer)

    def _stop(self, number: int, frame: Any) -> None:
        self.stopping = True

    def _save(self, trainer: lightning.Trainer) -> None:
        trainer.save_checkpoint(self.path)
        self.saved, self.saved_step = time.monotonic(), trainer.global_step


@contextmanager
def _own_signals() -> Iterator[None]:
    """Give the signals back that LastCheckpoint takes."""
    before = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's advice on workers and logging does not apply to data that lives on the device."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        yield
