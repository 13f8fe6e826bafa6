"""What detection and cropping cost in accuracy: `python -m scripts.whole_path --root DATA`.

PublicTest faces, enlarged four times, each at a random place of a grey 1280x720 frame with noise: found,
cropped and read as the app does it, beside the reading of the picture itself.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from fer_live.pipeline import Analyzer
from fer_live.types import Box, Image, Reading
from train.data import fer2013

WIDTH, HEIGHT = 1280, 720
SIDE = 4 * fer2013.SIDE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="FER2013's folder or csv")
    parser.add_argument("--weights", default="cucn")
    parser.add_argument("--count", type=int, default=500, help="faces to look at")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    faces = fer2013.load(options.root, "public")
    faces = faces.select(generator.permutation(len(faces))[: options.count])
    direct: list[float] = []
    whole: list[float] = []
    with Analyzer.load(options.weights) as analyzer:
        for image, label in track(list(zip(faces.images, faces.labels, strict=True))):
            truth = faces.classes[label]
            frame, place = scene(image, generator)
            reading = nearest(analyzer(frame), place)
            if reading is not None:
                whole.append(float(reading.prediction.expression == truth))
                direct.append(float(analyzer.classify([image])[0].expression == truth))
    found, error = len(whole) / len(faces), np.sqrt(np.var(np.subtract(direct, whole)) / len(whole))
    print(f"found {100 * found:.1f}% of {len(faces)}; over the faces found:")
    print(
        f"direct crop {100 * np.mean(direct):.1f}%, whole path {100 * np.mean(whole):.1f}%, ",
        end="",
    )
    lost = np.mean(direct) - np.mean(whole)
    print(f"lost {100 * lost:.1f} points (standard error {100 * error:.1f})")


def scene(image: np.ndarray, generator: np.random.Generator) -> tuple[Image, Box]:
    """A grey face (48, 48) somewhere in a noisy grey frame, and its place."""
    frame = generator.normal(128, 8, (HEIGHT, WIDTH)).clip(0, 255).astype(np.uint8)
    left = int(generator.integers(0, WIDTH - SIDE + 1))
    top = int(generator.integers(0, HEIGHT - SIDE + 1))
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    frame[top : top + SIDE, left : left + SIDE] = large
    return cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB), Box(left, top, left + SIDE, top + SIDE)


def nearest(readings: list[Reading], place: Box) -> Reading | None:
    """The reading whose face lies in the middle of `place`, if there is one."""

    def distance(reading: Reading) -> float:
        centre = reading.face.box.centre
        return max(abs(centre.x - place.centre.x), abs(centre.y - place.centre.y)) / place.width

    best = min(readings, key=distance, default=None)
    return best if best is not None and distance(best) < 0.3 else None


if __name__ == "__main__":
    main()
