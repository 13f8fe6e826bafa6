"""The figures of a report, with what each of them shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from train import plots
from train.plots import Result


class Drawn(NamedTuple):
    """A picture in the report's folder `figures`."""

    file: str
    caption: str


def draw_figures(
    counts: Mapping[str, int], results: Sequence[Result], compare: Sequence[str], folder: Path
) -> list[Drawn]:
    """Draw them all into `folder`. `counts`: class -> training faces.

    `compare`: the two rows of figures that show few; the first and the last where one has no result.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_name = {result.name: result for result in results}
    ends = [by_name[name] for name in compare if name in by_name]
    if len(ends) < 2:
        ends = [results[0], results[-1]] if len(results) > 1 else [results[0]]
    names = " and ".join(result.name for result in ends)
    plots.plot_distribution(counts, ends, folder / "distribution.png")
    plots.plot_class_lines(counts, results, folder / "classes.png")
    plots.plot_confusions(ends, folder / "confusion.png")
    plots.plot_roc(results, ends[-1], folder / "roc.png")
    plots.plot_curves(results, folder / "curves.png")
    plots.plot_reliability(ends, folder / "reliability.png")
    plots.plot_coverage(results, folder / "coverage.png")
    several = max(len(result.seeds) for result in results) > 1
    first = ", first seed" if several else ""
    return [
        Drawn(
            "distribution.png", f"How often each class is seen in training; its accuracy: {names}"
        ),
        Drawn("classes.png", "Accuracy of each class" + (", mean over seeds" if several else "")),
        Drawn("confusion.png", f"Confusion matrices: {names}{first}"),
        Drawn("roc.png", f"Receiver operating characteristics, one class against the rest{first}"),
        Drawn("curves.png", f"Loss and accuracy while training{first}"),
        Drawn("reliability.png", f"Confidence and accuracy: {names}{first}"),
        Drawn("coverage.png", f"Errors among the most confident faces{first}"),
    ]
