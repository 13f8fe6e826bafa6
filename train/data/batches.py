"""Batches of a data set that lives whole on the training device."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Sampler

from train.data.images import LabelledFaces


class Batch(NamedTuple):
    """`images`: (B, C, H, W) uint8. `labels`, `places` in the data set: (B,) int64. `targets`: (B, K) or None."""

    images: Tensor
    labels: Tensor
    places: Tensor
    targets: Tensor | None = None


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


class BalancedOrder(Sampler[int]):
    """As many draws as there are faces, with replacement, every class as likely as any other."""

    def __init__(self, labels: Tensor, seed: int):
        self.weights = 1.0 / labels.bincount().clamp(min=1)[labels].double()  # (N,)
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.weights)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        draws = self.weights.multinomial(len(self), replacement=True, generator=generator)
        return iter(draws.tolist())


def order_of(sampler: str, labels: Tensor, seed: int) -> Sampler[int]:
    """The recipe's order over faces with these labels (N,): "shuffled" or "balanced"."""
    return BalancedOrder(labels, seed) if sampler == "balanced" else Order(len(labels), seed)


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
        self.device = device
        self.images = images.to(device)
        self.labels = torch.from_numpy(faces.labels).to(device)
        targets = faces.targets
        self.targets = None if targets is None else torch.from_numpy(targets).to(device)
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
            targets = None if self.targets is None else self.targets[places]
            yield Batch(self.images[places], self.labels[places], places, targets)

    def state_dict(self) -> dict[str, Any]:
        return {"next_batch": self.next_batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.next_batch = state["next_batch"]
