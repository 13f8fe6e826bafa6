"""Two processes that know each other, as they do where several devices train."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing


def of_two_processes(work: Callable[[int], Any], folder: Path) -> list[Any]:
    """What `work(rank)`, a module's own function, gives in each of them."""
    # Spawned, because forked ones hang for good where OpenMP has threads by then.
    multiprocessing.start_processes(_write, (work, folder), nprocs=2, start_method="spawn")
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


def _write(rank: int, work: Callable[[int], Any], folder: Path) -> None:
    rendezvous = f"file://{folder / 'rendezvous'}"
    distributed.init_process_group("gloo", rendezvous, rank=rank, world_size=2)
    torch.save(work(rank), folder / f"{rank}.pt")
    distributed.destroy_process_group()
