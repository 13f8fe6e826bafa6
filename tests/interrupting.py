"""Ctrl-C at a chosen moment of a training."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from unittest.mock import patch

from train.callbacks import LastCheckpoint


@contextmanager
def ctrl_c(step: int, training: int = 1) -> Iterator[None]:
    """Send this process a Ctrl-C as the given step begins, in the first training that reaches it or a later one."""
    original = LastCheckpoint.on_train_batch_start
    reached = count(1)

    def interrupt(self, trainer, *arguments):
        if trainer.global_step == step and next(reached) == training:
            os.kill(os.getpid(), signal.SIGINT)
        original(self, trainer, *arguments)

    with patch.object(LastCheckpoint, "on_train_batch_start", interrupt):
        yield
