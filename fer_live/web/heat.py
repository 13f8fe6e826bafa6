"""Heat-maps over a face, and the difference of two."""

import cv2
import numpy as np

from fer_live.overlay.heat import glow
from fer_live.types import FloatArray, Image
from fer_live.web.show import enlarged

SIDE = 208  # pixels of a face on the page
FOR, AGAINST = (
    (217, 95, 2),
    (27, 108, 190),
)  # RGB, orange and blue: told apart by colour-blind people, too


def over(
    face: Image, heat: FloatArray, peak: float, strength: float = 0.65, side: int = SIDE
) -> Image:
    """A square face (s, s) or (s, s, 3) with the map (h, w) on it; `peak` is the hottest there is."""
    canvas = enlarged(face, side).copy()
    if peak > 0 and strength > 0:
        corners = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
        glow(canvas, np.clip(heat / peak, 0, 1).astype(np.float32), corners, strength)
    return canvas


def difference(face: Image, first: FloatArray, second: FloatArray, side: int = SIDE) -> Image:
    """Orange where the first map (h, w) is hotter, blue where the second is; scaled by the larger gap."""
    gap = np.asarray(first, np.float32) - second
    fine = cv2.resize(gap, (side, side), interpolation=cv2.INTER_CUBIC)
    peak = float(np.abs(gap).max())
    share = np.clip(fine / peak if peak else fine, -1, 1)[:, :, None]
    colour = np.where(share > 0, np.array(FOR), np.array(AGAINST))
    grey = enlarged(face, side).mean(2, keepdims=True).repeat(3, 2)
    opacity = 0.75 * np.abs(share)
    return (grey * (1 - opacity) + colour * opacity).clip(0, 255).astype(np.uint8)
