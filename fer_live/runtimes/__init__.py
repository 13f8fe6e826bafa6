"""What runs the network: torch, OpenVINO or ONNX Runtime."""

from pathlib import Path
from typing import Literal, get_args

import torch

from fer_live import quiet_openvino
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.runtimes.base import Running, Runtime, Scores, joined
from fer_live.runtimes.eager import Eager

RuntimeName = Literal["auto", "torch", "openvino", "onnx"]
RUNTIMES: tuple[str, ...] = get_args(RuntimeName)


def choose_runtime(
    name: RuntimeName, network: Network, card: Card, weights: Path, device: torch.device
) -> Runtime:
    """The runtime called `name`; auto is OpenVINO on a CPU where it is installed, else torch.

    A runtime that is named computes in full precision on a CPU; auto in what the CPU is quickest in.

    Raises UserError where it cannot be had.
    """
    if name not in RUNTIMES:
        raise UserError(f"runtime {name!r} is not one of {', '.join(RUNTIMES)}")
    if name in ("openvino", "onnx") and device.type != "cpu":
        raise UserError(f"runtime {name} runs on the CPU: add --device cpu, or leave --runtime out")
    if name == "torch" or device.type != "cpu":
        return Eager(network, device)
    if name == "onnx":
        from fer_live.runtimes.onnx import OnnxRuntime

        return OnnxRuntime(network, card)
    if not quiet_openvino.is_installed():
        if name == "openvino":
            raise UserError("runtime openvino is not installed: pip install openvino")
        return Eager(network, device)
    from fer_live.runtimes import openvino

    if name == "openvino":
        return openvino.converted(weights)
    return openvino.Converting(Eager(network, device), weights)


def leave_cores_to(runtime: Running) -> None:
    """For programs, not libraries: torch's own threads, which spin when idle, are not in the runtime's way."""
    if runtime.own_threads:
        torch.set_num_threads(1)


__all__ = [
    "RUNTIMES",
    "Eager",
    "Running",
    "Runtime",
    "RuntimeName",
    "Scores",
    "choose_runtime",
    "joined",
    "leave_cores_to",
]
