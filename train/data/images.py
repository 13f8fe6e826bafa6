"""Labelled faces, as every data set's reader returns them: in memory, or as files that are read when needed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from fer_live.expressions import Expression

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Faces(ABC):
    """N faces of one split.

    `labels`: (N,) int64, indices into `classes`. `rows`: (N,) int64, each face's row in the published
    data set, counted from 0. `votes`: (N, 10) uint8, the crowd's votes in FER+'s column order, where
    they were joined. `targets`: (N, K) float32 label distributions, where the data set has them.
    """

    dataset: str
    split: str
    classes: tuple[Expression, ...]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    votes: NDArray[np.uint8] | None = None
    targets: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def pictures(self, places: Sequence[int]) -> list[Picture]:
        """The faces at these places, each (H, W) grey or (H, W, 3) RGB."""

    @abstractmethod
    def select(self, which: NDArray) -> Self:
        """The faces that `which` (a mask or indices) picks."""

    def first(self, count: int) -> Self:
        """The first `count` faces, for a smoke run."""
        return self.select(np.arange(min(count, len(self))))

    def class_counts(self) -> NDArray[np.int64]:
        """(K,): faces of each class."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def _selected(self, which: NDArray) -> Self:
        return replace(
            self,
            labels=self.labels[which],
            rows=self.rows[which],
            votes=None if self.votes is None else self.votes[which],
            targets=None if self.targets is None else self.targets[which],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledFaces(Faces):
    """Faces in memory. `images`: (N, H, W) grey or (N, H, W, 3) RGB, uint8."""

    images: NDArray[np.uint8]

    def pictures(self, places: Sequence[int]) -> list[Picture]:
        return list(self.images[list(places)])

    def select(self, which: NDArray) -> Self:
        return replace(self._selected(which), images=self.images[which])
