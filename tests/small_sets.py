"""Data sets in miniature, in the layouts in which they are published."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_picture(path: Path, red: int = 0, side: int = 20) -> Path:
    """A square picture (side, side, 3) whose pixels are all (red, 60, 120)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((side, side, 3), (red, 60, 120), np.uint8)
    Image.fromarray(pixels).save(path, quality=95)
    return path


def write_class_folders(root: Path, counts: dict[str, int], side: int = 20) -> Path:
    """root/NAME/0.png, 1.png, ...: the class's place times 30 is the red of its pictures."""
    for place, (name, count) in enumerate(counts.items()):
        for number in range(count):
            write_picture(root / name / f"{number}.png", 30 * place, side)
    return root


def without_a_face(fer2013_csv: Path) -> Path:
    """Another FER2013, which lacks its first training face."""
    lines = fer2013_csv.read_text().splitlines(True)
    first = next(i for i, line in enumerate(lines) if "Training" in line)
    path = fer2013_csv.with_name("less.csv")
    path.write_text("".join(lines[:first] + lines[first + 1 :]))
    return path
