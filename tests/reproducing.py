"""A table in miniature, and the command that reproduces it."""

import csv
from pathlib import Path

import pytest
import yaml

TINY = ["--epochs", "1", "--set", "batch_size=16", "--set", "precision=32-true", "--device", "cpu"]

# Two rows that train, one that asks for a recipe that is not there, one that is cited only.
TABLE = {
    "title": "Two of ours",
    "source": "nobody 2022",
    "columns": [{"name": "overall", "metric": "accuracy"}],
    "rows": [
        {"name": "plain", "recipe": "report-baseline", "published": {"overall": 57.23}},
        {"name": "today", "recipe": "cnn6-fer2013"},
        {"name": "lost", "recipe": "no-such-recipe"},
        {"name": "cited", "published": {"overall": 82.69}},
    ],
}


def write_table(folder: Path) -> Path:
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(TABLE))
    return path


def command_for(table: Path, data: Path, output: Path) -> list[str]:
    return ["reproduce", str(table), "--root", str(data), "--output", str(output), *TINY]


def rows_of(output: Path) -> dict[str, dict[str, str]]:
    """The report's rows by their names."""
    return {row["model"]: row for row in csv.DictReader((output / "report.csv").open())}


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Reports without figures, which take longer than a small training."""
    patch.setattr("train.report.draw_figures", lambda *_: [])
