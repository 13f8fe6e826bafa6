"""`python -m train fit`: one recipe becomes checkpoints in a run folder."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import lightning
import torch
import yaml
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from fer_live.errors import UserError
from fer_live.models import MODELS
from train import recipe as recipes
from train.callbacks import LastCheckpoint, RunBar, Stopped, own_signals, quiet
from train.data import DATASETS, Faces
from train.data.batches import DeviceBatches, order_of
from train.learner import Learner
from train.recipe import Recipe
from train.start import start
from train.strategies import STRATEGIES, Task, criterion

VALIDATION_BATCH = 256


@dataclass(frozen=True)
class FitOptions:
    """How to run, which changes no result. `limit`: faces of each split, for a smoke run."""

    resume: bool = False
    limit: int | None = None
    accelerator: str = "auto"
    compiled: bool = False


class Splits(NamedTuple):
    """What trains, and what chooses the best epoch."""

    training: Faces
    selection: Faces


def fit(
    recipe: Recipe, root: Path, output: Path, options: FitOptions, before: Path | None = None
) -> None:
    """Train `recipe` on the data set under `root`; write `best.ckpt`, `last.ckpt` and logs to `output`.

    The data set's training split trains, its selection split chooses the best epoch. `before`: folder of the
    run that the recipe comes after (`output`/before), trained first unless it is finished.
    Raises UserError on bad input, KeyboardInterrupt once a stopped run has been saved.
    """
    checkpoint = _prepare(recipe, output, options.resume)
    if recipe.after:
        before = before or output / "before"
        fit_unless_finished(recipes.before(recipe), root, before, options)
    splits = read_splits(recipe, root, options.limit)
    with quiet(), own_signals():
        trainer = _trainer(recipe, output, options.accelerator)
        _write_facts(output, trainer, options)
        learner, batches = prepare_learner(recipe, splits, trainer, before, options.compiled)
        selection = DeviceBatches(splits.selection, VALIDATION_BATCH, batches.device)
        try:
            if recipe.epochs:
                trainer.fit(learner, batches, selection, ckpt_path=checkpoint, weights_only=True)
            else:
                _adjust(trainer, learner, selection, output)
        except Stopped:
            raise KeyboardInterrupt from None
        except FloatingPointError as error:
            raise UserError(f"{error}; {output} keeps its last good checkpoints") from None
    _write_facts(output, trainer, options, finished=True)


def fit_unless_finished(
    recipe: Recipe, root: Path, output: Path, options: FitOptions, before: Path | None = None
) -> None:
    """`fit` that skips a finished run and goes on with a broken one, for those who train several."""
    if not is_finished(output):
        again = (output / "last.ckpt").exists()
        options = FitOptions(again, options.limit, options.accelerator, options.compiled)
        fit(recipe, root, output, options, before)


def is_finished(output: Path) -> bool:
    """Whether the run in this folder has come to its end."""
    facts = output / "run.json"
    return facts.is_file() and json.loads(facts.read_text())["finished"]


def read_splits(recipe: Recipe, root: Path, limit: int | None) -> Splits:
    """Read what the recipe's data set trains on and selects by."""
    dataset = DATASETS[recipe.dataset]
    splits = Splits(dataset.load(root, dataset.training), dataset.load(root, dataset.selection))
    return splits if limit is None else Splits(*(faces.first(limit) for faces in splits))


def prepare_learner(
    recipe: Recipe,
    splits: Splits,
    trainer: lightning.Trainer,
    before: Path | None = None,
    compiled: bool = False,
) -> tuple[Learner, DeviceBatches]:
    """The learner of a recipe, and its training batches on the trainer's device."""
    training, dataset = splits.training, DATASETS[recipe.dataset]
    lightning.seed_everything(recipe.seed, verbose=False)
    classes = len(training.classes)
    network = MODELS[recipe.network](**recipe.network_arguments(classes))
    start(network, recipe, before)
    labels = torch.from_numpy(training.labels)
    loss = criterion.build(
        labels.bincount(minlength=classes),
        recipe.class_weights,
        recipe.weight_mode,
        recipe.label_smoothing,
    )
    device = trainer.strategy.root_device
    order = order_of(recipe.sampler, labels, recipe.seed)
    batches = DeviceBatches(training, recipe.batch_size, device, order)
    learner = Learner(
        network.to(memory_format=torch.channels_last),
        STRATEGIES[recipe.strategy](Task(classes, labels, loss, network), **recipe.options),
        recipe,
        classes,
        recipe.epochs * len(batches),
        dataset.mean,
        dataset.deviation,
        compiled,
    )
    return learner, batches


def _adjust(
    trainer: lightning.Trainer, learner: Learner, selection: DeviceBatches, output: Path
) -> None:
    """A recipe without epochs: what its strategy does without gradients, then saved."""

    def macro_recall() -> float:
        return trainer.validate(learner, selection, verbose=False)[0]["val/macro_recall"]

    learner.strategy.adjust(learner.network, macro_recall)
    macro_recall()  # attaches the learner to the trainer, also where nothing was asked for
    trainer.save_checkpoint(output / "best.ckpt")


def _prepare(recipe: Recipe, output: Path, resume: bool) -> Path | None:
    """Make the run folder, or check the one to go on in; return the checkpoint to go on from."""
    last, written = output / "last.ckpt", output / "recipe.yaml"
    if resume:
        if not last.is_file():
            raise UserError(f"{output} has no last.ckpt to resume: leave --resume out")
        before = yaml.safe_load(written.read_text())
        now = recipe.to_dict()
        changed = [
            f"{key} ({before.get(key)!r}, now {now[key]!r})"
            for key in sorted(now)
            if now[key] != before.get(key)
        ]
        if changed:
            raise UserError(
                f"{output} was trained with another {', '.join(changed)}: resume with the same recipe, "
                "or choose another --output"
            )
        return last
    if last.exists() or is_finished(output):
        raise UserError(f"{output} holds a run already: add --resume, or choose another --output")
    try:
        output.mkdir(parents=True, exist_ok=True)
        written.write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False))
    except OSError as error:
        raise UserError(
            f"cannot write to {output} ({error.strerror}): choose another --output"
        ) from None
    return None


def _write_facts(
    output: Path, trainer: lightning.Trainer, options: FitOptions, finished: bool = False
) -> None:
    """`run.json`: where the numbers of this run come from, for its card."""
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    facts: dict[str, Any] = {
        "device": f"{device.type} ({name})",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "limit": options.limit,
        "finished": finished,
    }
    (output / "run.json").write_text(json.dumps(facts, indent=2))


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
