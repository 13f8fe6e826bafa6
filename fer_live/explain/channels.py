"""Grad-CAM from its channel weights alone, in arrays: for runtimes that do without torch."""

import numpy as np

from fer_live.types import FloatArray


def grad_cam(weights: FloatArray, feature_map: FloatArray) -> FloatArray:
    """As `affine.grad_cam`: (K, C), (B, C, h, w) -> (B, K, h, w). Selvaraju et al. 2017, eq. 1 and 2."""
    faces, channels, height, width = feature_map.shape
    maps = weights @ feature_map.reshape(faces, channels, height * width)
    return np.maximum(maps, 0, out=maps).reshape(faces, len(weights), height, width)
