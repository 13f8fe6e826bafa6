"""OpenVINO as we want it: loaded once for the process, and telling nobody that it was."""

import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from functools import cache, wraps
from importlib import import_module
from typing import Any, Literal, TypeVar

import numpy as np

Made = TypeVar("Made")
Precision = Literal["f32", "bf16"]
MAP = 64, 24, 24  # channels, height and width
LAYERS, TURNS = 3, 10
WORTH = 0.9  # of float32's time


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


@once
def quickest() -> Precision:
    """What this CPU computes fastest in.

    A CPU that is able to compute in bfloat16 need not be quicker with it: with AMX it takes a third of the
    time, without, on the same kind of Xeon, up to a fifth more. Nothing tells but a measurement (a tenth of
    a second, once). Where there is little between them it is the exact one.
    """
    if "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return "f32"
    try:
        times = seconds(["f32", "bf16"])
    except RuntimeError:  # it has no others: for want of memory or of a kernel
        return "f32"
    return "bf16" if times["bf16"] < WORTH * times["f32"] else "f32"


def seconds(precisions: Sequence[Precision]) -> dict[Precision, float]:
    """What a few convolutions, a hundredth of `cucn`, take on one core in each precision."""
    package = imported()  # before any part of it, so that its telemetry stays out
    ops = import_module("openvino.opset13")
    one = np.ones((1, *MAP), np.float32)
    maps = first = ops.parameter(one.shape, np.float32)
    kernel = np.full((MAP[0], MAP[0], 3, 3), 1e-3, np.float32)
    for _ in range(LAYERS):
        maps = ops.relu(ops.convolution(maps, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    model = package.Model([maps], [first])
    found: dict[Precision, float] = {}
    requests = {
        precision: core()
        .compile_model(
            model, "CPU", {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
        )
        .create_infer_request()
        for precision in precisions
    }
    for _ in range(TURNS):  # in turns, so that what else runs slows all of them
        for precision, request in requests.items():
            began = time.perf_counter()
            request.infer([one])
            taken = time.perf_counter() - began
            found[precision] = min(taken, found.get(precision, taken))
    return found
