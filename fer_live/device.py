"""Where the network runs."""

import ctypes
import runpy
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fer_live.errors import UserError

if TYPE_CHECKING:
    import torch

KFD = Path("/dev/kfd")  # AMD's driver


def choose_device(name: str) -> "torch.device":
    """The device called `name`; auto is CUDA, else Apple's mps, else the CPU.

    Raises UserError where it cannot be had.
    """
    import torch

    there = []
    if torch.cuda.is_available():
        there += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        there.append("mps")
    there.append("cpu")
    if name == "auto":
        return torch.device(there[0])
    if name not in there:
        raise UserError(f"device {name!r} is not to be had here: use {', '.join(there)}")
    return torch.device(name)


def is_cpu(name: str) -> bool:
    """Whether `choose_device` will give the CPU; torch, which takes seconds to import, is asked in doubt alone."""
    if name == "cpu" or (name == "auto" and not _may_have_gpu()):
        return True
    return choose_device(name).type == "cpu"


@cache
def _may_have_gpu() -> bool:
    """Whether there is a driver of a GPU that the torch installed could use: NVIDIA's, AMD's or Apple's."""
    return sys.platform == "darwin" or (_has_driver() and _built_for_gpus())


def _has_driver() -> bool:
    """AMD's, or NVIDIA's."""
    if KFD.exists():
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _built_for_gpus() -> bool:
    """Whether the torch installed was built for CUDA or ROCm; PyPI's for Windows is not. True in doubt."""
    torch = find_spec("torch")  # without importing it
    if torch is None or torch.origin is None:
        return True
    try:
        facts = runpy.run_path(str(Path(torch.origin).with_name("version.py")))
    except OSError:
        return True
    return bool(facts.get("cuda") or facts.get("hip"))
