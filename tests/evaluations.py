"""A small evaluation folder, as `python -m train evaluate` writes it."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image

from fer_live.expressions import SEVEN

NAMES = [str(label) for label in SEVEN]
# Row, true, predicted, confidence, uncertainty, votes.
FACES = [
    (10, "fear", "sad", 0.9, 0.2, {"fear": 5, "sad": 5}),
    (11, "fear", "fear", 0.6, 0.9, {"fear": 9, "sad": 1}),
    (12, "happy", "happy", 0.99, 0.1, {"happy": 10}),
    (13, "fear", "sad", 0.5, 0.7, None),
]


def write_evaluation(
    folder: Path,
    faces=FACES,
    weights: str = "cnn6",
    pictures: bool = True,
    dataset: str = "small",
    split: str = "public",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    scores = {"weights": weights, "dataset": dataset, "split": split, "labels": NAMES}
    (folder / "metrics.json").write_text(json.dumps(scores))
    probabilities = []
    for _, _, predicted, sure, _, _ in faces:
        row = np.full(7, (1 - sure) / 6, np.float32)
        row[NAMES.index(predicted)] = sure
        probabilities.append(row)
    pd.DataFrame(
        {
            "row": [face[0] for face in faces],
            "true": [face[1] for face in faces],
            "predicted": [face[2] for face in faces],
            "probabilities": probabilities,
            "uncertainty": [face[4] for face in faces],
        }
    ).to_parquet(folder / "predictions.parquet")
    if pictures:
        votes = [None if face[5] is None else json.dumps(face[5]) for face in faces]
        table = {"row": [face[0] for face in faces], "picture": [_png(face[0]) for face in faces]}
        pd.DataFrame(table | {"votes": votes}).to_parquet(folder / "pictures.parquet")
    return folder


def _png(seed: int) -> bytes:
    encoded = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 48), np.uint8)
    PIL.Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()
