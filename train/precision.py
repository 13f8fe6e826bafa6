"""In what precision a device trains fastest, which recipes leave to it."""

import os
import time
from typing import Literal

import torch
import torch.nn.functional as F

from train.recipe import Recipe

Precision = Literal["32-true", "bf16-mixed"]

SHAPE = 8, 64, 20, 20  # pictures, channels, height and width, as in the first stage of ResNet-18
TURNS = 5
WORTH = 0.9  # of float32's time: between equals it is the exact one, from run to run
MEASURED = "FER_LIVE_PRECISION"  # for the processes that are started to train with this one, too


def precision_of(recipe: Recipe, accelerator: str) -> Precision:
    """The recipe's own, or, where it says "auto", the quicker one on what Lightning's `accelerator` names.

    CPUs compute in bfloat16 whether or not they have instructions for it: without, a convolution and its
    gradients take 11 to 18 times as long as in float32; with those of AVX-512 up to twice, with AMX a third.
    """
    if recipe.precision != "auto":
        return recipe.precision
    if accelerator != "cpu" and torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16-mixed" if fast else "32-true"
    if accelerator != "cpu" and torch.backends.mps.is_available():
        return "32-true"
    if MEASURED not in os.environ:
        os.environ[MEASURED] = _quicker_on_cpu()
    return "bf16-mixed" if os.environ[MEASURED] == "bf16-mixed" else "32-true"


def _quicker_on_cpu() -> Precision:
    """By a measurement: no name or flag of a CPU tells. It takes a tenth of a second."""
    taken = seconds()
    worth = taken[torch.bfloat16] < WORTH * taken[torch.float32]
    return "bf16-mixed" if worth else "32-true"


def seconds() -> dict[torch.dtype, float]:
    """What a convolution and its gradients take on the CPU in either type."""
    found: dict[torch.dtype, float] = {}
    for turn in range(TURNS):  # in turns, so that what else runs slows both
        for dtype in (torch.float32, torch.bfloat16):
            began = time.perf_counter()
            _work(dtype)
            taken = time.perf_counter() - began
            if turn:  # the first compiles kernels
                found[dtype] = min(taken, found.get(dtype, taken))
    return found


def _work(dtype: torch.dtype) -> None:
    channels = SHAPE[1]
    maps = torch.ones(SHAPE, dtype=dtype, requires_grad=True)
    kernel = torch.ones(channels, channels, 3, 3, dtype=dtype, requires_grad=True)
    F.conv2d(maps.contiguous(memory_format=torch.channels_last), kernel, padding=1).sum().backward()
