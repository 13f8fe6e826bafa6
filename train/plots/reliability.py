"""Whether a confidence of 80% is right 8 times in 10."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.metrics import reliability
from train.plots.result import Result
from train.plots.style import figure, row_colour, save


def plot_reliability(results: Sequence[Result], path: Path) -> None:
    """Accuracy in each bin of confidence, above how many faces it has. Guo et al. 2017, Fig. 1."""
    picture = figure(5.4 * len(results) + 0.4, 6.2)
    panels = picture.subplots(
        2, len(results), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 1)
    )
    for i, result in enumerate(results):
        colour = row_colour(result.place)
        bins = reliability(result.probabilities, result.true)
        edges = np.linspace(0, 1, len(bins.faces) + 1)
        middle, width = (edges[:-1] + edges[1:]) / 2, edges[1]
        above, below = panels[:, i]
        above.bar(middle, bins.accuracy, 0.94 * width, color=colour, alpha=0.75, label="accuracy")
        above.plot(bins.confidence, bins.confidence, "k_", markersize=9, label="confidence")
        above.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfectly calibrated")
        above.set_title(
            f"{result.name}\nECE {100 * result.scores['ece']:.1f}%, "
            f"adaptive {100 * result.scores['adaptive_ece']:.1f}%"
        )
        above.set_xlim(0, 1)
        above.set_ylim(0, 1)
        below.bar(middle, bins.faces / bins.faces.sum(), 0.94 * width, color=colour, alpha=0.75)
        below.set_xlabel("confidence")
        for axes in (above, below):
            axes.grid(axis="y", alpha=0.3)
    panels[0, 0].set_ylabel("accuracy")
    panels[0, 0].legend(loc="upper left", fontsize=9)
    panels[1, 0].set_ylabel("share of faces")
    save(picture, path)
