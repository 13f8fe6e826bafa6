"""Published numbers beside ours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from train.metrics import standard_error
from train.plots import Result
from train.recipe import Recipe
from train.table import Row, Table

TITLES = {
    "accuracy": "accuracy",
    "macro_recall": "macro recall",
    "macro_precision": "macro precision",
    "macro_f1": "macro F1",
    "min_recall": "lowest class",
    "max_recall": "highest class",
    "auc": "AUC",
}
GAP = "gap"  # between the highest and the lowest class


@dataclass(frozen=True)
class RowReport:
    """A row of the table and what came of it. `facts`: run.json of each run; `error`: why there is no more."""

    row: Row
    recipes: tuple[Recipe, ...] = ()
    result: Result | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    facts: tuple[Mapping[str, Any], ...] = ()


def comparison(table: Table, rows: Sequence[RowReport]) -> pd.DataFrame:
    """In percent, as text: the published numbers if there are any, and ours as mean and deviation over seeds."""
    ours = " (ours)" if table.cites else ""
    lines = []
    for row in rows:
        line = {"model": row.row.name}
        for metric in metrics_of(table):
            columns = [column for column in table.columns if column.metric == metric]
            for column in columns if table.cites else ():
                published = row.row.published.get(column.name)
                line[f"{column.name} (published)"] = (
                    "-" if published is None else f"{published:.2f}"
                )
            title = columns[0].name if len(columns) == 1 else TITLES[metric]
            line[f"{title}{ours}"] = _spread(row.result, metric)
        result = row.result
        line["standard error of accuracy"] = (
            f"{100 * standard_error(*_accuracy(result)):.2f}" if result else "-"
        )
        for metric in ("accuracy", "macro_recall"):
            if metric not in metrics_of(table):
                line[f"{TITLES[metric]}{ours}"] = _spread(result, metric)
        line[f"highest less lowest class{ours}"] = _spread(result, GAP)
        for metric in ("accuracy", "macro_recall"):
            line[f"clean {TITLES[metric]}{ours}"] = _spread(result, metric, clean=True)
        lines.append(line)
    return pd.DataFrame(lines)


def numbers(table: Table, rows: Sequence[RowReport]) -> pd.DataFrame:
    """All there is, as numbers: published (if any) in percent, ours as shares with their deviation over seeds."""
    lines = []
    for row in rows:
        line: dict[str, Any] = {
            "model": row.row.name,
            "recipe": row.row.recipe,
            "notes": "; ".join(row.notes),
            "error": row.error,
        }
        line |= {
            f"published {column.name} %": row.row.published.get(column.name)
            for column in (table.columns if table.cites else ())
        }
        if row.result is not None:
            line |= {"seeds": len(row.result.seeds), "faces": row.result.scores["n"]}
            line["standard_error"] = standard_error(*_accuracy(row.result))
            extra = ("ece", "adaptive_ece", "nll", "brier", "aurc")
            for metric in (*TITLES, GAP, *extra):
                line[metric], line[f"{metric}_deviation"] = statistics(row.result, metric)
            for metric in ("accuracy", "macro_recall"):
                line[f"clean_{metric}"], _ = statistics(row.result, metric, clean=True)
            line |= {f"recall_{label}": row.result.recall(label) for label in row.result.labels}
        lines.append(line)
    return pd.DataFrame(lines)


def metrics_of(table: Table) -> list[str]:
    return list(dict.fromkeys(column.metric for column in table.columns))


def _accuracy(result: Result) -> tuple[float, int]:
    """Mean over the seeds, and the faces it was measured on: seeds share them."""
    return statistics(result, "accuracy")[0], result.scores["n"]


def statistics(result: Result, metric: str, clean: bool = False) -> tuple[float, float]:
    """Mean and deviation over seeds; NaN where there is none."""
    parts = [scores["clean"] if clean else scores for scores in result.seeds]
    if any(part is None for part in parts):
        return math.nan, math.nan
    values = np.array(
        [
            part["max_recall"] - part["min_recall"] if metric == GAP else part[metric]
            for part in parts
        ],
        dtype=float,  # None becomes NaN
    )
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _spread(result: Result | None, metric: str, clean: bool = False) -> str:
    if result is None:
        return "-"
    mean, deviation = statistics(result, metric, clean)
    if math.isnan(mean):
        return "-"
    return f"{100 * mean:.2f}" + ("" if math.isnan(deviation) else f" ± {100 * deviation:.2f}")
