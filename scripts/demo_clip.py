"""Make the demo clip from averages of FER2013's Training faces: `python -m scripts.demo_clip --root DATA`.

For each expression: the Training faces that carry its label and that the model reads so most surely,
aligned by their eyes and mouth, and averaged. An average of so many shows no person.
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np

from fer_live import packaged
from fer_live.classify import Classifier
from fer_live.detect import MediaPipeDetector
from fer_live.errors import UserError
from fer_live.expressions import SEVEN, Expression
from fer_live.sinks import VideoFile
from fer_live.types import Frame, Image, Scene
from train.data import fer2013
from train.data.images import LabelledFaces

CANDIDATES = 64  # surest faces of a class that are looked at; of hundreds, only a blur is left
FEWEST = 40  # fewer would leave a person recognisable
UPSCALE = 4
PORTRAIT = 320  # pixels: the averaged face's side
# Left eye, right eye and mouth in the portrait, in shares of its side: where FER2013 has them.
PLACES = np.array([[0.32, 0.40], [0.68, 0.40], [0.50, 0.76]], np.float32)
WIDTH, HEIGHT, FPS = 960, 540, 24
HOLD, FADE = 1.5, 0.5  # seconds
ORDER = ("neutral", "happy", "surprise", "fear", "sad", "angry", "disgust")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="FER2013's folder or csv")
    parser.add_argument("--weights", default="cucn")
    parser.add_argument("--output", type=Path, default=packaged.folder("assets") / "demo.mp4")
    options = parser.parse_args()
    try:
        faces = fer2013.load(options.root, "train")
        classifier = Classifier.load(options.weights)
        with MediaPipeDetector() as detector:
            portraits = {e: average(faces, e, classifier, detector) for e in SEVEN}
        film(portraits, options.output)
    except UserError as error:
        parser.exit(2, f"demo_clip: {error}\n")
    size = options.output.stat().st_size / 1e6
    print(f"written: {options.output} ({size:.2f} MB)")


def average(
    faces: LabelledFaces,
    expression: Expression,
    classifier: Classifier,
    detector: MediaPipeDetector,
) -> np.ndarray:
    """The mean portrait (PORTRAIT, PORTRAIT) of one expression, in [0, 255].

    Raises UserError where too few of its faces could be aligned.
    """
    label = faces.classes.index(expression)
    images = faces.images[faces.labels == label]
    sure = np.array([p.probabilities[expression] for p in _batches(classifier, images)])
    total, weight, count = np.zeros((PORTRAIT, PORTRAIT)), 0.0, 0
    for index in np.argsort(-sure)[:CANDIDATES]:
        aligned = align(images[index], detector)
        if aligned is not None:
            total += sure[index] * aligned
            weight += sure[index]
            count += 1
    if count < FEWEST:
        raise UserError(
            f"{expression}: only {count} faces could be aligned, {FEWEST} are needed: use all of FER2013"
        )
    print(f"{expression}: mean of {count} faces")
    mean = total / weight
    # Averaging takes contrast away: give back what a single face has, and some of the fine detail.
    mean += 1.5 * (mean - cv2.GaussianBlur(mean, (0, 0), 6))
    return np.clip((mean - mean.mean()) / mean.std() * 52 + 128, 0, 255)


def _batches(classifier: Classifier, images: np.ndarray) -> list:
    return [p for i in range(0, len(images), 256) for p in classifier(list(images[i : i + 256]))]


def align(image: np.ndarray, detector: MediaPipeDetector) -> np.ndarray | None:
    """A grey face (48, 48), turned and scaled so that eyes and mouth lie at PLACES; None if none is found."""
    large = cv2.resize(image, None, fx=UPSCALE, fy=UPSCALE, interpolation=cv2.INTER_CUBIC)
    margin = large.shape[0] // 2
    framed = cv2.copyMakeBorder(large, *[margin] * 4, cv2.BORDER_CONSTANT, value=127)
    found = detector(cv2.cvtColor(framed, cv2.COLOR_GRAY2RGB))
    points = max(found, key=lambda face: face.score).keypoints if found else None
    if points is None:
        return None
    here = np.array([points.left_eye, points.right_eye, points.mouth], np.float32) - margin
    transform, _ = cv2.estimateAffinePartial2D(here, PLACES * PORTRAIT)
    if transform is None:
        return None
    return cv2.warpAffine(
        large,
        transform,
        (PORTRAIT, PORTRAIT),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(float)


def film(portraits: dict[Expression, np.ndarray], output: Path) -> None:
    """Cross-fade the portraits from one to the next, moving a little, in front of a plain wall."""
    order = [Expression(name) for name in ORDER]
    step = HOLD + FADE
    count = round(len(order) * step * FPS)
    with VideoFile(output, FPS) as video:
        for index in range(count):
            seconds = index / FPS
            now = min(int(seconds / step), len(order) - 1)
            share = np.clip((seconds - now * step - HOLD) / FADE, 0, 1)
            share = share * share * (3 - 2 * share)
            after = order[(now + 1) % len(order)]
            portrait = (1 - share) * portraits[order[now]] + share * portraits[after]
            picture = scene(portrait, seconds)
            video.write(Scene(Frame(picture, index, seconds), []), picture)


def scene(portrait: np.ndarray, seconds: float) -> Image:
    """One picture (HEIGHT, WIDTH, 3) RGB: the portrait in a soft oval, swaying."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    wall = 176 - 40 * np.hypot((x - WIDTH / 2) / WIDTH, (y - HEIGHT * 0.45) / HEIGHT)
    side = PORTRAIT * (1 + 0.07 * math.sin(0.7 * seconds))
    left = WIDTH / 2 - side / 2 + 40 * math.sin(0.55 * seconds)
    top = HEIGHT / 2 - side / 2 + 12 * math.sin(0.9 * seconds)
    scale = side / PORTRAIT
    place = np.array([[scale, 0, left], [0, scale, top]])
    face = cv2.warpAffine(
        portrait.astype(np.float32), place, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
    )
    radius = np.hypot(
        (x - left - side / 2) / (0.47 * side), (y - top - side * 0.52) / (0.56 * side)
    )
    oval = np.clip((1.0 - radius) / 0.16, 0, 1)
    oval = oval * oval * (3 - 2 * oval)
    grey = wall * (1 - oval) + face * oval
    warm = np.array([1.03, 1.0, 0.96])
    return np.clip(grey[:, :, None] * warm, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
