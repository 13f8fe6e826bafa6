"""The losses of a training, read without making a GPU wait."""

from typing import NamedTuple

import torch
from torch import Tensor


class Seen(NamedTuple):
    """A loss, and the step that it is of."""

    loss: float
    step: int


class LossWatch:
    """Reads the loss of each step; on a GPU that of the step before.

    Asking a GPU for a value waits until it has computed all that it was given, and leaves it idle while the
    next step is prepared. The step before has been computed by then.
    """

    def __init__(self) -> None:
        self._copy: tuple[Tensor, torch.cuda.Event, int] | None = None  # on its way to the CPU

    def seen(self, loss: Tensor, step: int) -> Seen:
        """The newest loss that is known, once that of `step` (a scalar) is under way; 0 where none is yet."""
        if not loss.is_cuda:
            return Seen(loss.item(), step)
        before, self._copy = self._copy, _copy(loss, step)
        if before is None:
            return Seen(0.0, step)
        value, arrived, at = before
        arrived.synchronize()
        return Seen(value.item(), at)


def _copy(loss: Tensor, step: int) -> tuple[Tensor, torch.cuda.Event, int]:
    value = torch.empty((), dtype=loss.dtype, pin_memory=True)
    value.copy_(loss.detach(), non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record()
    return value, arrived, step
