"""`python -m train recipes`: all recipes, with the table and the rows that each answers to."""

import yaml
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from train.recipe import FOLDER, names
from train.table import load_table, table_names


def print_recipes() -> None:
    """By table, in the order of its rows; then those that are in none."""
    console = Console()
    console.print("Train one with: python -m train fit --recipe NAME", highlight=False)
    listed: set[str] = set()
    for table in table_names():
        rows: dict[str, list[str]] = {}
        for row in load_table(table).rows:
            if row.recipe:
                rows.setdefault(row.recipe, []).append(row.name)
        _print_group(console, table, rows)
        listed |= rows.keys()
    _print_group(console, "in no table", {name: [] for name in names() if name not in listed})


def _print_group(console: Console, title: str, rows: dict[str, list[str]]) -> None:
    console.print(Text(f"\n{title}", "bold"))
    for name, answered in rows.items():
        content = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
        said = f": {'; '.join(answered)}" if answered else ""
        console.print(Text.assemble("  ", (name, "cyan"), said), soft_wrap=True)
        console.print(Padding(Text(content["description"]), (0, 0, 0, 6)))
