"""Tables of systems to train and compare, published ones and our own, as YAML files in train/tables."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from fer_live.errors import UserError

FOLDER = Path(__file__).parent / "tables"

Start = Literal["none", "imagenet", "msceleb"]
METRICS = (
    "accuracy",
    "macro_recall",
    "macro_precision",
    "macro_f1",
    "min_recall",
    "max_recall",
    "auc",
)


@dataclass(frozen=True)
class Column:
    """Numbers that were published, in percent, and the metric of ours that stands beside them."""

    name: str
    metric: str


@dataclass(frozen=True)
class Row:
    """A system. Without a `recipe` it is cited only; without `published` numbers it is a row of our own.

    `published`: column -> percent. `pretrained`: what the publication started from. `changes`: fields
    of the recipe that are otherwise in this row, of the form `key=value`, as in an ablation.
    """

    name: str
    recipe: str = ""
    pretrained: Start = "none"
    changes: list[str] = field(default_factory=list)
    published: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table of systems. `protocol`: how a published one was measured, such as `data set` and `epochs`.

    `compare`: two rows, before and after what the publication is about, for the figures that show few.
    """

    title: str
    source: str
    columns: list[Column]
    rows: list[Row]
    protocol: dict[str, str] = field(default_factory=dict)
    compare: list[str] = field(default_factory=list)

    @property
    def cites(self) -> bool:
        """Whether any number in it was published."""
        return any(row.published for row in self.rows)


def load_table(name: str) -> Table:
    """The table called `name`, or the YAML file of that path. Raises UserError where it is none."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        raise UserError(f"table {name!r} is neither a file nor one of: {', '.join(table_names())}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise UserError(
                f"table {path} is a {type(content).__name__}: give a mapping, with rows and columns"
            )
        parser = ArgumentParser(exit_on_error=False)
        parser.add_class_arguments(Table, "table")
        table: Table = parser.instantiate_classes(parser.parse_object({"table": content})).table
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"table {path} cannot be read as text ({error}): give a YAML file"
        ) from None
    except (ArgumentError, yaml.YAMLError) as error:
        raise UserError(f"table {path}: {' '.join(str(error).split())}") from None
    _check(table, path)
    return table


def table_names() -> list[str]:
    """The tables that travel with the workshop."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def _check(table: Table, path: Path) -> None:
    names = [row.name for row in table.rows]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        raise UserError(f"table {path}: two rows are called {doubled!r}: name them apart")
    strange = [name for name in table.compare if name not in names]
    if strange or len(table.compare) not in (0, 2):
        raise UserError(
            f"table {path}: compare {table.compare} is not two of its rows {', '.join(names)}"
        )
    for column in table.columns:
        if column.metric not in METRICS:
            raise UserError(
                f"table {path}: metric {column.metric!r} is not one of {', '.join(METRICS)}"
            )
    columns = [column.name for column in table.columns]
    doubled = next((name for name in columns if columns.count(name) > 1), None)
    if doubled:
        raise UserError(f"table {path}: two columns are called {doubled!r}: name them apart")
    for row in table.rows:
        strange = [name for name in row.published if name not in columns]
        if strange:
            raise UserError(
                f"table {path}: row {row.name!r} has a number for {strange[0]!r}, which is not one of "
                f"its columns {', '.join(columns)}"
            )
