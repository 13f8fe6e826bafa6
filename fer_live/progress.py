"""Progress bars with the time left."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress(total: int | None, console: Console, unit: str = "frames") -> Progress:
    """A bar of one task with `total` steps; None where their number is not known."""
    bar = Progress(
        TextColumn("reading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=console,
    )
    bar.add_task("reading", total=total)
    return bar
