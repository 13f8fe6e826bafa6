"""In what OpenVINO computes, and which of it this CPU is quickest in."""

import platform
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

import numpy as np

from fer_live import quiet_openvino

Precision = Literal["f32", "bf16", "int8"]
MAP = 64, 24, 24  # channels, height and width
LAYERS, TURNS = 3, 10
WORTH = 0.9  # of the time of a more exact one


def quickest(*others: Precision) -> Precision:
    """What this CPU computes fastest in, of float32 and `others`, which go from the more exact to the less.

    Where there is little between two it is the more exact one.
    """
    times = measured()
    best: Precision = "f32"
    for other in others:
        if other in times and times[other] < WORTH * times[best]:
            best = other
    return best


@quiet_openvino.once
def measured() -> dict[Precision, float]:
    """Seconds in each precision that this CPU is able to compute in; none where there is but one.

    Being able does not say that it is quicker: with AMX bfloat16 takes a third of the time, without, on the
    same kind of Xeon, up to a fifth more. Nothing tells but a measurement (a tenth of a second, once). Of
    eight bits elsewhere than on x86 we know nothing.
    """
    able = quiet_openvino.core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    others: list[Precision] = ["bf16"] if "BF16" in able else []
    if "INT8" in able and x86:
        others.append("int8")
    try:
        return seconds(["f32", *others]) if others else {}
    except RuntimeError:  # it has no others: for want of memory or of a kernel
        return {}


def seconds(precisions: Sequence[Precision]) -> dict[Precision, float]:
    """What a few convolutions, a hundredth of `cucn`, take on one core in each precision."""
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
    kernel = ops.constant(np.full((MAP[0], MAP[0], 3, 3), 1e-3, np.float32))
    if eight_bits:
        whole = ops.convert(ops.constant(np.ones((MAP[0], MAP[0], 3, 3), np.int8)), "f32")
        kernel = ops.multiply(whole, ops.constant(np.full((MAP[0], 1, 1, 1), 1e-3, np.float32)))
    for _ in range(LAYERS):
        if eight_bits:
            maps = ops.fake_quantize(maps, *map(np.float32, (0, 1, 0, 1)), levels=256)
        maps = ops.relu(ops.convolution(maps, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    return package.Model([maps], [first])
