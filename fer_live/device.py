"""Where the network runs."""

import torch

from fer_live.errors import UserError


def choose_device(name: str) -> torch.device:
    """The device called `name`; auto is CUDA, else Apple's mps, else the CPU.

    Raises UserError where it cannot be had.
    """
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
