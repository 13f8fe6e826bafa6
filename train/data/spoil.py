"""What becomes of faces before a webcam, on whole batches where they live, a draw per face.

Noise, blur, few pixels, glare, JPEG and covers; not the corruptions that `train.corruptions` measures with: their
kernels, places, amounts and severities are others.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

Way: TypeAlias = Literal["noise", "blur", "pixels", "glare", "jpeg", "cover"]
FIRST: tuple[Way, ...] = ("noise", "blur", "pixels")  # of recipes that name none

DEVIATION = 0.16  # of the strongest noise, of a range of 1
# Deviations of the strongest blur along and across, in shares of the side.
LONGEST, WIDEST = 0.07, 0.03
FEWEST = 0.4  # of the side's pixels
REACH = 2.0  # deviations after which a blur's kernel ends
GLARE = 2.5  # times the light, at most
BEST, WORST = 60, 8  # qualities of JPEG
# Least and greatest height and width of a cover, in shares of the side.
HIGH, WIDE = (0.1, 0.4), (0.5, 1.0)

BLOCK = 8  # pixels that JPEG transforms together
# How coarsely JPEG rounds the cosines of a block's brightness, at quality 50. ITU-T T.81, table K.1.
ROUNDING = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def some(images: Tensor, probability: float, names: Sequence[Way] = FIRST) -> Tensor:
    """(B, C, H, W) in [0, 1] -> the same; each picture with `probability` through one of the ways called so."""
    ways = [WAYS[name] for name in names]
    # Drawn on the CPU, which has to know how many go each way: asking a GPU would wait for the step in hand.
    which = torch.randint(len(ways), (len(images),))
    which[torch.rand(len(images)) >= probability] = len(ways)
    spoilt = images.clone()
    for i, way in enumerate(ways):
        chosen = (which == i).nonzero()[:, 0].to(images.device, non_blocking=True)
        if len(chosen):
            # The 8 bits of bfloat16's mantissa would band a blur.
            with torch.autocast(images.device.type, enabled=False):
                spoilt[chosen] = way(images[chosen])
    return spoilt


def noisy(images: Tensor) -> Tensor:
    """Gaussian noise, of another deviation for each picture."""
    deviation = DEVIATION * torch.rand(len(images), 1, 1, 1, device=images.device)
    return (images + deviation * torch.randn_like(images)).clamp(0, 1)


def blurred(images: Tensor) -> Tensor:
    """A Gaussian that is longer than wide, in another direction for each picture."""
    batch, _, height, width = images.shape
    device, side = images.device, min(height, width)
    angle = torch.pi * torch.rand(batch, 1, 1, device=device)
    along = side * LONGEST * torch.rand(batch, 1, 1, device=device)
    across = torch.minimum(along, side * WIDEST * torch.rand(batch, 1, 1, device=device))
    reach = min(max(1, round(REACH * side * LONGEST)), side - 1)
    place = torch.arange(-reach, reach + 1, device=device).float()
    y, x = place[None, :, None], place[None, None, :]
    u, v = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    least = 0.3  # pixels: a kernel of one pixel, which changes nothing
    kernel = torch.exp(-0.5 * ((u / (along + least)) ** 2 + (v / (across + least)) ** 2))
    kernel = kernel / kernel.sum((1, 2), keepdim=True)  # (B, k, k)
    edged = F.pad(images, [reach] * 4, mode="replicate")
    # One group for each picture: a convolution whose kernels differ within the batch.
    stacked = edged.transpose(0, 1)  # (C, B, H + 2r, W + 2r)
    return F.conv2d(stacked, kernel[:, None], groups=batch).transpose(0, 1)


def coarse(images: Tensor) -> Tensor:
    """Shrunk and enlarged again; as many pixels for all of them, drawn anew at each call."""
    share = FEWEST + (1 - FEWEST) * torch.rand(1).item()
    size = [max(1, round(share * side)) for side in images.shape[2:]]
    small = F.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)
    return F.interpolate(small, images.shape[2:], mode="bilinear", align_corners=False)


def glaring(images: Tensor) -> Tensor:
    """More light than the sensor takes, cut off at white."""
    light = 1 + (GLARE - 1) * torch.rand(len(images), 1, 1, 1, device=images.device)
    return (images * light).clamp(max=1)


def compressed(images: Tensor) -> Tensor:
    """What JPEG leaves of a grey picture (of each plane of a coloured one), at another quality for each."""
    batch, planes, height, width = images.shape
    device = images.device
    quality = WORST + (BEST - WORST) * torch.rand(batch, 1, 1, 1, device=device)
    coarseness = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    step = torch.tensor(ROUNDING, device=device) * coarseness
    step = step.round().clamp(1, 255)  # (B, 1, 8, 8)
    edged = F.pad(images, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    tall, wide = edged.shape[2:]
    blocks = (255 * edged - 128).unfold(2, BLOCK, BLOCK).unfold(3, BLOCK, BLOCK)
    places = blocks.shape  # (B, C, H / 8, W / 8, 8, 8)
    cosines = _cosines(device)
    spectra = (cosines @ blocks @ cosines.T).reshape(batch, -1, BLOCK, BLOCK)
    spectra = (spectra / step).round() * step
    blocks = (cosines.T @ spectra @ cosines).reshape(places)
    whole = blocks.transpose(3, 4).reshape(batch, planes, tall, wide)[..., :height, :width]
    return ((whole + 128) / 255).clamp(0, 1)


def covered(images: Tensor) -> Tensor:
    """A bar or a patch of one grey, as of glasses, a mask or a hand."""
    batch, _, height, width = images.shape
    device = images.device

    def span(extent: tuple[float, float], side: int) -> Tensor:
        least, greatest = extent
        length = least + (greatest - least) * torch.rand(batch, 1, device=device)
        start = (1 - length) * torch.rand(batch, 1, device=device)
        place = (torch.arange(side, device=device) + 0.5) / side
        return (place >= start) & (place < start + length)  # (B, side)

    cover = span(HIGH, height)[:, None, :, None] & span(WIDE, width)[:, None, None, :]
    return torch.where(cover, torch.rand(batch, 1, 1, 1, device=device), images)


WAYS: dict[Way, Callable[[Tensor], Tensor]] = {
    "noise": noisy,
    "blur": blurred,
    "pixels": coarse,
    "glare": glaring,
    "jpeg": compressed,
    "cover": covered,
}


def _cosines(device: torch.device) -> Tensor:
    """(8, 8) the orthonormal discrete cosine transform, a row a frequency."""
    order = torch.arange(BLOCK, device=device)
    cosines = torch.cos(torch.pi / BLOCK * order[:, None] * (order + 0.5)) * (2 / BLOCK) ** 0.5
    cosines[0] *= 0.5**0.5
    return cosines
