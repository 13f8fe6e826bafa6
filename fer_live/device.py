"""Where the network runs."""

import torch

from fer_live.errors import UserError


def choose_device(name: str) -> torch.device:
    """ "auto" is CUDA, else Apple's mps, else the CPU. Raises UserError where `name` cannot be had."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available.get(name.split(":")[0], False):
        there = ", ".join(device for device, yes in available.items() if yes)
        raise UserError(f"device {name!r} is not to be had here: use {there}")
    return torch.device(name)
