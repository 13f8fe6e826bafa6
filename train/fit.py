"""`python -m train fit`: one recipe becomes checkpoints in a run folder."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch._dynamo.exc import TorchDynamoException
from torch.utils.data import Sampler

from fer_live.errors import UserError
from train import recipe as recipes
from train.callbacks import Stopped, heeding_stops, own_signals, quiet
from train.checkpoints import BEST, LAST, WholeCheckpoints
from train.crowd import with_crowd
from train.data import DATASETS, Faces
from train.data.batches import Batches, Share, order_of
from train.data.stream import batches_of
from train.failures import in_a_line
from train.learner import Learner
from train.origin import origin
from train.recipe import Recipe
from train.run_folder import (
    BEFORE,
    alone_in,
    as_begun,
    begin,
    check_faces,
    finish,
    is_finished,
    resume,
    write_facts,
)
from train.start import build, check_follows, start
from train.teach import Teachers, taught
from train.trainer import FitOptions, build_trainer

VALIDATION_BATCH = 256

logger = logging.getLogger(__name__)


class Splits(NamedTuple):
    """What trains, and what chooses the best epoch."""

    training: Faces
    selection: Faces


def fit(
    recipe: Recipe,
    root: Path,
    output: Path,
    options: FitOptions,
    before: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train `recipe` on the data set under `root`; write `best.ckpt`, `last.ckpt` and logs to `output`.

    The data set's training split trains, its selection split chooses the best epoch. `before`: folder of the
    run that the recipe comes after (`output`/before), trained first unless it is finished. `callbacks`: more
    of Lightning's, for this run alone.
    Raises UserError on bad input, KeyboardInterrupt once a stopped run has been saved.
    """
    checkpoint = resume(recipe, output, options.limit) if options.resume else None
    if options.resume and is_finished(output):
        logger.warning(f"{output} is finished: nothing is left to train")
        return
    with alone_in(output), quiet(), own_signals():
        if not options.resume:
            begin(recipe, output)
        splits = read_splits(recipe, root, options.limit)
        if options.resume:
            check_faces(output, splits.training)
            recipe = as_begun(recipe, output)
        if recipe.after:
            network, _ = build(recipe, splits.training)
            earlier = recipes.before(recipe)
            # What does not fit is told before the first stage trains.
            check_follows(network, recipe, earlier, len(splits.training.classes))
            before = before or output / BEFORE
            fit_unless_finished(earlier, root, before, options)
        trainer = build_trainer(recipe, output, options, callbacks)
        facts = write_facts(output, trainer, splits.training, options.limit, origin(recipe))
        learner, batches = prepare_learner(recipe, splits, trainer, before, options.compiled)
        selection = _batches(
            recipe, splits.selection, VALIDATION_BATCH * trainer.world_size, trainer
        )
        with heeding_stops(trainer):
            try:
                if recipe.epochs:
                    trainer.fit(
                        learner, batches, selection, ckpt_path=checkpoint, weights_only=True
                    )
                else:
                    _adjust(trainer, learner, selection, output)
            except Stopped:
                _refuse_lost_checkpoints(trainer)
                raise KeyboardInterrupt from None
            except TorchDynamoException as error:
                raise UserError(f"{in_a_line(error)}: leave --compile out") from error
            except FloatingPointError as error:
                raise UserError(f"{error}; {output} keeps what was saved before") from None
            _refuse_lost_checkpoints(trainer)
            finish(output, facts)


def fit_unless_finished(
    recipe: Recipe,
    root: Path,
    output: Path,
    options: FitOptions,
    before: Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> None:
    """`fit` that skips a finished run and goes on with a broken one, for those who train several."""
    if is_finished(output):
        resume(recipe, output, options.limit)  # tells where the folder is another recipe's
    else:
        again = (output / LAST).exists()
        fit(recipe, root, output, replace(options, resume=again), before, callbacks)


def read_splits(recipe: Recipe, root: Path, limit: int | None) -> Splits:
    """Read what the recipe's data set trains on and selects by, aligned where the recipe says so."""
    dataset = DATASETS[recipe.dataset]
    training, selection = (
        dataset.load(root, split, limit) for split in (dataset.training, dataset.selection)
    )
    if recipe.learns_votes:
        training = with_crowd(training, root)
    if recipe.align:
        training, selection = training.aligned(), selection.aligned()
    return Splits(training, selection)


def prepare_learner(
    recipe: Recipe,
    splits: Splits,
    trainer: lightning.Trainer,
    before: Path | None = None,
    compiled: bool = False,
) -> tuple[Learner, Batches]:
    """The learner of a recipe, and its training batches for the trainer's device."""
    training, dataset = splits.training, DATASETS[recipe.dataset]
    device = trainer.strategy.root_device
    teachers = None
    if recipe.teachers and recipe.teaching == "faces":
        training = taught(training, recipe.teachers, device)
    elif recipe.teachers:
        teachers = Teachers(recipe, training, device, compiled)
    lightning.seed_everything(recipe.seed, verbose=False)
    network, strategy = build(recipe, training)
    start(network, recipe, training.classes, before)
    order = order_of(recipe.sampler, torch.from_numpy(training.labels), recipe.seed)
    batches = _batches(recipe, training, recipe.batch_size, trainer, order)
    if batches.own_size < 2:
        raise UserError(
            "a batch of one face cannot be normalised: use more faces, or fewer processes"
        )
    learner = Learner(
        network.to(memory_format=torch.channels_last),
        strategy,
        recipe,
        len(training.classes),
        recipe.epochs * len(batches),
        dataset.mean,
        dataset.deviation,
        compiled,
        teachers,
    )
    return learner, batches


def _batches(
    recipe: Recipe,
    faces: Faces,
    batch_size: int,
    trainer: lightning.Trainer,
    sampler: Sampler[int] | None = None,
) -> Batches:
    """This process's share of the faces, as the recipe's network takes them."""
    share = Share(trainer.global_rank, trainer.world_size)
    device = trainer.strategy.root_device
    return batches_of(faces, recipe.size, recipe.channels, batch_size, device, sampler, share)


def _refuse_lost_checkpoints(trainer: lightning.Trainer) -> None:
    written = trainer.strategy.checkpoint_io
    if isinstance(written, WholeCheckpoints) and written.failure:
        raise UserError(written.failure)


def _adjust(trainer: lightning.Trainer, learner: Learner, selection: Batches, output: Path) -> None:
    """A recipe without epochs: what its strategy does without gradients, then saved."""

    def macro_recall() -> float:
        return trainer.validate(learner, selection, verbose=False)[0]["val/macro_recall"]

    learner.strategy.adjust(learner.network, macro_recall)
    macro_recall()  # attaches the learner to the trainer, also where nothing was asked for
    trainer.save_checkpoint(output / BEST)
