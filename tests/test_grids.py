import io

import pytest
from rich.console import Console
from rich.table import Table

from train.grids import print_grid

HEADERS = ("trial", "score %", "learning rate", "class weights", "augmentation")
ROWS = [("3", "42.86", "0.000397", "7.63e-05", "1"), ("12", "-", "0.00263", "-", "0.000146")]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_word_of_a_table_is_cut(width):
    grid = Table(title="trials")
    for header in HEADERS:
        grid.add_column(header, justify="right")
    for row in ROWS:
        grid.add_row(*row)
    said = io.StringIO()
    print_grid(grid, Console(file=said, width=width))
    words = {word for text in (*HEADERS, *ROWS[0], *ROWS[1]) for word in text.split()}
    assert words <= set(said.getvalue().split())
    assert "…" not in said.getvalue()


def test_a_table_that_fits_between_its_words_keeps_to_the_terminal():
    grid = Table("row", "recipe")
    grid.add_row("ResNet18# with weights and attention", "cucn-r18-w-cbam")
    said = io.StringIO()
    print_grid(grid, Console(file=said, width=40))
    assert max(map(len, said.getvalue().splitlines())) == 40


def test_headings_are_wrapped_before_numbers_with_their_errors_are():
    grid = Table()
    for header in ("uncertainty", "Spearman with the votes' entropy", "AURC of both of them"):
        grid.add_column(header, justify="right")
    grid.add_row("1 - max", "0.438 ± 0.015", "0.123 ± 0.005")
    said = io.StringIO()
    print_grid(grid, Console(file=said, width=50))
    assert "1 - max │ 0.438 ± 0.015 │ 0.123 ± 0.005 │" in " ".join(said.getvalue().split())
