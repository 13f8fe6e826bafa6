"""Annotators, which draw one thing each, and the overlay that composes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fer_live.overlay.boxes import Boxes
from fer_live.overlay.heat import HeatMap
from fer_live.overlay.help import Help, Toast
from fer_live.overlay.hud import Hud, HudInfo
from fer_live.overlay.panels import Panels
from fer_live.types import Image, Reading

__all__ = ["Annotator", "Boxes", "HeatMap", "Help", "Hud", "HudInfo", "Overlay", "Panels", "Toast"]


class Annotator(Protocol):
    """Draws on `canvas`, (H, W, 3) RGB, in place."""

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None: ...


@dataclass(frozen=True)
class Overlay:
    """Annotators, drawn in order on a copy of the frame."""

    annotators: Sequence[Annotator]

    def __call__(self, image: Image, readings: Sequence[Reading]) -> Image:
        canvas = image.copy()
        for annotate in self.annotators:
            annotate(canvas, readings)
        return canvas
