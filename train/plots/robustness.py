"""How accuracy falls as pictures are spoilt."""

import math
from pathlib import Path

import pandas as pd

from train.plots.style import figure, legend_columns, legend_name, row_colour, row_marker, save

COLUMNS = 4


def plot_robustness(cells: pd.DataFrame, path: Path) -> None:
    """A panel for each corruption: accuracy by severity, a line for each model; severity 0 is clean.

    `cells`: model, corruption, severity and accuracy, the clean faces' first.
    """
    corruptions = list(cells["corruption"].unique())[1:]
    models = list(cells["model"].unique())
    columns = min(COLUMNS, len(corruptions))
    rows = math.ceil(len(corruptions) / columns)
    width = 3.0 * columns
    picture = figure(width, 2.5 * rows + 0.8)
    panels = picture.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[len(corruptions) :]:
        axes.set_axis_off()
    for axes, corruption in zip(panels.flat, corruptions, strict=False):
        for place, model in enumerate(models):
            own = cells[(cells["model"] == model) & (cells["corruption"].isin([corruption]))]
            clean = cells[(cells["model"] == model) & (cells["severity"] == 0)]
            line = pd.concat([clean, own])
            axes.plot(
                line["severity"],
                100 * line["accuracy"],
                color=row_colour(place),
                marker=row_marker(place),
                markersize=4,
                label=legend_name(model),
            )
        axes.set_title(corruption, fontsize=10)
        axes.set_ylim(0, 100)
        axes.set_xticks(sorted(cells["severity"].unique()))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    picture.supxlabel("severity")
    picture.supylabel("accuracy, %")
    lines, names = panels[0, 0].get_legend_handles_labels()
    picture.legend(lines, names, loc="outside upper center", ncols=legend_columns(names, width))
    save(picture, path)
