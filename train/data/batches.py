"""What a training step is given, and in which order; batches of a data set that lives on the device."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Sampler

from fer_live.errors import UserError
from train.data.images import Faces, LabelledFaces


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
        self.weights = 1.0 / labels.bincount()[labels].double()  # (N,)
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


class Share(NamedTuple):
    """Which process of how many this is: each takes its faces of every batch."""

    rank: int = 0
    of: int = 1


ALONE = Share()


class Batches(ABC):
    """Batches of faces in the sampler's order, or as they lie where there is none.

    `batch_size` counts the faces of all processes together: with a sampler, each takes every `of`-th face
    of every batch, so that several see what one alone would; without, each takes every `of`-th
    face of all. Lightning saves and restores the place inside an epoch through `state_dict`, so that an
    interrupted run goes on with the very next batch.
    """

    def __init__(
        self,
        faces: Faces,
        batch_size: int,
        sampler: Sampler[int] | None = None,
        share: Share = ALONE,
    ):
        batch_size = min(batch_size, len(faces))
        if batch_size < share.of:
            raise UserError(f"{len(faces)} faces are too few for {share.of} processes: use fewer")
        self.count, self.share = len(faces), share
        self.batch_size = batch_size - batch_size % share.of
        self.sampler = sampler  # Lightning looks for these two names, to set the epoch
        self.batch_sampler = None
        self.next_batch = 0

    @abstractmethod
    def load(self, places: Sequence[Tensor]) -> Iterator[Batch]:
        """A batch of the faces at each of these places (B,)."""

    def __len__(self) -> int:
        # A sampled remainder is left for another epoch: BatchNorm fails on a batch of one.
        if self.sampler is not None:
            return self.count // self.batch_size
        own = len(range(self.share.rank, self.count, self.share.of))
        return -(-own // self.own_size)

    def __iter__(self) -> Iterator[Batch]:
        if self.next_batch == len(self):
            self.next_batch = 0
        for batch in self.load(self._places()[self.next_batch :]):
            self.next_batch += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        return {"next_batch": self.next_batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.next_batch = state["next_batch"]

    @property
    def own_size(self) -> int:
        """Faces of each full batch that are this process's."""
        return self.batch_size // self.share.of

    def _places(self) -> Sequence[Tensor]:
        """This process's places of each batch of the epoch."""
        rank, of = self.share
        if self.sampler is None:
            return torch.arange(self.count)[rank::of].split(self.own_size)
        order = torch.tensor(list(self.sampler))
        batches = order[: len(self) * self.batch_size].view(-1, self.batch_size)
        return batches[:, rank::of].unbind()


class DeviceBatches(Batches):
    """Batches of faces that all live on the training device."""

    def __init__(
        self,
        faces: LabelledFaces,
        batch_size: int,
        device: torch.device,
        sampler: Sampler[int] | None = None,
        share: Share = ALONE,
    ):
        super().__init__(faces, batch_size, sampler, share)
        images = torch.from_numpy(faces.images)
        # (N, H, W) grey or (N, H, W, 3) -> (N, C, H, W)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
        self.images = images.to(device)
        self.labels = torch.from_numpy(faces.labels).to(device)
        targets = faces.targets
        self.targets = None if targets is None else torch.from_numpy(targets).to(device)

    def load(self, places: Sequence[Tensor]) -> Iterator[Batch]:
        for own in places:
            own = own.to(self.labels.device, non_blocking=True)
            targets = None if self.targets is None else self.targets[own]
            yield Batch(self.images[own], self.labels[own], own, targets)
