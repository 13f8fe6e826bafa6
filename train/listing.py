"""`python -m train recipes`: all recipes, with the table and the row that each answers to."""

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from train.recipe import FOLDER, names


def print_recipes() -> None:
    """One line for each, those of one table together."""
    recipes = {name: yaml.safe_load((FOLDER / f"{name}.yaml").read_text()) for name in names()}
    grid = Table(title="Recipes: python -m train fit --recipe NAME")
    for column in ("name", "table", "row", "description"):
        grid.add_column(column, no_wrap=column == "name")
    for name, content in sorted(
        recipes.items(), key=lambda item: (item[1].get("table", "~"), item[0])
    ):
        cells = (str(content.get(key, "")) for key in ("table", "row", "description"))
        grid.add_row(name, *map(escape, cells))
    Console().print(grid)
