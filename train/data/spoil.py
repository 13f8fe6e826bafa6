"""What a webcam does to faces, on whole batches where they live: noise, blur and few pixels, a draw per face.

Not the corruptions that `train.corruptions` measures with: their kernels, noise and severities are others.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

DEVIATION = 0.16  # of the strongest noise, of a range of 1
# Deviations of the strongest blur along and across, in shares of the side.
LONGEST, WIDEST = 0.07, 0.03
FEWEST = 0.4  # of the side's pixels
REACH = 2.0  # deviations after which a blur's kernel ends


def some(images: Tensor, probability: float) -> Tensor:
    """(B, C, H, W) in [0, 1] -> the same; each picture with `probability` through one way of spoiling it."""
    ways = (noisy, blurred, coarse)
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
