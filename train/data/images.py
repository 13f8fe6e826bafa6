"""Labelled faces, as every data set's reader returns them; these here are in memory."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.preprocess import fit_square
from train.data.threads import on_threads

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

    @property
    def keys(self) -> list[Any]:
        """(N) what tells the faces apart, whichever of them are there."""
        return self.rows.tolist()

    @property
    @abstractmethod
    def grey(self) -> bool:
        """Whether all pictures are known to be grey."""

    @abstractmethod
    def picture(self, place: int) -> Picture:
        """The face at this place, (H, W) grey or (H, W, 3) RGB. Raises UserError where it cannot be read."""

    def pictures(self, places: Sequence[int]) -> list[Picture]:
        """The faces at these places."""
        return [self.picture(place) for place in places]

    def select(self, which: NDArray) -> Self:
        """The faces that `which` (a mask or indices) picks."""
        return replace(
            self,
            labels=self.labels[which],
            rows=self.rows[which],
            votes=None if self.votes is None else self.votes[which],
            targets=None if self.targets is None else self.targets[which],
        )

    def sample(self, count: int) -> Self:
        """At most `count` faces, evenly spread over the split (whose rows may go by class), for a smoke run."""
        count = min(count, len(self))
        return self.select(np.arange(count) * len(self) // max(count, 1))

    def readable(self) -> Self:
        """The faces whose pictures can be read. Raises UserError where too many cannot."""
        return self

    def aligned(self) -> Self:
        """The same faces with their eyes at fixed places. Raises UserError where no landmarks are known."""
        raise UserError(
            f"{self.dataset} has no landmarks to align its faces by: set align to false"
        )

    def fitted(self, place: int, size: int, channels: int) -> Picture:
        """The face as the app would give it to a network, (size, size, channels); grey ones have one channel."""
        return fit_square(self.picture(place), size, 1 if self.grey else channels)

    def in_memory(self, size: int, channels: int) -> "LabelledFaces":
        """All faces, fitted."""
        return self._with_images(self._decode(size, channels))

    def _decode(self, size: int, channels: int) -> Picture:
        channels = 1 if self.grey else channels
        images = np.empty((len(self), size, size, channels), np.uint8)

        def decode(place: int) -> None:
            images[place] = self.fitted(place, size, channels)

        deque(on_threads(decode, len(self), f"decoding {self.dataset}"), maxlen=0)
        return images[..., 0] if channels == 1 else images

    def _with_images(self, images: Picture) -> "LabelledFaces":
        same = {field.name: getattr(self, field.name) for field in fields(Faces)}
        return LabelledFaces(images=images, **same)

    def class_counts(self) -> NDArray[np.int64]:
        """(K,): faces of each class."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def counts_by_name(self) -> dict[str, int]:
        """The same, by the class's name."""
        return dict(zip(map(str, self.classes), self.class_counts().tolist(), strict=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelledFaces(Faces):
    """Faces in memory. `images`: (N, H, W) grey or (N, H, W, 3) RGB, uint8."""

    images: NDArray[np.uint8]

    @property
    def grey(self) -> bool:
        return self.images.ndim == 3

    def picture(self, place: int) -> Picture:
        return np.asarray(self.images[place])

    def select(self, which: NDArray) -> Self:
        return replace(super().select(which), images=self.images[which])

    def in_memory(self, size: int, channels: int) -> "LabelledFaces":
        as_they_are = self.images.shape[1:3] == (size, size) and (self.grey or channels == 3)
        return self if as_they_are else super().in_memory(size, channels)
