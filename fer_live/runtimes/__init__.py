"""What runs the network: torch, OpenVINO or ONNX Runtime."""

import sys
from pathlib import Path
from typing import Literal, get_args

from fer_live import quiet_openvino
from fer_live.device import choose_device, is_cpu
from fer_live.errors import UserError
from fer_live.runtimes.base import Running, Runtime, Scores, joined

RuntimeName = Literal["auto", "torch", "openvino", "onnx"]
RUNTIMES: tuple[str, ...] = get_args(RuntimeName)


def load_runtime(name: RuntimeName, weights: Path, device: str = "auto") -> Runtime:
    """The runtime called `name` with those weights; auto is OpenVINO on a CPU where it is installed, else torch.

    A runtime that is named computes in full precision on a CPU; auto in what the CPU is quickest in. With
    weights that OpenVINO has converted before, torch is not even imported, which takes seconds.

    Raises UserError where it, the device or the weights cannot be had.
    """
    if name not in RUNTIMES:
        raise UserError(f"runtime {name!r} is not one of {', '.join(RUNTIMES)}")
    cpu = is_cpu(device)
    if name in ("openvino", "onnx") and not cpu:
        raise UserError(f"runtime {name} runs on the CPU: add --device cpu, or leave --runtime out")
    if name == "torch" or not cpu:
        return _eager(weights, device)
    if name == "onnx":
        from fer_live import weight_files
        from fer_live.runtimes.onnx import OnnxRuntime

        return OnnxRuntime(*weight_files.load(weights))
    if not quiet_openvino.is_installed():
        if name == "openvino":
            raise UserError("runtime openvino is not installed: pip install openvino")
        return _eager(weights, device)
    from fer_live.runtimes import openvino

    if name == "openvino":
        return openvino.converted(weights)
    return openvino.Converting(weights, lambda: _eager(weights, device))


def _eager(weights: Path, device: str) -> Runtime:
    from fer_live import weight_files
    from fer_live.runtimes.eager import Eager

    network, _ = weight_files.load(weights)
    return Eager(network, choose_device(device))


def leave_cores_to(runtime: Running) -> None:
    """For programs, not libraries: torch's own threads, which spin when idle, are not in the runtime's way."""
    if runtime.own_threads and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


__all__ = [
    "RUNTIMES",
    "Running",
    "Runtime",
    "RuntimeName",
    "Scores",
    "joined",
    "leave_cores_to",
    "load_runtime",
]
