"""The side panel: one face in detail."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from fer_live.expressions import Expression
from fer_live.overlay import sprites
from fer_live.overlay.curves import GRID, draw_curves
from fer_live.overlay.heat import HeatMap, glow
from fer_live.overlay.label import DIM, MUTED, shown_colour, words
from fer_live.overlay.side_plan import TINIEST, Plan, fine_type, plan_panel
from fer_live.overlay.sprites import INK, Sprite
from fer_live.preprocess import within_reach
from fer_live.timeline import SPAN, Timeline
from fer_live.types import Image, Reading


@dataclass
class SidePanel:
    """Crop, heat-map, numbers, uncertainty and the last half minute of one face.

    One object for each window: it keeps the timeline's picture until there is something new in it.
    """

    _curves: Image | None = field(default=None, init=False, repr=False)
    _drawn: tuple[object, ...] = field(default=(), init=False, repr=False)

    def draw(
        self,
        area: Image,
        image: Image,
        reading: Reading | None,
        heat: HeatMap,
        timeline: Timeline | None,
        expressions: Sequence[Expression],
    ) -> None:
        """Fill `area` (H, W, 3). `image`: the frame, `reading`: the selected face in it."""
        cv2.rectangle(area, (0, 0), (area.shape[1], area.shape[0]), INK, cv2.FILLED)
        plan = plan_panel(area.shape[1], area.shape[0])
        top = plan.margin
        if reading is None:
            _write(area, "no face", plan.margin, top, round(1.2 * plan.type))
            return
        top = _title(area, reading, plan, top)
        if plan.square:
            _pictures(area, image, reading, heat, plan, top)
            top += plan.square + plan.type // 3
            _captions(area, reading, heat, plan, top)
            top += sprites.text_height(fine_type(plan.type)) + plan.type // 2
        top = _bars(area, reading, plan, top)
        top = _uncertainty(area, reading, plan, top)
        if plan.curve and timeline is not None:
            self._timeline(area, reading, timeline, expressions, plan, top)

    def _timeline(
        self,
        area: Image,
        reading: Reading,
        timeline: Timeline,
        expressions: Sequence[Expression],
        plan: Plan,
        top: int,
    ) -> None:
        """A row for each expression; drawn anew only when a step has passed."""
        small = min(fine_type(plan.type), plan.curve)
        names = max(sprites.text_width(str(e), small) for e in expressions) + plan.type // 2
        left, width = plan.margin + names, area.shape[1] - 2 * plan.margin - names
        if width < 20:
            return
        _write(area, f"the last {SPAN:.0f} seconds", plan.margin, top, fine_type(plan.type), DIM)
        top += sprites.text_height(fine_type(plan.type)) + plan.type // 4
        wanted = (reading.track, timeline.step, tuple(expressions), width, plan.curve)
        if self._curves is None or wanted != self._drawn:
            values = timeline.of(reading.track, expressions)
            self._curves = draw_curves(values, expressions, width, plan.curve)
            self._drawn = wanted
        room = area[top : top + len(self._curves), left : left + width]
        room[:] = self._curves[: len(room)]
        for i, expression in enumerate(expressions):
            name = sprites.text(str(expression), small, opacity=DIM)
            middle = top + i * plan.curve + plan.curve // 2
            sprites.paste(area, name, plan.margin, middle - name.height // 2)


def _write(
    area: Image, content: str, left: int, top: int, size: int, opacity: float = 1.0
) -> Sprite:
    sprite = sprites.text(content, size, opacity=opacity)
    sprites.paste(area, sprite, left, top)
    return sprite


def _title(area: Image, reading: Reading, plan: Plan, top: int) -> int:
    """A stroke of colour, who it is and what is read."""
    content = words(reading)
    large = round(1.3 * plan.type)
    who = "" if content.track is None else f"face {content.track}"
    tall = sprites.text_height(large)
    stroke = sprites.rounded(max(plan.type // 3, 3), tall, 3, shown_colour(reading))
    sprites.paste(area, stroke, plan.margin, top)
    left = plan.margin + stroke.width + plan.type // 2
    room = area.shape[1] - plan.margin - left - sprites.text_width(who, plan.type) - plan.type
    said = f"{content.name}  {content.percent}%" if content.shown else content.name
    while large > TINIEST and sprites.text_width(said, large) > room:
        large -= 1
    if sprites.text_width(said, large) > room:
        who = ""
    line = _write(area, said, left, top, large)
    beside = sprites.text(who, plan.type, opacity=DIM) if who else None
    if beside:
        sprites.paste(
            area,
            beside,
            area.shape[1] - plan.margin - beside.width,
            top + (line.height - beside.height) // 2,
        )
    return top + tall + plan.type // 2


def _pictures(
    area: Image, image: Image, reading: Reading, heat: HeatMap, plan: Plan, top: int
) -> None:
    """The face as cropped, and again under its heat-map."""
    side = plan.square
    box = reading.face.box
    corners = reading.heatmap_area
    if corners is None:
        corners = np.array(
            [
                (box.left, box.top),
                (box.right, box.top),
                (box.right, box.bottom),
                (box.left, box.bottom),
            ],
            np.float32,
        )
    image, corners = within_reach(image, corners)
    own = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32) - 0.5, own - 0.5)
    crop = np.asarray(
        cv2.warpPerspective(image, turn, (side, side), flags=cv2.INTER_LINEAR), np.uint8
    )
    bottom = top + side
    area[top:bottom, plan.margin : plan.margin + side] = crop
    left = 2 * plan.margin + side
    under = area[top:bottom, left : left + side]
    levels = heat.normalised(reading)
    under[:] = crop
    if levels is not None:
        glow(under, levels, own, max(heat.opacity, 0.4))


def _captions(area: Image, reading: Reading, heat: HeatMap, plan: Plan, top: int) -> None:
    size = fine_type(plan.type)
    seen = sprites.fitting(["the crop of the face", "the crop"], size, plan.square)
    _write(area, seen, plan.margin, top, size, DIM)
    target = str(heat.target(reading))
    forms = ["no heat-map"] if reading.heatmaps is None else [f"heat-map: {target}", target]
    named = sprites.fitting(forms, size, plan.square)
    _write(area, named, 2 * plan.margin + plan.square, top, size, DIM)


def _bars(area: Image, reading: Reading, plan: Plan, top: int) -> int:
    """Name, bar and percentage of each expression; returns where it ends."""
    size = min(plan.type, plan.row)
    probabilities = reading.prediction.probabilities
    names = max(sprites.text_width(str(e), size) for e in probabilities) + plan.type // 2
    number = sprites.text_width("100.0%", size)
    left = plan.margin + names
    length = area.shape[1] - 2 * plan.margin - names - number - plan.type // 2
    thick = max(round(0.6 * plan.row) // 2 * 2, 3)
    for i, (expression, p) in enumerate(probabilities.items()):
        middle = top + i * plan.row + plan.row // 2
        bold = expression in reading.shown
        opacity = 1.0 if bold else DIM
        name = sprites.text(str(expression), size, opacity=opacity, bold=bold)
        sprites.paste(area, name, plan.margin, middle - name.height // 2)
        percent = sprites.text(f"{100 * p:.1f}%", size, opacity=opacity, bold=bold)
        right = area.shape[1] - plan.margin - percent.width
        sprites.paste(area, percent, right, middle - percent.height // 2)
        if length > 8:
            edge = middle - thick // 2
            area[edge : edge + thick, left : left + length] = GRID
            area[edge : edge + thick, left : left + round(p * length)] = expression.colour
    return top + len(Expression) * plan.row + plan.type // 3


def _uncertainty(area: Image, reading: Reading, plan: Plan, top: int) -> int:
    """A scale of all training faces, from the surest to the most unsure, with this one's place."""
    unsure = reading.prediction.uncertainty
    size = fine_type(plan.type)
    length, thick = area.shape[1] - 2 * plan.margin, max(plan.type // 3, 3)
    if unsure is None:
        forms = ["this model does not tell its uncertainty", "no uncertainty"]
        line = _write(area, sprites.fitting(forms, size, length), plan.margin, top, size, DIM)
        return top + line.height + plan.type
    rank = round(100 * unsure)
    forms = [f"more unsure than of {rank} in 100 training faces", f"uncertainty {rank}/100"]
    line = _write(area, sprites.fitting(forms, size, length), plan.margin, top, size, DIM)
    top += line.height + plan.type // 4
    area[top : top + thick, plan.margin : plan.margin + length] = GRID
    area[top : top + thick, plan.margin : plan.margin + round(unsure * length)] = MUTED
    return top + thick + plan.type
