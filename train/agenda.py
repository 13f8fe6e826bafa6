"""A plan on the terminal: which rows, how long each will take, and why some share a training."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from train.grids import print_grid
from train.outcome import Progress
from train.plan import PlannedRow, Run, rows_by_text
from train.table import Table


def print_plan(
    table: Table,
    planned: Sequence[PlannedRow],
    waiting: Sequence[Run],
    progress: Progress,
    console: Console,
) -> None:
    """`waiting`: the runs that are not finished. Each training's time stands at the first row that needs it."""
    grid = Grid(title=escape(table.title))
    for column in ("row", "recipe", "epochs", "time"):
        grid.add_column(column)
    todo = {run.name for run in waiting}
    counted: set[str] = set()
    for row in planned:
        stages = {stage.name: stage for run in row.runs for stage in run.stages()}
        fresh = [s for s in stages.values() if s.name in todo and s.name not in counted]
        counted |= stages.keys()
        if fresh:
            time = progress.said(fresh)
        elif stages:
            time = "above" if stages.keys() & todo else "trained"
        else:
            time = "-"
        stages_of_one = row.runs[0].stages() if row.runs else []
        epochs = " + ".join(str(stage.recipe.epochs) for stage in stages_of_one)
        grid.add_row(*map(escape, (row.row.name, row.row.recipe, epochs, time)))
    print_grid(grid, console)
    notes = ((note, row.row.name) for row in planned for note in (*row.notes, row.error) if note)
    for note, rows in rows_by_text(notes).items():
        console.print(f"- {', '.join(rows)}: {note}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"trainings: {len(waiting)}, time: {progress.said(waiting)}")


def titles(run: Run, planned: Sequence[PlannedRow]) -> str:
    """The rows that need this run."""
    names = [
        row.row.name
        for row in planned
        if any(stage.name == run.name for own in row.runs for stage in own.stages())
    ]
    return ", ".join(names)
