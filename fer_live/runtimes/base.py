"""What every runtime offers."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from fer_live.explain import channels
from fer_live.types import FloatArray

# What exported networks call their outputs, in this order; the last two where they have them.
LOGITS, FEATURE_MAP = "logits", "feature_map"
UNCERTAINTY, CHANNEL_WEIGHTS = "uncertainty", "channel_weights"
# Feature maps (B, C, h, w) -> Grad-CAM maps (B, K, h, w).
Explain = Callable[[FloatArray], FloatArray]


class Scores(NamedTuple):
    """What a network says of B faces.

    `logits`: (B, K) before the temperature. `uncertainty`: (B,) raw scores, or None. `explain`: functions
    that make Grad-CAM maps (b, K, h, w), each of the next b faces.
    """

    logits: FloatArray
    uncertainty: FloatArray | None
    explain: tuple[Callable[[], FloatArray], ...]

    def heatmaps(self) -> FloatArray:
        """Grad-CAM maps (B, K, h, w) of every class, not normalised."""
        return np.concatenate([make() for make in self.explain])


def joined(parts: Sequence[Scores]) -> Scores:
    """What one network says of the faces of all parts, of at least one."""
    unsure = [part.uncertainty for part in parts if part.uncertainty is not None]
    return Scores(
        np.concatenate([part.logits for part in parts]),
        np.concatenate(unsure) if unsure else None,
        tuple(make for part in parts for make in part.explain),
    )


def from_flat(said: Mapping[str, FloatArray], explain: Explain | None) -> Scores:
    """The outputs of `Flat` by their names, as scores. `explain` is for networks without channel weights."""
    if explain is None:
        explain = partial(channels.grad_cam, said[CHANNEL_WEIGHTS])
    return Scores(said[LOGITS], said.get(UNCERTAINTY), (partial(explain, said[FEATURE_MAP]),))


class Running(Protocol):
    """What runs one network or several. `name` is what the window shows.

    `own_threads`: whether it computes in threads of its own, so that torch's are in its way.
    """

    @property
    def name(self) -> str: ...

    @property
    def own_threads(self) -> bool: ...

    def wait(self) -> None:
        """Until it is as fast as it will be."""


class Runtime(Running, Protocol):
    """Runs one network on `device`, as torch calls it."""

    device: str

    def __call__(self, images: FloatArray) -> Scores:
        """Normalised images (B, C, H, W)."""

    def close(self) -> None: ...
