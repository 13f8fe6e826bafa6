"""Pictures that are nearly the same: another brightness, contrast or crop, or the mirror image."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 24  # of a thumbnail in pixels
REACH = 2  # pixels of the thumbnail that a crop may be shifted by, to each side: 8% of the face
SCALES = (0.94, 1.0, 1.06)
# Looked up on FER2013: above the second nearly all pairs are the same photograph, and below the first a
# twin that is still found is rare. Strangers reach 0.92.
ALIKE, TWINS = 0.87, 0.95
BLOCK = 256
PAIRS = 4096


class Pair(NamedTuple):
    """Two places among the thumbnails, first < second; whether one is the other's mirror image."""

    first: int
    second: int
    mirrored: bool
    correlation: float


def thumbnail(picture: Tensor) -> Tensor:
    """(H, W) or (H, W, 3) uint8 of any size -> (24, 24) uint8 grey."""
    grey = picture.float()
    grey = grey if grey.ndim == 2 else grey.mean(2)
    return F.adaptive_avg_pool2d(grey[None, None], SIDE)[0, 0].round().byte()


def near_pairs(thumbnails: Tensor) -> Iterator[Pair]:
    """All pairs of nearly the same face among (N, 24, 24) uint8.

    Standardised thumbnails of 8x8 pixels, which no change of brightness or contrast moves, are compared
    each with each; what is alike is then laid over each other in 75 ways, as other crops would need.
    """
    rough = _unit(F.avg_pool2d(thumbnails[:, None].float(), 3))  # (N, 64)
    mirror = rough.unflatten(1, (8, 8)).flip(2).flatten(1)
    for start in range(0, len(rough), BLOCK):
        for mirrored, signatures in enumerate((rough, mirror)):
            alike = signatures[start : start + BLOCK] @ rough[start:].T  # (block, N - start)
            places = (alike > ALIKE).nonzero() + start
            for pairs in places[places[:, 1] > places[:, 0]].split(PAIRS):
                ours, theirs = thumbnails[pairs[:, 0]].float(), thumbnails[pairs[:, 1]].float()
                found = _aligned(ours.flip(2) if mirrored else ours, theirs)
                for (first, second), value in zip(pairs.tolist(), found.tolist(), strict=True):
                    if value > TWINS:
                        yield Pair(first, second, bool(mirrored), value)


def _aligned(ours: Tensor, theirs: Tensor) -> Tensor:
    """(P,) the highest correlation of pairs (P, 24, 24) over small shifts and scales of the second."""
    inner = SIDE - 2 * REACH
    middle = _unit(ours[:, REACH:-REACH, REACH:-REACH])  # (P, 400)
    best = torch.full((len(ours),), -1.0, device=ours.device)
    for scale in SCALES:
        theta = torch.tensor([[scale, 0.0, 0.0], [0.0, scale, 0.0]], device=ours.device)
        grid = F.affine_grid(theta[None], [1, 1, SIDE, SIDE], align_corners=False)
        scaled = F.grid_sample(
            theirs[None], grid, padding_mode="reflection", align_corners=False
        )  # (1, P, 24, 24): one grid for all
        for top in range(2 * REACH + 1):
            for left in range(2 * REACH + 1):
                window = _unit(scaled[0, :, top : top + inner, left : left + inner])
                best = torch.maximum(best, (middle * window).sum(1))
    return best


def _unit(images: Tensor) -> Tensor:
    """(N, ...) -> (N, D), mean 0 and length 1: the product of two is their correlation."""
    flat = images.flatten(1)
    return F.normalize(flat - flat.mean(1, keepdim=True))
