"""`python -m train reproduce`: every row of a published table trained, scored and set beside its numbers."""

import gc
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from fer_live.errors import UserError
from train.agenda import print_plan, titles
from train.checkpoints import LAST, read_checkpoint
from train.evaluate import EvaluateOptions, evaluate
from train.export import export
from train.failures import FILE, in_a_line, kept
from train.fit import fit_unless_finished
from train.outcome import Progress, Workshop, first_error, report, with_earlier
from train.pace import Paces
from train.plan import PlannedRow, PlanOptions, Run, all_runs, plan, rows_by_text
from train.preflight import built, check_data, check_options, check_rows, check_runs
from train.report import is_whole
from train.run_folder import alone_in, is_finished
from train.table import Table, load_table

logger = logging.getLogger(__name__)


def reproduce(name: str, options: PlanOptions, workshop: Workshop, dry_run: bool = False) -> None:
    """Train, score and report the table called `name`, or print what that would take.

    What is finished is left as it is, what was broken off goes on. Raises UserError at once on bad input, and
    once the report is written where rows failed; KeyboardInterrupt where someone stopped it.
    """
    table = load_table(name)
    check_options(options)
    planned = plan(table, options)
    check_rows(planned, options.changes)
    training = check_data(planned, workshop)
    check_runs(planned, training, workshop)
    planned = built(planned, training, workshop.root)
    check_rows(planned, options.changes)
    console = Console()
    if dry_run:
        waiting, progress = _announced(table, planned, workshop, console)
        if waiting and not progress.seconds:
            raise UserError(
                f"none of the {len(waiting)} trainings could be measured: mend what is told above"
            )
        return
    with alone_in(workshop.output):
        waiting, progress = _announced(table, planned, workshop, console)
        try:
            _train_all(planned, waiting, workshop, progress, console)
        finally:
            everything = plan(table, replace(options, rows=()))
            rows = with_earlier(planned, everything, training, workshop)
            report(table, rows, options.changes, workshop, progress)
    errors = [(first_error(row, progress), row.row.name) for row in planned]
    failed = rows_by_text((error, row) for error, row in errors if error)
    if failed:
        raise UserError(
            f"{sum(map(len, failed.values()))} of {len(planned)} rows failed, the same command tries them "
            "again: " + "; ".join(f"{', '.join(rows)} ({error})" for error, rows in failed.items())
        )
    console.print(
        f"written to {workshop.output}: report.md, report.html, report.csv",
        markup=False,
        soft_wrap=True,
    )


def _announced(
    table: Table, planned: Sequence[PlannedRow], workshop: Workshop, console: Console
) -> tuple[list[Run], Progress]:
    """What is not finished, and how long it will take; the plan is printed."""
    waiting = [run for run in all_runs(planned) if _is_waiting(workshop.folder(run))]
    progress = _measured(waiting, workshop, console)
    print_plan(table, planned, waiting, progress, console)
    return waiting, progress


def _is_waiting(folder: Path) -> bool:
    """Whether a run is not finished, or damaged: training it will tell what is, and others go on."""
    try:
        return not is_finished(folder)
    except UserError:
        return True


def _train_all(
    planned: Sequence[PlannedRow],
    waiting: Sequence[Run],
    workshop: Workshop,
    progress: Progress,
    console: Console,
) -> None:
    scored = {run.name for row in planned for run in row.runs}
    for run in all_runs(planned):
        if run in waiting:
            number = waiting.index(run) + 1
            console.print(
                f"{number} of {len(waiting)}: {titles(run, planned)} ({run.name}), epochs: "
                f"{run.recipe.epochs}, time: {progress.said([run])}; "
                f"all that is left: {progress.said(waiting[number - 1 :])}",
                markup=False,
                soft_wrap=True,
            )
            _train(run, workshop, progress.left(waiting[number:]), progress)
        if run.name in scored:
            _score(run, workshop, progress)
        if run.name in progress.errors:
            whole = workshop.folder(run) / FILE
            more = f" (all of it in {whole})" if whole.is_file() else ""
            console.print(
                f"failed: {run.name}: {progress.errors[run.name]}{more}",
                markup=False,
                soft_wrap=True,
            )


def _measured(waiting: Sequence[Run], workshop: Workshop, console: Console) -> Progress:
    """A few steps of each training that computes otherwise than those before it."""
    progress = Progress()
    paces = Paces(workshop.root, workshop.fit_options())
    for run in waiting:
        if not paces.knows(run.recipe):
            console.print(f"measuring {run.name}", markup=False, soft_wrap=True)
        try:
            share = _share_left(run, workshop)
            progress.seconds[run.name] = paces.seconds(run.recipe) * share
        except Exception as error:
            # Training it will meet the same, and is where it is recorded.
            logger.warning(f"{run.name} cannot be measured: {in_a_line(error)}")
    return progress


def _share_left(run: Run, workshop: Workshop) -> float:
    """Of the epochs, where the run was broken off before."""
    last = workshop.folder(run) / LAST
    if not last.is_file() or not run.recipe.epochs:
        return 1.0
    return 1 - read_checkpoint(last)["epoch"] / run.recipe.epochs


def _train(run: Run, workshop: Workshop, later: float, progress: Progress) -> None:
    if run.before and run.before.name in progress.errors:
        progress.errors[run.name] = f"its first stage failed: {progress.errors[run.before.name]}"
        return
    own = workshop.folder(run)
    try:
        fit_unless_finished(
            run.recipe,
            workshop.root,
            own,
            replace(workshop.fit_options(), afterwards=later),
            before=workshop.folder(run.before) if run.before else None,
        )
        (own / FILE).unlink(missing_ok=True)
        for scores in workshop.evaluations(run):  # of a run that was here before
            shutil.rmtree(scores)
    except Exception as error:
        progress.errors[run.name] = kept(error, own)
    finally:
        gc.collect()  # a failed run's tensors would stay on the device
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _score(run: Run, workshop: Workshop, progress: Progress) -> None:
    own, folder = workshop.folder(run), workshop.evaluation(run)
    if run.name in progress.errors or is_whole(folder):
        return
    try:
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
        progress.errors[run.name] = f"trained, but not scored: {kept(error, own)}"
