"""`fer-live image` with a fake analyzer, and pictures of noise for it."""

from pathlib import Path

import numpy as np
import PIL.Image

from fer_live.batch import pictures
from fer_live.cli import main
from tests.fakes import fake_analyzer


def save(path: Path, seed: int = 0, size: tuple[int, int] = (320, 240), **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(60, 160, (size[1], size[0], 3), np.uint8)
    PIL.Image.fromarray(noise).save(path, **options)
    return path


def image_command(monkeypatch, folder: Path):
    """A function that runs `fer-live image` in the folder with a fake analyzer, which it remembers."""
    monkeypatch.chdir(folder)
    analyzer = fake_analyzer()
    loaded = []

    def load(*arguments, **options):
        loaded.append(arguments)
        return analyzer

    monkeypatch.setattr(pictures.Analyzer, "load", load)

    def run(*arguments: str) -> int:
        return main(["image", *arguments])

    run.analyzer, run.loaded = analyzer, loaded
    return run
