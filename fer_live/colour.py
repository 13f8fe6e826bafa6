"""Pillow's pictures of any mode as RGB of eight bits, alike in the app and in the workshop."""

import numpy as np
import PIL.Image

from fer_live.types import Image

DEEP = ("I", "F")  # Pillow's modes of more than 8 bits, with "I;16" and its relatives


def to_rgb(picture: PIL.Image.Image) -> Image:
    """(H, W, 3) RGB of any of Pillow's modes: transparency on white, deep samples scaled."""
    if picture.mode in DEEP or picture.mode.startswith("I;"):
        grey = _eight_bits(np.asarray(picture, np.float64), picture.mode)
        return np.repeat(grey[:, :, None], 3, 2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        # Clear pixels may hold any colour: what lies under them would show as garbage.
        page = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(page, picture)
    return np.array(picture.convert("RGB"))


def _eight_bits(samples: np.ndarray, mode: str) -> np.ndarray:
    """(H, W) of any depth -> (H, W) uint8. Modes "I" and "F" do not tell their white: it is guessed by the range."""
    samples = np.where(np.isfinite(samples), samples, 0.0)  # "F" may have holes
    peak = float(samples.max())
    if mode.startswith("I;16"):
        white = 65535.0
    else:
        levels = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
        white = next((level for level in levels if peak <= level), peak)
    return np.clip(samples * (255 / white) + 0.5, 0, 255).astype(np.uint8)
