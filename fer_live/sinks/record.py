"""A scene in plain words and numbers, as logs, pipes and pictures carry it."""

import math
from typing import Any

from fer_live.types import Reading, Scene


def scene_record(scene: Scene) -> dict[str, Any]:
    """What is said of a frame: plain JSON, null where a number is not finite.

    `source`, a file's name, is there only where the source is made of several files.
    """
    frame = scene.frame
    return {
        "frame": frame.index,
        "seconds": number(frame.seconds, 3),
        **({} if frame.source is None else {"source": frame.source}),
        "faces": [face_record(reading) for reading in scene.readings],
    }


def face_record(reading: Reading) -> dict[str, Any]:
    prediction = reading.prediction
    return {
        "track": reading.track,
        "box": [number(value, 1) for value in reading.face.box],
        "score": number(reading.face.score, 4),
        "expression": str(prediction.expression),
        "probabilities": {str(e): number(p, 4) for e, p in prediction.probabilities.items()},
        "uncertainty": number(prediction.uncertainty, 4),
    }


def number(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)  # float: NumPy's numbers are not JSON
