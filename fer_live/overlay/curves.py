"""Probabilities over time, as filled curves."""

from collections.abc import Sequence

import numpy as np

from fer_live.expressions import Expression
from fer_live.overlay.sprites import INK
from fer_live.timeline import STEPS
from fer_live.types import FloatArray, Image

GRID = (44, 47, 57)  # behind bars and curves
NOTHING = (24, 26, 33)  # where there was no face


def draw_curves(
    values: FloatArray, expressions: Sequence[Expression], width: int, row: int
) -> Image:
    """(STEPS, K) probabilities, NaN where there is nothing -> (K * row, width, 3): filled curves below each other."""
    columns = values[np.arange(width) * STEPS // width]  # (width, K)
    tall = row - 2
    heights = np.round(np.nan_to_num(columns) * tall).astype(int).T  # (K, width)
    heights[columns.T > 0.005] = np.maximum(heights[columns.T > 0.005], 1)
    filled = np.arange(tall, 0, -1)[None, :, None] <= heights[:, None, :]  # (K, tall, width)
    colours = np.array([e.colour for e in expressions], np.uint8)
    ground = np.where(np.isnan(columns).T[:, None, :, None], NOTHING, GRID).astype(np.uint8)
    picture = np.zeros((len(expressions), row, width, 3), np.uint8)
    picture[:] = INK
    picture[:, 1:-1] = np.where(filled[..., None], colours[:, None, None], ground)
    return picture.reshape(-1, width, 3)
