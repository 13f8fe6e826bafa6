"""What can be known to be wrong with a reproduction before anything is measured or trained."""

from collections.abc import Sequence

from fer_live.errors import UserError
from train.data import find
from train.outcome import Workshop
from train.plan import PlannedRow, PlanOptions, all_runs
from train.pretrained import read_tensors
from train.recipe import check_overrides


def check_options(options: PlanOptions) -> None:
    """Raise UserError where what was asked for cannot be, whichever row it is for."""
    if options.dataset:
        find(options.dataset)
    check_overrides(options.changes)
    if options.msceleb:
        read_tensors(str(options.msceleb))


def check_rows(planned: Sequence[PlannedRow]) -> None:
    """Raise UserError where no row can be trained. Single rows fail by themselves."""
    errors = [row.error for row in planned if row.error]
    if any(row.runs for row in planned):
        return
    if not errors:
        raise UserError(
            "the rows that were asked for have no recipe, they are cited only: use others"
        )
    others = f"; none of the {len(errors)} rows can be trained" if len(errors) > 1 else ""
    raise UserError(f"{errors[0]}{others}")


def check_data(planned: Sequence[PlannedRow], workshop: Workshop) -> None:
    """Raise UserError where no row's data set can be read; one of several fails with its own rows."""
    runs = {run.recipe.dataset: run for run in all_runs(planned)}
    errors = []
    for name, run in runs.items():
        dataset = find(name)
        try:
            # What is scored comes first: a split's name that is wrong is told before a long reading.
            for split in dict.fromkeys((workshop.scored(run), dataset.selection, dataset.training)):
                dataset.load(workshop.root, split, workshop.limit)
        except UserError as error:
            errors.append(error)
    if errors and len(errors) == len(runs):
        raise errors[0]
