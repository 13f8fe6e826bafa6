"""What figures show of one way to train."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Result:
    """One row of a table. `seeds`: what `metrics.json` holds, of each of its runs.

    Of the first run: `probabilities` (N, K) and `true` (N,) of the scored faces; `history`, its curves:
    "train/loss" and the like -> (E, 2) epochs and values. `right`: (N,) the share of the runs that read each face
    as `true` says. `place`: among the rows, which gives its colour.
    """

    name: str
    seeds: tuple[Mapping[str, Any], ...]
    probabilities: NDArray[np.float64]
    true: NDArray[np.int64]
    right: NDArray[np.float64]
    history: Mapping[str, NDArray[np.float64]]
    place: int = 0

    @property
    def scores(self) -> Mapping[str, Any]:
        """Those of the first run, whose predictions these are."""
        return self.seeds[0]

    @property
    def labels(self) -> list[str]:
        return list(self.scores["labels"])

    def recall(self, label: str) -> float:
        """Mean over the runs; NaN where the class has no face."""
        recalls = [scores["per_class_recall"][label] for scores in self.seeds]
        return float("nan") if None in recalls else float(np.mean(recalls))
