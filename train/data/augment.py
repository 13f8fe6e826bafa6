"""Augmentation of whole batches where they live: one warp and a few elementwise steps, a draw per face."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from train.data import spoil


@dataclass(frozen=True)
class Augmentation:
    """How far each face is changed; every amount is the half-width of a uniform draw around no change.

    `rotation` in degrees; `scale` and `aspect` as log factors; `shift` as a fraction of the side;
    `contrast`, `brightness` and `gamma` (a log exponent) each act on a face with probability
    `photometric`. `erasing` is the probability of one random rectangle that covers `erased_area`
    (smallest and largest share) of the face. `spoiling` is the probability of one of `ways`, as webcams have
    them, from none to much: "noise", "blur" along a line or in all directions, few "pixels", "glare", "jpeg" and
    a "cover" of one grey.
    """

    flip: float = 0.5
    rotation: float = 15.0
    scale: float = 0.15
    aspect: float = 0.07
    shift: float = 0.1
    contrast: float = 0.4
    brightness: float = 0.25
    gamma: float = 0.35
    photometric: float = 0.8
    erasing: float = 0.5
    erased_area: tuple[float, float] = (0.02, 0.2)
    spoiling: float = 0.0
    ways: tuple[spoil.Way, ...] = spoil.FIRST

    def __call__(self, images: Tensor, size: int | None = None) -> Tensor:
        """(B, C, H, W) in [0, 1] -> the same range, `size` pixels a side, from torch's global generator."""
        images = self._warp(images, size or images.shape[-1])
        images = self._relight(images)
        if self.spoiling:
            images = spoil.some(images, self.spoiling, self.ways)
        return self._erase(images)

    def _warp(self, images: Tensor, size: int) -> Tensor:
        batch, device = len(images), images.device
        angle = math.radians(self.rotation) * _uniform(batch, device)
        scale = torch.exp(self.scale * _uniform(batch, device))
        aspect = torch.exp(self.aspect * _uniform(batch, device))
        mirror = 1 - 2 * _happens(self.flip, batch, device)
        cosine, sine = torch.cos(angle), torch.sin(angle)
        # Rows of the map from output to input coordinates in [-1, 1]; a shift of 1 is half a side.
        theta = torch.stack(
            [
                torch.stack([mirror * cosine / (scale * aspect), -sine / scale], 1),
                torch.stack([mirror * sine / scale, cosine * aspect / scale], 1),
            ],
            1,
        )  # (B, 2, 2)
        shift = 2 * self.shift * torch.stack([_uniform(batch, device) for _ in range(2)], 1)
        theta = torch.cat([theta, shift[:, :, None]], 2)  # (B, 2, 3)
        # In bfloat16, places would be up to 0.2 of 48 pixels off, a whole one of 224.
        with torch.autocast(device.type, enabled=False):
            grid = F.affine_grid(theta, [*images.shape[:2], size, size], align_corners=False)
        return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def _relight(self, images: Tensor) -> Tensor:
        batch, device = len(images), images.device

        def amount(half_width: float) -> Tensor:
            draw = half_width * _uniform(batch, device) * _happens(self.photometric, batch, device)
            return draw[:, None, None, None]

        mean = images.mean((1, 2, 3), keepdim=True)
        images = (images - mean) * (1 + amount(self.contrast)) + mean + amount(self.brightness)
        return images.clamp(1e-4, 1) ** torch.exp(amount(self.gamma))

    def _erase(self, images: Tensor) -> Tensor:
        batch, _, height, width = images.shape
        device = images.device
        low, high = self.erased_area
        area = low + (high - low) * torch.rand(batch, device=device)
        ratio = torch.exp(math.log(3) * _uniform(batch, device))  # height over width, 1/3 to 3
        tall, wide = torch.sqrt(area * ratio).clamp(max=1), torch.sqrt(area / ratio).clamp(max=1)
        top = torch.rand(batch, device=device) * (1 - tall)
        left = torch.rand(batch, device=device) * (1 - wide)
        y = ((torch.arange(height, device=device) + 0.5) / height)[None]  # (1, H)
        x = ((torch.arange(width, device=device) + 0.5) / width)[None]
        rows = (y >= top[:, None]) & (y < (top + tall)[:, None])  # (B, H)
        columns = (x >= left[:, None]) & (x < (left + wide)[:, None])  # (B, W)
        hole = rows[:, None, :, None] & columns[:, None, None, :]  # (B, 1, H, W)
        hole &= (_happens(self.erasing, batch, device) > 0)[:, None, None, None]
        return torch.where(hole, images.mean((2, 3), keepdim=True), images)


def _uniform(count: int, device: torch.device) -> Tensor:
    return 2 * torch.rand(count, device=device) - 1


def _happens(probability: float, count: int, device: torch.device) -> Tensor:
    return (torch.rand(count, device=device) < probability).float()
