"""Progress bars with the time left, and what is told at the end."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fer_live.errors import one_line


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


def tell_stopped(frames: int, console: Console) -> None:
    """A line for a film of which `frames` had been read when someone stopped it."""
    read = "what was read until then is written" if frames else "nothing was read"
    console.print(f"stopped; {read}", soft_wrap=True, markup=False, highlight=False)


def tell_written(paths: Iterable[Path | None], console: Console) -> None:
    """A line for each file or folder that was written; None stands for one that was not asked for."""
    for path in paths:
        if path is not None:
            told = one_line(f"written: {path}")
            console.print(told, soft_wrap=True, highlight=False, markup=False)
