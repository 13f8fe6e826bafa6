"""The network alone, in every way that it can be run here."""

import os
from collections.abc import Iterator
from pathlib import Path

import torch
from rich.console import Console

from fer_live import card as cards
from fer_live import quiet_openvino, weight_files
from fer_live.bench.measure import NetworkTimes, measure_network
from fer_live.card import Card
from fer_live.device import choose_device
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.precisions import able
from fer_live.runtimes import Runtime, openvino
from fer_live.runtimes.cache import convert
from fer_live.runtimes.eager import Eager
from fer_live.runtimes.onnx import OnnxRuntime

BATCHES = (1, 4, 16)
GPU_BATCHES = (1, 16, 256)


def measure_networks(model: str, where: str) -> Iterator[NetworkTimes]:
    """Torch on the device called `where`, and on a CPU every runtime, precision and number of threads."""
    path = cards.find_weights(model)
    network, card = weight_files.load(path)
    device = choose_device(where)
    shape = card.size, card.channels
    if device.type != "cpu":
        runtime = Eager(network, device)
        yield measure_network(f"torch, {device}", runtime, *shape, GPU_BATCHES)
        return
    cores = os.cpu_count() or 1
    for threads in sorted({1, 2, cores // 2, cores} - {0}):
        torch.set_num_threads(threads)
        yield measure_network(
            f"torch fp32, {threads} threads", Eager(network, device), *shape, BATCHES
        )
        bfloat = Eager(network, device, torch.bfloat16)
        yield measure_network(f"torch bf16, {threads} threads", bfloat, *shape, BATCHES)
        for name, other in _others(path, network, card, threads):
            yield measure_network(f"{name}, {threads} threads", other, *shape, BATCHES)
    torch.set_num_threads(cores)


def _others(
    path: Path, network: Network, card: Card, threads: int
) -> Iterator[tuple[str, Runtime]]:
    if quiet_openvino.is_installed():
        yield "openvino f32", openvino.converted(path, threads)
        for precision in openvino.offered(convert(path)):
            if precision in able():
                yield f"openvino {precision}", openvino.converted(path, threads, precision)
    try:
        yield "onnx fp32", OnnxRuntime(network, card, threads)
    except UserError as error:
        Console(stderr=True).print(str(error), markup=False, highlight=False, soft_wrap=True)
