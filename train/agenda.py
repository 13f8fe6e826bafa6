"""A plan on the terminal: which rows, how long each will take, and why some share a training."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from train.outcome import Progress
from train.pace import duration
from train.plan import PlannedRow, Run
from train.table import Table


def print_plan(
    table: Table,
    planned: Sequence[PlannedRow],
    waiting: Sequence[Run],
    progress: Progress,
    console: Console,
) -> None:
    """`waiting`: the runs that are not finished."""
    grid = Grid(title=table.title)
    for column in ("row", "recipe", "epochs", "time", "notes"):
        grid.add_column(column)
    todo = {run.name for run in waiting}
    counted: set[str] = set()
    for row in planned:
        stages = {stage.name: stage for run in row.runs for stage in run.stages()}
        fresh = [s for s in stages.values() if s.name in todo and s.name not in counted]
        counted |= stages.keys()
        time = duration(progress.left(fresh)) if fresh else "-"
        if any(stage.name not in progress.seconds for stage in fresh):
            time = "unknown"
        stages_of_one = row.runs[0].stages() if row.runs else []
        epochs = " + ".join(str(stage.recipe.epochs) for stage in stages_of_one)
        notes = [*row.notes, *([row.error] if row.error else [])]
        if stages and not fresh:
            notes.append(
                "trained already" if not stages.keys() & todo else "trained by a row above"
            )
        grid.add_row(*map(escape, (row.row.name, row.row.recipe, epochs, time, "; ".join(notes))))
    console.print(grid)
    console.print(f"{len(waiting)} trainings, about {duration(progress.left(waiting))}")


def titles(run: Run, planned: Sequence[PlannedRow]) -> str:
    """The rows that need this run."""
    names = [
        row.row.name
        for row in planned
        if any(stage.name == run.name for own in row.runs for stage in own.stages())
    ]
    return ", ".join(names)
