"""Teachers: weight files whose readings of the training faces become targets for a student."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fer_live import card as cards
from fer_live import weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from train.data import DATASETS, Faces
from train.predict import columns_of
from train.recipe import Recipe
from train.start import takes
from train.vote import opinion


def taught(faces: Faces, teachers: Sequence[str], device: torch.device) -> Faces:
    """The same faces with `targets`: the teachers' calibrated probabilities, averaged, (N, K) float32.

    Each teacher reads each face once, as it is, however the student's views are changed.
    Raises UserError where a weight file cannot be had or lacks a class.
    """
    readings = [opinion(name, faces, device, tta=False).probabilities(0.0) for name in teachers]
    return replace(faces, targets=np.mean(readings, axis=0).astype(np.float32))


class Teachers:
    """Weight files that read the very views that their student is shown. Beyer et al. 2022 ("function matching").

    Those for faces of another size than the student's get the views resized to theirs. `faces`: whose classes
    the student learns. `compiled`: read through torch.compile. Raises UserError where a weight file cannot be
    had, lacks a class, or was trained for other channels or pixel values than the recipe's.
    """

    def __init__(self, recipe: Recipe, faces: Faces, device: torch.device, compiled: bool = False):
        loaded = [weight_files.load(cards.find_weights(name)) for name in recipe.teachers]
        for network, card in loaded:
            _check_images(network, card, recipe)
        self.networks = [network.to(device) for network, _ in loaded]
        if compiled:
            for network in self.networks:
                network.compile(dynamic=False)
        self.columns = [columns_of(card, faces) for _, card in loaded]
        self.temperatures = [card.temperature for _, card in loaded]
        # As they are where sizes agree: small faces, with which a training begins, are its teachers' too.
        self.sizes = [None if card.size == recipe.size else card.size for _, card in loaded]

    @torch.no_grad()
    def __call__(self, views: Tensor) -> Tensor:
        """Views (B, C, H, W) as the student gets them -> the teachers' mean probabilities (B, K)."""
        each = zip(self.networks, self.columns, self.temperatures, self.sizes, strict=True)
        said = [
            (network(_resized(views, size)).logits.float()[:, columns] / temperature).softmax(1)
            for network, columns, temperature, size in each
        ]
        return torch.stack(said).mean(0)


def _resized(views: Tensor, size: int | None) -> Tensor:
    """(B, C, H, W) -> (B, C, size, size), in the same layout of memory; unchanged without a size."""
    if size is None:
        return views
    resized = F.interpolate(views, (size, size), mode="bilinear", antialias=True)
    return resized.contiguous(memory_format=torch.channels_last)


def digests(weights: Sequence[str]) -> dict[str, str]:
    """Name -> the content of its weight file in few letters. Raises UserError where one is not there."""
    files = {name: cards.find_weights(name).read_bytes() for name in weights}
    return {name: hashlib.sha256(content).hexdigest()[:12] for name, content in files.items()}


def check_same(weights: Sequence[str], before: Mapping[str, str], output: Path) -> None:
    """Raise UserError where one is another file than the run in `output` began with, its `digests` being `before`."""
    for name, now in digests(weights).items():
        if before.get(name, now) != now:
            raise UserError(
                f"{output} was begun with another weight file {name} (sha256 {before[name]}, now {now}): put "
                "that file back, or choose another --output"
            )


def _check_images(network: Network, card: Card, recipe: Recipe) -> None:
    """Raise UserError where a teacher cannot read the student's views."""
    dataset = DATASETS[recipe.dataset]
    wants = (card.channels, card.mean, card.deviation)
    gets = (recipe.channels, dataset.mean, dataset.deviation)
    if wants != gets:
        raise UserError(
            f"teacher {card.name} wants images of channels, mean and deviation {wants}, the recipe has "
            f"{gets}: use teaching=faces"
        )
    if card.size == recipe.size and not takes(network, recipe.channels, recipe.first_size):
        raise UserError(
            f"teacher {card.name} cannot read faces of small_size {recipe.small_size}: use small_until=0, or "
            "teaching=faces"
        )
