"""Receiver operating characteristics: every class against the rest."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_roc

from train.plots.result import Result
from train.plots.style import class_colour, figure, legend_name, row_colour, row_marker, save

GRID = np.linspace(0, 1, 501)
MARKED = 25  # every so many of its places


def plot_roc(results: Sequence[Result], by_class: Result, path: Path) -> None:
    """The mean curve over classes of each row, with its marker; and each class's curve of the row `by_class`."""
    picture = figure(12, 5.8 + 0.1 * len(results))
    mean, classes = picture.subplots(1, 2, sharey=True)
    for result in results:
        curves = list(class_curves(result).values())
        if not curves:  # all of its faces are of one class
            continue
        mean.plot(
            GRID,
            np.mean(curves, 0),
            color=row_colour(result.place),
            # Some colours are like those of the classes, which have no markers.
            marker=row_marker(result.place),
            markevery=MARKED,
            markersize=5,
            label=legend_name(f"{result.name}: AUC {result.scores['auc']:.3f}"),
        )
    mean.set_title("mean over classes, one against the rest")
    for label, curve in class_curves(by_class).items():
        area = by_class.scores["per_class_auc"][label]
        classes.plot(GRID, curve, color=class_colour(label), label=f"{label}: AUC {area:.3f}")
    classes.set_title(f"classes of {by_class.name}")
    mean.set_ylabel("true positive rate")
    for axes in (mean, classes):
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance: AUC 0.5")
        axes.set_xlabel("false positive rate")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.005)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right", fontsize=8)
    save(picture, path)


def class_curves(result: Result) -> dict[str, NDArray[np.float64]]:
    """True positive rates at GRID's false positive rates, of each class that has faces and strangers."""
    curves = {}
    for place, label in enumerate(result.labels):
        if result.scores["per_class_auc"][label] is not None:
            rates, hits, _ = binary_roc(
                torch.from_numpy(result.probabilities[:, place]),
                torch.from_numpy(result.true == place).long(),
            )
            curves[label] = np.interp(GRID, rates.numpy(), hits.numpy())
    return curves
