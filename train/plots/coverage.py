"""What is gained by keeping silent where the model is unsure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from train.metrics import risk_at_coverage
from train.plots.result import Result
from train.plots.style import Colour, figure, legend_name, row_colour, save

LOWEST = 0.01  # of the coverages drawn: below, one wrong face among a few is a spike


class _Line(NamedTuple):
    """`risk`: (N,) at the coverages 1/N, 2/N, ... 1."""

    name: str
    risk: NDArray[np.float64]
    colour: Colour


def plot_coverage(results: Sequence[Result], path: Path) -> None:
    """The share of errors among the most confident faces, by how many of them are read."""
    lines = [
        _Line(
            f"{result.name}: area {result.scores['aurc']:.3f}",
            risk_at_coverage(result.probabilities, result.true),
            row_colour(result.place),
        )
        for result in results
    ]
    _draw(lines, "", path)


def plot_risks(risks: Mapping[str, NDArray[np.float64]], title: str, path: Path) -> None:
    """The same for several uncertainties of one model: their names -> risk (N,)."""
    lines = [
        _Line(f"{name}: area {risk.mean():.3f}", risk, row_colour(place))
        for place, (name, risk) in enumerate(risks.items())
    ]
    _draw(lines, title, path)


def _draw(lines: Sequence[_Line], title: str, path: Path) -> None:
    picture = figure(8, 5.4)
    axes = picture.add_subplot()
    for line in lines:
        coverage = np.arange(1, len(line.risk) + 1) / len(line.risk)
        shown = coverage >= LOWEST
        axes.plot(
            100 * coverage[shown],
            100 * line.risk[shown],
            color=line.colour,
            label=legend_name(line.name),
        )
    axes.set_title(title)
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: the most confident faces, %")
    axes.set_ylabel("risk: errors among them, %")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="best", fontsize=9)
    save(picture, path)
