"""Figures of an evaluation."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure


def plot_confusion(scores: dict[str, Any], path: Path) -> None:
    """The confusion matrix as shares of each true class, counts below; `scores` as in metrics.json."""
    counts = np.array(scores["confusion"])
    shares = counts / counts.sum(1, keepdims=True).clip(min=1)
    names = scores["labels"]
    figure = Figure(figsize=(7.2, 6.4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
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
    axes.set_ylabel("true")
    axes.set_title(
        f"{scores['weights']} on {scores['dataset']} {scores['split']}\n"
        f"accuracy {100 * scores['accuracy']:.1f}%, macro recall {100 * scores['macro_recall']:.1f}%"
    )
    figure.colorbar(picture, label="share of the true class")
    figure.savefig(path)
