"""What the program tells of itself: speed, model, and what it is doing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from fer_live.overlay import sprites
from fer_live.overlay.label import DIM, PANEL
from fer_live.overlay.layout import hud_height, type_size
from fer_live.overlay.sprites import Colour
from fer_live.types import Image, Reading

RED: Colour = (255, 92, 80)
AMBER: Colour = (255, 196, 64)

# Text, the widest text that will stand there, colour and opacity.
Column: TypeAlias = tuple[str, str, Colour, float]


@dataclass(frozen=True)
class HudInfo:
    """`fps`: None for pictures that stay. `milliseconds`: of work for one frame. `dropped`: frames that
    came too fast to be read.

    `place`: which of several pictures this is. `heat`: whose heat-map is shown, if it was chosen.
    `recording`, `logging`: whether a file is being written because a key asked for it. `hints`: keys, at
    the right end.
    """

    fps: float | None
    milliseconds: float
    model: str
    device: str
    runtime: str = ""
    dropped: int = 0
    place: str = ""
    heat: str = ""
    recording: bool = False
    logging: bool = False
    paused: bool = False
    hints: tuple[str, ...] = ()


@dataclass
class Hud:
    """A strip along the bottom; set `info` before each frame.

    Where it is too narrow for all, the columns at the end are left out, and the last hints before the
    first column.
    """

    info: HudInfo | None = None

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        height = hud_height(canvas)
        if self.info is None or not height:
            return
        size = type_size(canvas)
        width, top = canvas.shape[1], canvas.shape[0] - height
        sprites.paste(canvas, sprites.rounded(width, height, 0, opacity=PANEL), 0, top)
        left, end = size, width - size
        hints = self.info.hints
        # A file's name may be wider than all the frame: it leaves the first hint its room.
        hinted = sprites.text_width(hints[0], size) + size if hints else 0
        place = sprites.shortened(self.info.place, size, end - left - hinted)
        info = replace(self.info, place=place)
        columns = [(_room(column, size), column) for column in _columns(info)]
        forms = ["   ".join(hints[:count]) for count in range(len(hints), -1, -1)]
        hint = sprites.fitting(forms, size, end - left - columns[0][0] - size)
        if hint:
            line = sprites.text(hint, size, opacity=DIM)
            sprites.paste(canvas, line, end - line.width, top + (height - line.height) // 2)
            end -= line.width + size
        for room, (content, _, colour, opacity) in columns:
            if left + room > end:
                break
            line = sprites.text(content, size, colour, opacity)
            # To the right of its room: units stand still while digits come and go.
            sprites.paste(canvas, line, left + room - line.width, top + (height - line.height) // 2)
            left += room + size


def _room(column: Column, size: int) -> int:
    """Pixels of a column."""
    return max(sprites.text_width(text, size) for text in column[:2])


def _columns(info: HudInfo) -> list[Column]:
    digits = 0 if info.milliseconds >= 9.95 else 1
    columns = [
        ("paused", "", AMBER, 1.0) if info.paused else None,
        ("recording", "", RED, 1.0) if info.recording else None,
        ("logging", "", RED, 1.0) if info.logging else None,
        (info.place, "", sprites.WHITE, 1.0) if info.place else None,
        None if info.fps is None else (f"{info.fps:.0f} fps", "000 fps", sprites.WHITE, 1.0),
        (f"{info.milliseconds:.{digits}f} ms", "000 ms", sprites.WHITE, 1.0),
        (f"heat-map: {info.heat}", "", sprites.WHITE, 1.0) if info.heat else None,
        (info.model, "", sprites.WHITE, DIM),
        (" · ".join(filter(None, (info.device, info.runtime))), "", sprites.WHITE, DIM),
        (f"{info.dropped} dropped", "", sprites.WHITE, DIM) if info.dropped else None,
    ]
    return [column for column in columns if column]
