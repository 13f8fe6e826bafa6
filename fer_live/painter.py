"""From readings to pictures: what goes into files, and what the window shows around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from fer_live.expressions import Expression
from fer_live.overlay import Annotator, Boxes, HeatMap, Help, Hud, HudInfo, Panels, Toast
from fer_live.overlay.side import SidePanel
from fer_live.overlay.side_plan import panel_width
from fer_live.selection import Selection
from fer_live.sinks.view import View, key_help
from fer_live.timeline import Timeline
from fer_live.types import Box, Image, Keypoints, Point, Reading, Scene

ORIGIN = Point(0, 0)


@dataclass
class Painter:
    """Draws on pictures as a view asks. One for each stream: it remembers the frame before, so that
    nothing flickers or jumps."""

    heat: HeatMap = field(default_factory=HeatMap)
    panels: Panels = field(default_factory=Panels)
    hud: Hud = field(default_factory=Hud)

    def draw(
        self,
        canvas: Image,
        readings: Sequence[Reading],
        view: View,
        expressions: Sequence[Expression],
        selected: int | None = None,
        detailed: int | None = None,
    ) -> None:
        """Annotate `canvas`, in place; all but the HUD.

        `selected`: the track that is marked, `detailed`: that whose bars the side panel shows.
        """
        self.heat.opacity = view.strength
        chosen = view.chosen is not None and view.chosen < len(expressions)
        self.heat.chosen = expressions[view.chosen or 0] if chosen else None
        self.panels.bars, self.panels.detailed = view.bars, detailed
        annotators: list[Annotator] = [self.heat] if view.heatmap else []
        for annotate in (*annotators, Boxes(selected), self.panels):
            annotate(canvas, readings)

    def picture(
        self,
        scene: Scene,
        view: View,
        expressions: Sequence[Expression],
        info: HudInfo | None,
    ) -> Image:
        """An annotated copy of the frame, as files get it."""
        canvas = scene.frame.image.copy()
        self.draw(canvas, scene.readings, view, expressions)
        self.hud.info = info
        self.hud(canvas, ())
        return canvas


@dataclass
class Stage:
    """The window's whole picture: the frame as large as it fits, the panel, the strip, the messages.

    `place`: where the frame lies in it since it was last composed.
    """

    painter: Painter = field(default_factory=Painter)
    side: SidePanel = field(default_factory=SidePanel)
    place: Box = field(default_factory=lambda: Box(0, 0, 1, 1))
    _scale: float = 1.0

    def compose(
        self,
        scene: Scene,
        view: View,
        size: tuple[int, int],
        selection: Selection,
        timeline: Timeline | None,
        expressions: Sequence[Expression],
        info: HudInfo | None,
        messages: Sequence[str] = (),
    ) -> Image:
        """(height, width, 3) for a `size` of (width, height). `timeline`: None shows none."""
        width, height = size
        panel = panel_width(size) if view.panel else 0
        stage = Box(0, 0, width - panel, height)
        self.place, self._scale = fitted(scene.frame.image, stage)
        left, top, right, bottom = map(int, self.place)
        canvas = np.zeros((height, width, 3), np.uint8)
        picture = canvas[top:bottom, left:right]
        if self._scale == 1:
            picture[:] = scene.frame.image
        else:  # linear also where it shrinks: averaging takes ten times as long
            cv2.resize(scene.frame.image, (right - left, bottom - top), dst=picture)
        readings = [scaled(reading, self._scale) for reading in scene.readings]
        # Who is alone needs no mark.
        marked = (selection.by_hand or view.panel) and len(readings) > 1
        mark = selection.track if marked else None
        detailed = selection.track if panel else None
        self.painter.draw(picture, readings, view, expressions, mark, detailed)
        whole = canvas[:, : width - panel]
        self.painter.hud.info = info
        self.painter.hud(whole, ())
        Toast(messages)(whole, ())
        if panel:
            area = canvas[:, width - panel :]
            image, heat = scene.frame.image, self.painter.heat
            self.side.draw(area, image, selection.reading, heat, timeline, expressions)
        if view.help:
            Help(key_help(len(expressions)))(canvas, ())
        return canvas

    def locate(self, point: Point) -> Point:
        """From the window's pixels to the frame's."""
        return Point(
            (point.x - self.place.left) / self._scale, (point.y - self.place.top) / self._scale
        )

    def shown(self, scene: Scene) -> Scene:
        """The scene with its faces in the pixels of what was last composed."""
        corner = Point(self.place.left, self.place.top)
        return replace(scene, readings=[scaled(r, self._scale, corner) for r in scene.readings])


def fitted(image: Image, stage: Box) -> tuple[Box, float]:
    """Where a picture lies in the middle of `stage`, as large as it fits, and how much it is enlarged."""
    height, width = image.shape[:2]
    scale = min(stage.width / width, stage.height / height)
    wide, high = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = int(stage.width - wide) // 2, int(stage.height - high) // 2
    return Box(left, top, left + wide, top + high), scale


def scaled(reading: Reading, scale: float, corner: Point = ORIGIN) -> Reading:
    """The reading of a picture that was enlarged by `scale` and laid with its corner at `corner`."""
    if scale == 1 and corner == ORIGIN:
        return reading
    face = reading.face
    points = face.keypoints
    x, y = corner
    if points is not None:
        points = Keypoints(*(Point(p.x * scale + x, p.y * scale + y) for p in points))
    left, top, right, bottom = (value * scale for value in face.box)
    area = reading.heatmap_area
    return replace(
        reading,
        face=replace(face, box=Box(left + x, top + y, right + x, bottom + y), keypoints=points),
        heatmap_area=None
        if area is None
        else area * np.float32(scale) + np.array(corner, np.float32),
    )
