"""What detection and cropping cost in accuracy: `python -m scripts.whole_path --root DATA --output DIR`.

PublicTest faces, enlarged or shrunk to five sizes, each at a random place of a grey 1280x720 frame with noise:
found, cropped and read as the app does it, beside the reading of the picture itself. A face that is not
found is a wrong one.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fer_live.errors import UserError
from fer_live.pipeline import Analyzer
from fer_live.types import Box, Image, Reading
from train.cli.options import natural, positive
from train.data import Faces, fer2013
from train.keep import claim
from train.plots import plot_robustness
from train.robustness import CLEAN

WIDTH, HEIGHT = 1280, 720
SIDES = (192, 128, 96, 64, 48)  # pixels of the face in the frame, from severity 1 to 5
SIZE = "face in a frame"  # what the severities are of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="FER2013's folder or csv")
    parser.add_argument("--weights", default="cucn")
    parser.add_argument("--count", type=positive, default=500, help="faces to look at")
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument("--output", type=Path, required=True, help="folder for table and plot")
    options = parser.parse_args()
    try:
        measure(options)
    except UserError as error:
        parser.exit(2, f"whole_path: {error}\n")


def measure(options: argparse.Namespace) -> None:
    """Write table and plot, and print the table. Raises UserError on bad input."""
    generator = np.random.default_rng(options.seed)
    faces = fer2013.load(options.root, "public")
    faces = faces.select(generator.permutation(len(faces))[: options.count])
    claim(options.output)  # before the long reading
    with Analyzer.load(options.weights) as analyzer:
        direct, found, right = read(analyzer, faces, generator)
    cells = table(options.weights, direct, found, right)
    cells.to_csv(options.output / "whole_path.csv", index=False)
    plot_robustness(cells, options.output / "whole_path.png")
    _show(cells, len(faces))


def read(
    analyzer: Analyzer, faces: Faces, generator: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether the picture itself is read right, (N, sizes) whether it is found in a frame, and read right."""
    direct = np.zeros(len(faces), bool)
    found, right = np.zeros((2, len(faces), len(SIDES)), bool)
    for i, image in enumerate(track(faces.images, transient=True)):
        truth = faces.classes[faces.labels[i]]
        direct[i] = analyzer.classify([image])[0].expression == truth
        for j, side in enumerate(SIDES):
            frame, place = scene(image, side, generator)
            reading = nearest(analyzer(frame), place)
            found[i, j] = reading is not None
            right[i, j] = reading is not None and reading.prediction.expression == truth
    return direct, found, right


def scene(image: np.ndarray, side: int, generator: np.random.Generator) -> tuple[Image, Box]:
    """A grey face (48, 48), `side` pixels large, somewhere in a noisy grey frame, and its place."""
    frame = generator.normal(128, 8, (HEIGHT, WIDTH)).clip(0, 255).astype(np.uint8)
    left = int(generator.integers(0, WIDTH - side + 1))
    top = int(generator.integers(0, HEIGHT - side + 1))
    frame[top : top + side, left : left + side] = cv2.resize(
        image, (side, side), interpolation=cv2.INTER_CUBIC
    )
    return cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB), Box(left, top, left + side, top + side)


def nearest(readings: list[Reading], place: Box) -> Reading | None:
    """The reading whose face lies in the middle of `place`, if there is one."""

    def distance(reading: Reading) -> float:
        centre = reading.face.box.centre
        return max(abs(centre.x - place.centre.x), abs(centre.y - place.centre.y)) / place.width

    best = min(readings, key=distance, default=None)
    return best if best is not None and distance(best) < 0.3 else None


def table(
    model: str, direct: NDArray[np.bool_], found: NDArray[np.bool_], right: NDArray[np.bool_]
) -> pd.DataFrame:
    """A row for each size, the pictures themselves first; shares, `lost` against them, on the same faces."""
    rows = [(model, CLEAN, 0, fer2013.SIDE, 1.0, direct.mean(), 0.0, 0.0)]
    for severity, side in enumerate(SIDES, 1):
        lost = direct.astype(float) - right[:, severity - 1]
        error = lost.std() / np.sqrt(len(lost))
        seen = found[:, severity - 1].mean()
        accuracy = right[:, severity - 1].mean()
        rows.append((model, SIZE, severity, side, seen, accuracy, lost.mean(), error))
    columns = ["model", "corruption", "severity", "pixels", "found", "accuracy", "lost"]
    return pd.DataFrame(rows, columns=[*columns, "standard_error"])


def _show(cells: pd.DataFrame, count: int) -> None:
    grid = Table(title=f"{count} faces in frames of {WIDTH}x{HEIGHT}, in %")
    for name in ("face", "found", "accuracy", "lost to the direct crop"):
        grid.add_column(name, justify="right")
    for cell in cells.to_dict("records"):
        lost = f"{100 * cell['lost']:.1f} ± {100 * cell['standard_error']:.1f}"
        name = f"{cell['pixels']} pixels" if cell["severity"] else "direct crop"
        shares = (f"{100 * cell[key]:.1f}" for key in ("found", "accuracy"))
        grid.add_row(name, *shares, lost if cell["severity"] else "-")
    Console().print(grid)


if __name__ == "__main__":
    main()
