"""OpenVINO as we want it: loaded once for the process, and telling nobody that it was."""

import sys
import threading
from collections.abc import Callable, Hashable
from functools import cache, wraps
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")


def once(make: Callable[..., Made]) -> Callable[..., Made]:
    """`functools.cache` for threads: who asks while it is being made waits, and gets the same."""
    kept, alone = cache(make), threading.RLock()

    @wraps(make)
    def ask(*given: Hashable) -> Made:
        with alone:
            return kept(*given)

    return ask


def is_installed() -> bool:
    """Whether OpenVINO can be imported."""
    try:
        imported()
    except ImportError:
        return False
    return True


@once
def imported() -> Any:
    """The package, fit for use by several threads. Raises ImportError where it is not installed."""
    # OpenVINO's telemetry package sends counts of use as soon as it is imported. With this entry its
    # import fails, and OpenVINO falls back on a stand-in of its own that sends nothing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    # The first array that it meets makes it fill a table of numpy's types, behind a lock, and it lets go
    # of Python's own lock half way: a thread that takes that and comes for the table waits for ever.
    _ = openvino.Tensor(np.zeros(1, np.float32)).data
    return openvino


@once
def core() -> Any:
    """One for the process, and never let go.

    The CPU plugin gives the thread that loads it a stack for signals and frees that with the last Core,
    whichever thread does it; the next Ctrl-C would then be a segmentation fault.
    """
    return imported().Core()
