"""Teachers: weight files whose readings of the training faces become targets for a student."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from fer_live import card as cards
from fer_live.card import Card
from fer_live.errors import UserError
from train.data import DATASETS, Faces
from train.predict import columns_of
from train.recipe import Recipe
from train.vote import opinion


def taught(faces: Faces, teachers: Sequence[str], device: torch.device) -> Faces:
    """The same faces with `targets`: the teachers' calibrated probabilities, averaged, (N, K) float32.

    Each teacher reads each face once, as it is, however the student's views are changed.
    Raises UserError where a weight file cannot be had or lacks a class.
    """
    readings = [opinion(name, faces, device, tta=False).probabilities(0.0) for name in teachers]
    return replace(faces, targets=np.mean(readings, axis=0).astype(np.float32))


class Teachers:
    """Weight files that read the very views that their student is shown. Beyer et al. 2022, section 3.

    `faces`: whose classes the student learns. `compiled`: read through torch.compile. Raises UserError where
    a weight file cannot be had, lacks a class, or was trained for other images than the recipe's.
    """

    def __init__(self, recipe: Recipe, faces: Faces, device: torch.device, compiled: bool = False):
        loaded = [cards.load(cards.find_weights(name)) for name in recipe.teachers]
        for _, card in loaded:
            _check_images(card, recipe)
        self.columns = [columns_of(card, faces) for _, card in loaded]
        self.temperatures = [card.temperature for _, card in loaded]
        networks = [network.to(device, memory_format=torch.channels_last) for network, _ in loaded]
        self.forwards = [
            torch.compile(network.__call__, dynamic=False) if compiled else network
            for network in networks
        ]

    @torch.no_grad()
    def __call__(self, views: Tensor) -> Tensor:
        """Views (B, C, H, W) as the student gets them -> the teachers' mean probabilities (B, K)."""
        read = [forward(views).logits.float() for forward in self.forwards]
        said = [
            (logits[:, columns] / temperature).softmax(1)
            for logits, columns, temperature in zip(
                read, self.columns, self.temperatures, strict=True
            )
        ]
        return torch.stack(said).mean(0)


def _check_images(card: Card, recipe: Recipe) -> None:
    dataset = DATASETS[recipe.dataset]
    theirs = (card.size, card.channels, card.mean, card.deviation)
    if theirs != (recipe.size, recipe.channels, dataset.mean, dataset.deviation):
        raise UserError(
            f"teacher {card.name} reads other images (size, channels, mean and deviation {theirs}) than the "
            "recipe's: use teaching faces"
        )
