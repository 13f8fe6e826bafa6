"""What each row of a table gains over the first, with the error of the gain."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from train.plots import Result
from train.report_table import GAP, statistics


def against_first(results: Sequence[Result]) -> pd.DataFrame:
    """In points, as text: gain ± its standard error; beyond chance where the accuracy moves by two of them.

    Rows that read the same faces err on the same ones, so that the error is that of each face's difference
    (paired), and that of the seeds beside it; of other faces, that of both tests.
    """
    first = results[0]
    lines = []
    for result in results[1:]:
        moved, error = _gain(first, result, "accuracy")
        balance, its_error = _gain(first, result, "macro_recall")
        gap = statistics(result, GAP)[0] - statistics(first, GAP)[0]
        line = {
            "model": result.name,
            "accuracy": f"{100 * moved:+.2f} ± {100 * error:.2f}",
            "macro recall": f"{100 * balance:+.2f} ± {100 * its_error:.2f}",
            "highest less lowest class": f"{100 * gap:+.2f}",
            "accuracy moves beyond chance": "yes" if abs(moved) > 2 * error else "no",
        }
        lines.append(line)
    return pd.DataFrame(lines)


def _gain(first: Result, result: Result, metric: str) -> tuple[float, float]:
    """The difference of the means over the seeds, and its standard error."""
    # Classes of equal weight are drawn each for itself.
    balanced = metric == "macro_recall"
    groups = [one.true if balanced else np.zeros_like(one.true) for one in (first, result)]
    if np.array_equal(first.true, result.true):
        test = _error(result.right - first.right, groups[0])
    else:
        test = math.hypot(_error(first.right, groups[0]), _error(result.right, groups[1]))
    seeds = (
        np.nan_to_num(statistics(one, metric)[1]) / math.sqrt(len(one.seeds))
        for one in (first, result)
    )
    moved = statistics(result, metric)[0] - statistics(first, metric)[0]
    return moved, math.hypot(test, *seeds)


def _error(values: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Standard error of the mean over groups of each group's mean, of faces (N,) drawn at random within each."""
    counts = np.bincount(groups)
    mean = np.bincount(groups, values) / counts.clip(min=1)
    apart = np.square((values - mean[groups]) / counts[groups]).sum()
    return math.sqrt(apart) / np.count_nonzero(counts)
