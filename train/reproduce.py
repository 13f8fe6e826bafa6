"""`python -m train reproduce`: every row of a published table trained, scored and set beside its numbers."""

import gc
import json
import logging
from collections.abc import Sequence

import torch
from rich.console import Console

from fer_live.errors import UserError
from train.agenda import print_plan, titles
from train.evaluate import EvaluateOptions, evaluate
from train.export import export
from train.fit import fit_unless_finished, is_finished
from train.outcome import Progress, Workshop, first_error, report
from train.pace import TimeLeft, duration, measure_seconds
from train.plan import PlanOptions, Run, all_runs, plan
from train.table import load_table

logger = logging.getLogger(__name__)


def reproduce(name: str, options: PlanOptions, workshop: Workshop, dry_run: bool = False) -> None:
    """Train, score and report the table called `name`, or print what that would take.

    What is finished is left as it is, what was broken off goes on. Raises UserError once the report is
    written where rows failed, KeyboardInterrupt where someone stopped it.
    """
    table = load_table(name)
    planned = plan(table, options)
    runs = all_runs(planned)
    console = Console()
    waiting = [run for run in runs if not is_finished(workshop.folder(run))]
    progress = _measured(waiting, workshop, console)
    print_plan(table, planned, waiting, progress, console)
    if dry_run:
        return
    scored = {run.name for row in planned for run in row.runs}
    try:
        for run in runs:
            if run in waiting:
                number = waiting.index(run) + 1
                later = progress.left(waiting[number:])
                console.print(
                    f"{number} of {len(waiting)}: {titles(run, planned)} ({run.name}), "
                    f"{run.recipe.epochs} epochs, about {duration(progress.left([run]))}; "
                    f"all that is left: {duration(progress.left([run]) + later)}",
                    markup=False,
                )
                _train(run, workshop, later, progress)
            if run.name in scored:
                _score(run, workshop, progress)
            if run.name in progress.errors:
                console.print(f"failed: {run.name}: {progress.errors[run.name]}", markup=False)
    finally:
        report(table, planned, workshop, progress)
    failed = [
        f"{row.row.name} ({first_error(row, progress)})"
        for row in planned
        if first_error(row, progress)
    ]
    if failed:
        raise UserError(
            f"{len(failed)} of {len(planned)} rows failed, the same command tries them again: "
            + "; ".join(failed)
        )
    console.print(f"written to {workshop.output}: report.md, report.html, report.csv", markup=False)


def _measured(waiting: Sequence[Run], workshop: Workshop, console: Console) -> Progress:
    """Twenty steps of each different training; seeds alike."""
    progress = Progress()
    paces: dict[str, float] = {}
    for run in waiting:
        facts = json.dumps({**run.recipe.to_dict(), "seed": 0}, sort_keys=True)
        if facts not in paces:
            console.print(f"measuring {run.name}", markup=False)
            try:
                paces[facts] = measure_seconds(run.recipe, workshop.root, workshop.fit_options())
            except Exception as error:
                # Training it will meet the same, and is where it is recorded.
                logger.warning(f"{run.name} cannot be measured: {_line(error)}")
                continue
        progress.seconds[run.name] = paces[facts] * _share_left(run, workshop)
    return progress


def _share_left(run: Run, workshop: Workshop) -> float:
    """Of the epochs, where the run was broken off before."""
    last = workshop.folder(run) / "last.ckpt"
    if not last.is_file() or not run.recipe.epochs:
        return 1.0
    return 1 - torch.load(last, weights_only=True, mmap=True)["epoch"] / run.recipe.epochs


def _train(run: Run, workshop: Workshop, later: float, progress: Progress) -> None:
    if run.before and run.before.name in progress.errors:
        progress.errors[run.name] = f"its first stage failed: {progress.errors[run.before.name]}"
        return
    try:
        fit_unless_finished(
            run.recipe,
            workshop.root,
            workshop.folder(run),
            workshop.fit_options(),
            before=workshop.folder(run.before) if run.before else None,
            callbacks=[TimeLeft(later)],
        )
    except Exception as error:
        logger.debug("a run failed", exc_info=True)
        progress.errors[run.name] = _line(error)
    finally:
        gc.collect()  # a failed run's tensors would stay on the device
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _score(run: Run, workshop: Workshop, progress: Progress) -> None:
    folder = workshop.evaluation(run)
    if run.name in progress.errors or (folder / "metrics.json").is_file():
        return
    try:
        own = workshop.folder(run)
        weights = export(own, workshop.root, run.name, own, workshop.device)
        evaluate(
            [str(weights)],
            run.recipe.dataset,
            workshop.root,
            workshop.scored(run),
            folder,
            workshop.device,
            EvaluateOptions(limit=workshop.limit),
        )
    except Exception as error:
        logger.debug("an evaluation failed", exc_info=True)
        progress.errors[run.name] = f"trained, but not scored: {_line(error)}"


def _line(error: Exception) -> str:
    """An error in one line; what is not ours to explain keeps its type."""
    text = " ".join(str(error).split())
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"
