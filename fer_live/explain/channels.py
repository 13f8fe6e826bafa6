"""Grad-CAM from its channel weights alone, for torch and for runtimes that do without it."""

from typing import TYPE_CHECKING, TypeVar

from fer_live.types import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

Maps = TypeVar("Maps", FloatArray, "Tensor")


def grad_cam(weights: Maps, feature_map: Maps) -> Maps:
    """Grad-CAM of every class: (B, K, C), (B, C, h, w) -> (B, K, h, w). Selvaraju et al. 2017, eq. 1 and 2.

    `weights`: (K, C) where all faces have the same.
    """
    faces, channels, height, width = feature_map.shape
    maps = weights @ feature_map.reshape(faces, channels, height * width)
    return maps.clip(0).reshape(faces, weights.shape[-2], height, width)
