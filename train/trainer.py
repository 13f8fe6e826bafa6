"""Lightning's trainer for a recipe: on how many devices, with which callbacks and logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from fer_live.errors import UserError
from train.callbacks import Averaging, LastCheckpoint
from train.checkpoints import BEST, LAST, WholeCheckpoints
from train.precision import precision_of
from train.progress import RunBar
from train.recipe import Recipe

# Each process reads its part of every batch from its own copy of the data, so that only Lightning's ways of
# starting whole processes fit. Parts of a network may rest in some steps, which plain DDP refuses.
STRATEGIES = {
    "auto": "ddp_find_unused_parameters_true",
    "ddp": "ddp_find_unused_parameters_true",
    "ddp_find_unused_parameters_true": "ddp_find_unused_parameters_true",
    "ddp_find_unused_parameters_false": "ddp",
}


@dataclass(frozen=True)
class FitOptions:
    """How to run. `limit`: faces of each split, for a smoke run. `afterwards`: seconds that other runs
    will take after this one, for the bar.

    Lightning's own: `devices` of each of `nodes` machines (a number, "auto", or a list such as "0,2"),
    `parallel` the strategy where there are several. A recipe's batch size counts the faces of all
    devices together; BatchNorm sees those of one.
    """

    resume: bool = False
    limit: int | None = None
    accelerator: str = "auto"
    compiled: bool = False
    devices: int | str = "1"
    nodes: int = 1
    parallel: str = "auto"
    afterwards: float = 0.0


def build_trainer(
    recipe: Recipe, output: Path, options: FitOptions, callbacks: Sequence[Callback] = ()
) -> lightning.Trainer:
    """A trainer that writes checkpoints and logs to `output`. Raises UserError on devices that are not there."""
    if options.parallel not in STRATEGIES:
        raise UserError(f"strategy {options.parallel!r} is not one of {', '.join(STRATEGIES)}")
    checkpoints = WholeCheckpoints()
    averaging = [Averaging(recipe.ema)] if recipe.ema else []
    best = ModelCheckpoint(
        output,
        BEST.removesuffix(".ckpt"),
        monitor="val/selection",
        mode="max",
        auto_insert_metric_name=False,
        enable_version_counter=False,
    )
    one = str(options.devices) == "1" and options.nodes == 1
    try:
        trainer = lightning.Trainer(
            accelerator=options.accelerator,
            devices=options.devices,
            num_nodes=options.nodes,
            strategy="auto" if one else STRATEGIES[options.parallel],
            plugins=[checkpoints],
            precision=precision_of(recipe, options.accelerator),
            max_epochs=recipe.epochs,
            gradient_clip_val=recipe.clip_norm or None,
            callbacks=[
                *averaging,
                RunBar(options.afterwards),
                best,  # first, so that the last checkpoint knows of it
                LastCheckpoint(output / LAST, checkpoints),
                *callbacks,
            ],
            logger=[
                TensorBoardLogger(output, name="", version="tensorboard"),
                CSVLogger(output, name="curves"),  # in a folder of its own for each start
            ],
            benchmark=True,  # batches have one or two shapes: cuDNN's trial of its ways pays
            num_sanity_val_steps=0,
            enable_model_summary=False,
            log_every_n_steps=10,
        )
    except (MisconfigurationException, ValueError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise UserError(
            f"--device {options.accelerator} --devices {options.devices}: {first}"
        ) from None
    if recipe.batch_size % trainer.world_size:
        raise UserError(
            f"batch_size {recipe.batch_size} is of all {trainer.world_size} processes together: use a "
            f"multiple of {trainer.world_size}"
        )
    return trainer
