"""Where a reproduction's files lie, and what has come of it so far."""

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from fer_live.errors import UserError
from train.data import Faces, find
from train.plan import PlannedRow, Run
from train.progress import duration
from train.report import is_whole, read_result, write_report
from train.report_table import RowReport
from train.run_folder import other_faces, read_facts
from train.table import Table
from train.trainer import FitOptions


@dataclass(frozen=True)
class Workshop:
    """Where a reproduction runs. `split`: what is scored, the data set's selection split where it is None."""

    root: Path
    output: Path
    device: torch.device
    compiled: bool = False
    limit: int | None = None
    split: str | None = None

    def folder(self, run: Run) -> Path:
        return self.output / "runs" / run.name

    def evaluation(self, run: Run) -> Path:
        return self.output / "evaluations" / f"{run.name}-{self.scored(run)}"

    def evaluations(self, run: Run) -> list[Path]:
        """Of any split."""
        return list((self.output / "evaluations").glob(f"{glob.escape(run.name)}-*"))

    def scored(self, run: Run) -> str:
        return self.split or find(run.recipe.dataset).selection

    def fit_options(self) -> FitOptions:
        return FitOptions(limit=self.limit, accelerator=self.device.type, compiled=self.compiled)


@dataclass
class Progress:
    """What is known of the runs so far: seconds that each will take, and why some could not be done."""

    seconds: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def left(self, runs: Iterable[Run]) -> float:
        """Seconds of those that are known."""
        return sum(self.seconds.get(run.name, 0.0) for run in runs)

    def said(self, runs: Sequence[Run]) -> str:
        """How long they will take, for a person."""
        known = [run for run in runs if run.name in self.seconds]
        if runs and not known:
            return "unknown"
        return ("over " if len(known) < len(runs) else "") + duration(self.left(known))


def first_error(planned: PlannedRow, progress: Progress) -> str:
    """Why a row could not be done; empty where nothing failed."""
    if planned.error:
        return planned.error
    found = [progress.errors[run.name] for run in planned.runs if run.name in progress.errors]
    return found[0] if found else ""


def with_earlier(
    planned: Sequence[PlannedRow],
    everything: Sequence[PlannedRow],
    training: Mapping[str, Faces],
    workshop: Workshop,
) -> list[PlannedRow]:
    """The rows; those that were not asked for have the runs of `everything` where an earlier command scored them all.

    `training`: the training faces of each data set, of which the runs must have been.
    """

    def scored(run: Run) -> bool:
        if run.recipe.dataset not in training or not is_whole(workshop.evaluation(run)):
            return False
        return not other_faces(facts_of(workshop.folder(run)), training[run.recipe.dataset])

    return [
        whole
        if whole.runs and not (row.runs or row.error) and all(map(scored, whole.runs))
        else row
        for row, whole in zip(planned, everything, strict=True)
    ]


def report(
    table: Table,
    planned: Sequence[PlannedRow],
    changes: Sequence[str],
    workshop: Workshop,
    progress: Progress,
) -> None:
    """Write the report of all that is scored by now, if anything is. `changes`: as PlanOptions has them."""
    rows = [_reported(row, workshop, progress) for row in planned]
    if not any(row.result for row in rows):
        return
    names = {run.recipe.dataset for row in planned for run in row.runs}
    datasets = {name: _training_counts(name, workshop) for name in sorted(names)}
    write_report(table, rows, datasets, changes, workshop.output)


def _training_counts(name: str, workshop: Workshop) -> dict[str, int]:
    """Class -> training faces."""
    dataset = find(name)
    return dataset.load(workshop.root, dataset.training, workshop.limit).counts_by_name()


def _reported(planned: PlannedRow, workshop: Workshop, progress: Progress) -> RowReport:
    error = first_error(planned, progress)
    scored = [run for run in planned.runs if is_whole(workshop.evaluation(run))]
    notes = planned.notes
    if scored and len(scored) < len(planned.runs):
        notes = (*notes, f"{len(scored)} of {len(planned.runs)} seeds")
    if planned.runs and not scored and not error:
        notes = (*notes, "not finished yet")
    folders = [(workshop.folder(run), workshop.evaluation(run)) for run in scored]
    result = read_result(planned.row.name, folders) if folders else None
    recipes = tuple(run.recipe for run in planned.runs)
    facts = [found for run in scored if (found := facts_of(workshop.folder(run)))]
    return RowReport(planned.row, recipes, result, notes, error, tuple(facts))


def facts_of(folder: Path) -> dict[str, Any]:
    """Empty where they are damaged: scores that are there are reported all the same."""
    try:
        return read_facts(folder)
    except UserError:
        return {}
