"""Confusion matrices."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from train.plots.result import Result
from train.plots.style import figure, save


def plot_confusion(scores: Mapping[str, Any], path: Path) -> None:
    """One matrix as shares of each true class, counts below; `scores` as in metrics.json."""
    picture = figure(7.2, 6.4)
    axes = picture.add_subplot()
    shades = _draw(
        axes, scores, f"{scores['weights']} on {scores['dataset']} {scores['split']}", labels=True
    )
    picture.colorbar(shades, label="share of the true class")
    save(picture, path)


def plot_confusions(results: Sequence[Result], path: Path) -> None:
    """The matrices of some rows side by side, in one scale. Fan et al. 2022, Fig. 5."""
    picture = figure(5.9 * len(results) + 0.9, 6.0)
    panels = picture.subplots(1, len(results), squeeze=False)[0]
    for i, (axes, result) in enumerate(zip(panels, results, strict=True)):
        shades = _draw(axes, result.scores, result.name, labels=i == 0)
    picture.colorbar(shades, ax=list(panels), label="share of the true class", shrink=0.8)
    save(picture, path)


def _draw(axes: Axes, scores: Mapping[str, Any], title: str, labels: bool) -> AxesImage:
    counts = np.array(scores["confusion"])
    shares = counts / counts.sum(1, keepdims=True).clip(min=1)
    names = scores["labels"]
    shades = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(counts.shape):
        axes.text(
            j,
            i,
            f"{100 * shares[i, j]:.0f}%\n{counts[i, j]}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[i, j] > 0.5 else "black",
        )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    if labels:
        axes.set_ylabel("true")
    axes.set_title(
        f"{title}\naccuracy {100 * scores['accuracy']:.1f}%, "
        f"macro recall {100 * scores['macro_recall']:.1f}%"
    )
    return shades
