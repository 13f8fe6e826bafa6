"""Batches of a data set that is too large for the device: worker processes decode ahead of the training."""

import os
import signal
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from fer_live.errors import UserError
from train.data.batches import ALONE, Batch, Batches, DeviceBatches, Share
from train.data.images import Faces

RESIDENT_BYTES = 2 << 30  # decoded faces up to this live on the device
MOST_WORKERS = 16


def batches_of(
    faces: Faces,
    size: int,
    channels: int,
    batch_size: int,
    device: torch.device,
    sampler: Sampler[int] | None = None,
    share: Share = ALONE,
) -> Batches:
    """Batches of faces fitted to `size` and `channels` as the app fits them; grey ones keep one channel.

    Those that fit into RESIDENT_BYTES are decoded once and live on `device`, others stream to it.
    """
    planes = 1 if faces.grey else channels
    if len(faces) * planes * size**2 > RESIDENT_BYTES:
        return StreamedBatches(faces, size, channels, batch_size, device, sampler, share)
    return DeviceBatches(faces.in_memory(size, channels), batch_size, device, sampler, share)


class StreamedBatches(Batches):
    """Batches whose pictures worker processes decode and fit; they reach the device with the step."""

    def __init__(
        self,
        faces: Faces,
        size: int,
        channels: int,
        batch_size: int,
        device: torch.device,
        sampler: Sampler[int] | None = None,
        share: Share = ALONE,
    ):
        super().__init__(faces, batch_size, sampler, share)
        self.labels = torch.from_numpy(faces.labels)
        self.targets = None if faces.targets is None else torch.from_numpy(faces.targets)
        self.ahead: list[
            list[int]
        ] = []  # the places of the batches to come, read at each epoch's start
        self.loader: DataLoader[Tensor | str] = DataLoader(
            _Fitted(faces, size, channels),
            batch_sampler=self.ahead,
            num_workers=min(MOST_WORKERS, max((os.cpu_count() or 1) // share.of, 1)),
            collate_fn=_as_it_is,
            pin_memory=device.type == "cuda",
            persistent_workers=True,
            worker_init_fn=_start_worker,
            generator=torch.Generator(),  # its own: the global one belongs to the training's draws
        )

    def load(self, places: Sequence[Tensor]) -> Iterator[Batch]:
        self.ahead[:] = [own.tolist() for own in places]
        for own, images in zip(places, self.loader, strict=True):
            if isinstance(images, str):
                raise UserError(images)
            targets = None if self.targets is None else self.targets[own]
            yield Batch(images, self.labels[own], own, targets)


class _Fitted(Dataset[Tensor]):
    def __init__(self, faces: Faces, size: int, channels: int):
        self.faces, self.size, self.channels = faces, size, channels

    def __getitems__(self, places: list[int]) -> Tensor | str:
        """(B, C, size, size) uint8; or why a picture cannot be read any more, as an error would lose its line."""
        try:
            fitted = [self.faces.fitted(place, self.size, self.channels) for place in places]
        except UserError as error:
            return str(error)
        return torch.stack([torch.from_numpy(picture) for picture in fitted]).permute(0, 3, 1, 2)


def _as_it_is(batch: Any) -> Any:
    return batch  # it has been stacked already


def _start_worker(number: int) -> None:
    cv2.setNumThreads(0)  # there are as many workers as cores
    # A Ctrl-C is the training's to answer: it still needs the workers for the step in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
