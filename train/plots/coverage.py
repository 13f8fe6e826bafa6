"""What is gained by keeping silent where the model is unsure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.metrics import risk_at_coverage
from train.plots.result import Result
from train.plots.style import figure, row_colour, save


def plot_coverage(results: Sequence[Result], path: Path) -> None:
    """The share of errors among the most confident faces, by how many of them are read."""
    picture = figure(8, 5.4)
    axes = picture.add_subplot()
    for result in results:
        risk = risk_at_coverage(result.probabilities, result.true)
        coverage = np.arange(1, len(risk) + 1) / len(risk)
        axes.plot(
            100 * coverage,
            100 * risk,
            color=row_colour(result.place),
            label=f"{result.name}: area {result.scores['aurc']:.3f}",
        )
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: the most confident faces, %")
    axes.set_ylabel("risk: errors among them, %")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="best", fontsize=9)
    save(picture, path)
