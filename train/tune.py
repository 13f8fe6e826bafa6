"""`python -m train tune`: a search for better settings of a recipe, by Optuna."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import lightning
import optuna
import yaml
from lightning.pytorch.callbacks import Callback
from optuna import Study, Trial
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState
from rich.console import Console
from rich.table import Table

from fer_live.errors import UserError
from train.data import Faces
from train.failures import kept
from train.fit import fit_unless_finished, read_splits
from train.grids import print_grid
from train.recipe import Recipe
from train.run_folder import BEFORE, alone_in, differences, other_faces
from train.search import own_settings, suggest, with_settings
from train.trainer import FitOptions

Metric = Literal["accuracy", "macro_recall"]

RANDOM_TRIALS = 5  # before the sampler models what it has seen, and before any trial is pruned


@dataclass(frozen=True)
class TuneOptions:
    """`trials`: how many the study is to have in all. `metric`: on the selection split, of the chosen epoch."""

    trials: int
    metric: Metric = "accuracy"
    seed: int = 0


class Watcher(Callback):
    """Tells the trial each epoch's score, and ends it where others did better by then."""

    def __init__(self, trial: Trial, metric: Metric):
        self.trial, self.metric = trial, metric
        # (selection, score) of the best epoch by now; an interrupted trial goes on with what it had.
        self.best: tuple[float, float] = tuple(trial.user_attrs.get("best", (-1.0, 0.0)))

    def on_validation_end(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        measured = trainer.callback_metrics
        score = float(measured[f"val/{self.metric}"])
        selection = float(measured["val/selection"])
        if selection > self.best[0]:  # of equal ones the checkpoint keeps the first
            self.best = (selection, score)
        self.trial.set_user_attr("best", self.best)
        self.trial.report(score, trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def tune(
    recipe: Recipe, root: Path, output: Path, options: TuneOptions, fitting: FitOptions
) -> Study:
    """Train with other settings until the study in `output` has so many trials; write `best.yaml`, `trials.csv`.

    The first trial is the recipe as it is. Raises UserError on bad input and where no trial came to an
    end, KeyboardInterrupt where someone stopped it: the same command goes on with the trial in hand.
    """
    if not recipe.epochs:
        raise UserError("a recipe without epochs has nothing to tune: choose one that trains")
    if not recipe.learning_rate:
        raise UserError("learning_rate 0 has nothing around it to search: use more than 0")
    # Bad data ends all at once, not each trial.
    training = read_splits(recipe, root, fitting.limit).training
    with alone_in(output):
        study = _open(recipe, output, options, fitting.limit, training)
        try:
            while len(_told(study)) < options.trials:
                _one_trial(study, recipe, root, output, options, fitting)
        finally:
            _write(study, recipe, output)
    if not _complete(study):
        errors = {trial.user_attrs.get("error", "") for trial in study.trials}
        raise UserError(f"no trial came to an end: {'; '.join(sorted(filter(None, errors)))}")
    return study


def print_study(study: Study, output: Path) -> None:
    """The trials as a table on the terminal, best first."""
    names = list(dict.fromkeys(name for trial in study.trials for name in trial.params))
    table = Table(title=f"Trials by {study.user_attrs['metric']} on the selection split")
    for column in ("trial", "state", "score %", *(name.replace("_", " ") for name in names)):
        table.add_column(column, justify="right")
    for trial in sorted(_told(study), key=lambda t: -1.0 if t.value is None else -t.value - 1):
        score = "-" if trial.value is None else f"{100 * trial.value:.2f}"
        values = [f"{trial.params[n]:.3g}" if n in trial.params else "-" for n in names]
        table.add_row(_folder(trial), trial.state.name.lower(), score, *values)
    console = Console()
    print_grid(table, console)
    console.print(
        f"best: {_folder(study.best_trial)}; train it with "
        f"`fit --recipe {shlex.quote(str(output / 'best.yaml'))}`",
        markup=False,
        soft_wrap=True,
    )


def _open(
    recipe: Recipe, output: Path, options: TuneOptions, limit: int | None, training: Faces
) -> Study:
    """The study in `output`, new or gone on with; a trial that was interrupted comes first."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal = str(output / "study.journal")
    # Optuna's own choice of lock is a symbolic link, which Windows lets administrators make.
    backend = JournalFileBackend(journal, JournalFileOpenLock(journal))
    study = optuna.create_study(
        storage=JournalStorage(backend),
        study_name="tune",
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(RANDOM_TRIALS, n_warmup_steps=1),
    )
    # Another seed for each start: the same one would draw the same settings again.
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=RANDOM_TRIALS, seed=options.seed + len(study.trials)
    )
    basis = {"metric": options.metric, "limit": limit}
    if not study.trials:
        faces = training.counts_by_name()
        for key, value in {"recipe": recipe.to_dict(), "faces": faces, **basis}.items():
            study.set_user_attr(key, value)
        study.enqueue_trial(own_settings(recipe))
    before = {"limit": limit, **study.user_attrs}  # older versions did not say
    changed = differences(recipe, before["recipe"] | before, basis)
    if changed:
        raise UserError(
            f"{output} holds a study with another {changed}: go on with the same, or choose another --output"
        )
    other = other_faces(study.user_attrs, training)
    if other:
        raise UserError(
            f"{output} holds a study on {other}: give the same --root, or choose another --output"
        )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        kept = {**trial.user_attrs, "folder": _folder(trial)}
        reported = {str(k): v for k, v in trial.intermediate_values.items()}
        study.enqueue_trial(trial.params, user_attrs={**kept, "reported": reported})
    return study


def _one_trial(
    study: Study,
    recipe: Recipe,
    root: Path,
    output: Path,
    options: TuneOptions,
    fitting: FitOptions,
) -> None:
    trial = study.ask()
    settings = suggest(trial, recipe)
    for epoch, score in trial.user_attrs.get("reported", {}).items():
        trial.report(score, int(epoch))
    folder = output / _folder(trial)
    watcher = Watcher(trial, options.metric)
    told = _told(study)
    number = len(told) + 1
    Console().print(
        f"{folder.name}, {number} of {options.trials}: {_words(settings)}",
        markup=False,
        soft_wrap=True,
    )
    times = [one.duration.total_seconds() for one in told]
    afterwards = sum(times) / max(len(times), 1) * (options.trials - number)
    try:
        fit_unless_finished(
            with_settings(recipe, settings),
            root,
            folder,
            replace(fitting, afterwards=afterwards),
            before=output / BEFORE if recipe.after else None,  # the same for all trials
            callbacks=[watcher],
        )
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
        for checkpoint in folder.glob("*.ckpt"):
            checkpoint.unlink()
    except Exception as error:
        trial.set_user_attr("error", kept(error, folder))
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, watcher.best[1])


def _folder(trial: Any) -> str:
    """The name of its folder: one that goes on after an interruption has another number, and keeps it."""
    return str(trial.user_attrs.get("folder", f"trial-{trial.number:03}"))


def _told(study: Study) -> list[Any]:
    """The trials that are over; an interrupted one goes on under another number and does not count."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        or (trial.state == TrialState.FAIL and "error" in trial.user_attrs)
    ]


def _complete(study: Study) -> list[Any]:
    return study.get_trials(states=(TrialState.COMPLETE,))


def _words(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in settings.items())


def _write(study: Study, recipe: Recipe, output: Path) -> None:
    trials = study.trials_dataframe(attrs=("number", "state", "value", "params"))
    folders = {trial.number: _folder(trial) for trial in _told(study)}
    trials = trials[trials["number"].isin(folders)]
    trials.insert(0, "trial", trials.pop("number").map(folders))
    trials.to_csv(output / "trials.csv", index=False)
    if not _complete(study):
        return
    best = study.best_trial
    found = replace(
        with_settings(recipe, best.params),
        description=f"{recipe.description}; tuned, {_folder(best)}: {_words(best.params)}",
    )
    content = yaml.safe_dump(found.to_dict(), sort_keys=False)
    (output / "best.yaml").write_text(content, encoding="utf-8")
