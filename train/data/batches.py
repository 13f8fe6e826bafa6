"""Batches of a data set that lives whole on the training device."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Sampler

from train.data.images import LabelledFaces


class Batch(NamedTuple):
    """`images`: (B, C, H, W) uint8. `labels`: (B,) int64. `places`: (B,) int64, in the data set."""

    images: Tensor
    labels: Tensor
    places: Tensor


class Order(Sampler[int]):
    """The order of an epoch, decided by (seed, epoch) alone; Lightning sets the epoch."""

    def __init__(self, count: int, seed: int):
        self.count, self.seed, self.epoch = count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        return iter(torch.randperm(self.count, generator=generator).tolist())


class DeviceBatches:
    """Batches of faces in the sampler's order, or as they lie where there is none.

    Lightning saves and restores the place inside an epoch through `state_dict`, so that an interrupted
    run goes on with the very next batch.
    """

    def __init__(
        self,
        faces: LabelledFaces,
        batch_size: int,
        device: torch.device,
        sampler: Sampler[int] | None = None,
    ):
        images = torch.from_numpy(faces.images)
        # (N, H, W) grey or (N, H, W, 3) -> (N, C, H, W)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
        self.images = images.to(device)
        self.labels = torch.from_numpy(faces.labels).to(device)
        self.batch_size = min(batch_size, len(faces))
        self.sampler = sampler  # Lightning looks for these two names, to set the epoch
        self.batch_sampler = None
        self.next_batch = 0

    def __len__(self) -> int:
        # A sampled remainder is left for another epoch: BatchNorm fails on a batch of one.
        whole, rest = divmod(len(self.labels), self.batch_size)
        return whole + (rest > 0 and self.sampler is None)

    def __iter__(self) -> Iterator[Batch]:
        order = torch.tensor(list(self.sampler or range(len(self.labels))))
        order = order.to(self.labels.device)
        if self.next_batch == len(self):
            self.next_batch = 0
        while self.next_batch < len(self):
            start = self.next_batch * self.batch_size
            places = order[start : start + self.batch_size]
            self.next_batch += 1
            yield Batch(self.images[places], self.labels[places], places)

    def state_dict(self) -> dict[str, Any]:
        return {"next_batch": self.next_batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.next_batch = state["next_batch"]
