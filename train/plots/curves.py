"""How training went."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from train.plots.result import Result
from train.plots.style import figure, legend_columns, legend_name, row_colour, save

WIDTH = 12.0
PANELS = {"loss": ("train/loss", "val/loss"), "accuracy, %": ("train/accuracy", "val/accuracy")}


def read_history(run: Path) -> dict[str, NDArray[np.float64]]:
    """A run folder's curves: name -> (E, 2) epochs from 1 and their means; none where nothing was trained.

    A run that was stopped has a file for each start; what it did twice counts as done last.
    """
    starts = sorted(run.glob("curves/version_*"), key=lambda f: int(f.name.split("_")[1]))
    files = [start / "metrics.csv" for start in starts]
    files = [file for file in files if file.is_file() and file.stat().st_size]
    if not files:
        return {}
    table = pd.concat([_table(file) for file in files], ignore_index=True)
    history = {}
    for name in (name for pair in PANELS.values() for name in pair):
        if name not in table:
            continue
        known = table.dropna(subset=[name]).drop_duplicates("step", keep="last")
        means = known.groupby("epoch")[name].mean()
        history[name] = np.column_stack([means.index.to_numpy() + 1.0, means.to_numpy()])
    return history


def _table(file: Path) -> pd.DataFrame:
    """Empty where a killed run or a full disk left what is no table."""
    try:
        return pd.read_csv(file)
    except ValueError:
        return pd.DataFrame()


def plot_curves(results: Sequence[Result], path: Path) -> None:
    """Loss and accuracy by epoch: training dashed, selection split solid."""
    columns = legend_columns([result.name for result in results], WIDTH)
    picture = figure(WIDTH, 5.0 + 0.25 * math.ceil(len(results) / columns))
    epochs = max((curve[-1, 0] for r in results for curve in r.history.values()), default=1)
    for axes, (title, names) in zip(picture.subplots(1, 2), PANELS.items(), strict=True):
        factor = 100 if "%" in title else 1
        for result in results:
            for name, style in zip(names, ("--", "-"), strict=True):
                curve = result.history.get(name, np.empty((0, 2)))
                label = legend_name(result.name) if style == "-" and factor == 1 else None
                axes.plot(
                    curve[:, 0],
                    factor * curve[:, 1],
                    color=row_colour(result.place),
                    linestyle=style,
                    alpha=0.6 if style == "--" else 1,
                    marker="." if len(curve) < 40 else None,
                    label=label,
                )
        axes.set_xlabel("epoch")
        axes.set_ylabel(title)
        axes.set_xlim(0.5, epochs + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
    picture.suptitle(
        "solid: selection split; dashed: training, as each row's own loss and augmentation see it"
    )
    picture.legend(loc="outside lower center", ncols=columns)
    save(picture, path)
