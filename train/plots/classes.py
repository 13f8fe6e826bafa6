"""How well each class does, beside how often it is seen."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from train.plots.result import Result
from train.plots.style import (
    class_colour,
    figure,
    legend_columns,
    legend_name,
    row_colour,
    row_marker,
    save,
)

WIDTH = 9.0
MARKER_WIDTH, SPREAD = 0.07, 0.6  # of the way from one class to the next


def plot_distribution(counts: Mapping[str, int], results: Sequence[Result], path: Path) -> None:
    """The training faces of each class beside the class's accuracy in some rows. Fan et al. 2022, Fig. 1a.

    `counts`: faces by class. Classes go from the largest to the smallest.
    """
    names = _by_size(counts)
    colours = [class_colour(name) for name in names]
    picture = figure(10, 0.45 * len(names) + 2.2)
    left, right = picture.subplots(1, 2, sharey=True)
    bars = left.barh(range(len(names)), [counts[name] for name in names], color=colours)
    left.bar_label(bars, [f"{counts[name]:,}" for name in names], padding=3)
    left.margins(x=0.15)
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set_xlabel("training faces")
    left.set_title("how often each class is seen")
    thickness = 0.8 / len(results)
    for i, result in enumerate(results):
        white = 1.2 * (1 - (i + 1) / len(results))
        shades = [tuple(c + (1 - c) * white for c in colour) for colour in colours]
        places = [y - 0.4 + (i + 0.5) * thickness for y in range(len(names))]
        recalls = [100 * result.recall(name) for name in names]
        bars = right.barh(places, recalls, thickness, color=shades, edgecolor=colours)
        right.bar_label(bars, [f"{value:.0f}" for value in recalls], padding=3, fontsize=8)
    right.set_xlim(0, 109)
    right.set_xlabel("accuracy of the class, %")
    pale = f"pale: {results[0].name}\n" if len(results) > 1 else ""
    right.set_title(f"{pale}full colour: {results[-1].name}")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    save(picture, path)


def plot_class_lines(counts: Mapping[str, int], results: Sequence[Result], path: Path) -> None:
    """Each row's accuracy of every class, from the largest class to the smallest. Fan et al. 2022, Fig. 4."""
    names = _by_size(counts)
    columns = legend_columns([result.name for result in results], WIDTH)
    picture = figure(WIDTH, 5.0 + 0.25 * math.ceil(len(results) / columns))
    axes = picture.add_subplot()
    for i, result in enumerate(results):
        recalls = [100 * result.recall(name) for name in names]
        aside = (i - (len(results) - 1) / 2) * min(MARKER_WIDTH, SPREAD / len(results))
        axes.plot(
            [place + aside for place in range(len(names))],  # rows that are equal are all seen
            recalls,
            color=row_colour(result.place),
            marker=row_marker(result.place),
            label=legend_name(result.name),
            clip_on=False,  # a marker at 0 or 100% is seen whole
        )
    total = sum(counts.values())
    ticks = [f"{name}\n{100 * counts[name] / total:.1f}%" for name in names]
    axes.set_xticks(range(len(names)), ticks)
    for tick, name in zip(axes.get_xticklabels(), names, strict=True):
        tick.set_color(class_colour(name))
        tick.set_fontweight("bold")
    axes.set_ylim(0, 100)
    axes.set_ylabel("accuracy of the class, %")
    axes.set_xlabel("class, and its share of the training faces")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    picture.legend(loc="outside lower center", ncols=columns)
    save(picture, path)


def _by_size(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda name: -counts[name])
