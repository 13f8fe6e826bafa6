"""In what OpenVINO computes, and which of it this CPU is quickest in."""

import platform
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np

from fer_live import quiet_openvino
from fer_live.runtimes.eight_bits import quantise, sources

Precision = Literal["f32", "bf16", "int8"]
MAP = 64, 24, 24  # channels, height and width
LAYERS, TURNS = 3, 10
WORTH = 0.9  # of the time of a more exact one


def quickest(*others: Precision) -> Precision:
    """What this CPU computes fastest in, of float32 and `others`, which go from the more exact to the less.

    Where there is little between two it is the more exact one. What it is not able to, or where we know
    nothing of (eight bits elsewhere than on x86), is not asked for, nor anything measured for it.
    """
    best: Precision = "f32"
    wanted = [other for other in others if other in able()]
    times = measured() if wanted else {}
    for other in wanted:
        if other in times and times[other] < WORTH * times[best]:
            best = other
    return best


def able() -> list[Precision]:
    """What this CPU is able to compute in besides float32."""
    said = quiet_openvino.core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    found: list[Precision] = ["bf16"] if "BF16" in said else []
    if "INT8" in said and platform.machine().lower() in ("x86_64", "amd64"):
        found.append("int8")
    return found


@quiet_openvino.once
def measured() -> dict[Precision, float]:
    """Seconds in float32 and all that this CPU is able to; none where that cannot be had.

    Being able does not say that it is quicker: with AMX bfloat16 takes a third of the time, without, on the
    same kind of Xeon, up to a fifth more. Nothing tells but a measurement (a tenth of a second, once).
    """
    try:
        return seconds(["f32", *able()])
    except RuntimeError:  # it has no others: for want of memory or of a kernel
        return {}


def seconds(precisions: Sequence[Precision]) -> dict[Precision, float]:
    """What a few convolutions, a fifth of `cucn`, take on one core in each precision."""
    one = np.ones((1, *MAP), np.float32)
    found: dict[Precision, float] = {}
    requests = {
        precision: quiet_openvino.core()
        .compile_model(
            _convolutions(precision == "int8"),
            "CPU",
            {"INFERENCE_PRECISION_HINT": hint(precision), "INFERENCE_NUM_THREADS": 1},
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


def hint(precision: Precision) -> str:
    """What OpenVINO is to compute in wherever the model itself does not say eight bits."""
    return "f32" if precision == "int8" else precision


def _convolutions(eight_bits: bool) -> Any:
    package = quiet_openvino.imported()  # before any part of it, so that its telemetry stays out
    ops = import_module("openvino.opset13")
    maps = first = ops.parameter((1, *MAP), np.float32)
    kernel = np.full((MAP[0], MAP[0], 3, 3), 1e-3, np.float32)
    for _ in range(LAYERS):
        maps = ops.relu(ops.convolution(maps, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    model = package.Model([maps], [first])
    if eight_bits:
        quantise(model, dict.fromkeys(sources(model), (0.0, 1.0)))
    return model
