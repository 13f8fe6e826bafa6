"""Labelled faces in memory, as every small data set's reader returns them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fer_live.expressions import Expression


@dataclass(frozen=True, eq=False)
class LabelledFaces:
    """N faces of one split.

    `images`: (N, H, W) grey or (N, H, W, 3) RGB, uint8. `labels`: (N,) int64, indices into `classes`.
    `rows`: (N,) int64, each face's row in the published data set, counted from 0. `votes`: (N, 10)
    uint8, the crowd's votes in FER+'s column order, where they were joined.
    """

    dataset: str
    split: str
    classes: tuple[Expression, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    votes: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "LabelledFaces":
        """The first `count` faces, for a smoke run."""
        return self.select(np.arange(min(count, len(self))))

    def select(self, which: NDArray) -> "LabelledFaces":
        """The faces that `which` (a mask or indices) picks."""
        return replace(
            self,
            images=self.images[which],
            labels=self.labels[which],
            rows=self.rows[which],
            votes=None if self.votes is None else self.votes[which],
        )

    def class_counts(self) -> NDArray[np.int64]:
        """(K,): faces of each class."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)
