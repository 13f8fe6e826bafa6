"""Tables on the terminal."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

WIDEST = 10_000  # columns, far more than a table has


def print_grid(grid: Table, console: Console) -> None:
    """Print a table, wrapped between words where the terminal is narrow, and wider than it where words are.

    Rich by itself cuts words, even where others have room.
    """
    wide = console.options.update(width=WIDEST)
    natural = Measurement.get(console, wide, grid).maximum
    if natural > console.width:
        ranges = [_range(column, console) for column in grid.columns]
        borders = natural - sum(highest for _, highest in ranges)
        room = max(0, console.width - borders - sum(lowest for lowest, _ in ranges))
        for column, (lowest, highest) in zip(grid.columns, ranges, strict=True):
            more = min(highest - lowest, room)
            column.width = lowest + more
            room -= more
        grid.width = borders + sum(column.width or 0 for column in grid.columns)
    console.print(grid, crop=False)


def _range(column: Column, console: Console) -> tuple[int, int]:
    """The least and the natural width: numbers, which stand to the right, and whole names are not broken."""
    wide = console.options.update(width=WIDEST)
    header = Measurement.get(console, wide, column.header)
    cells = [Measurement.get(console, wide, cell) for cell in column.cells]
    broken = not column.no_wrap and column.justify != "right"
    least = [header.maximum if column.no_wrap else header.minimum]
    least += [cell.minimum if broken else cell.maximum for cell in cells]
    return max(least), max(size.maximum for size in (header, *cells))
