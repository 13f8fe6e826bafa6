"""What the program tells of itself: speed, model, and what it is doing."""

from collections.abc import Sequence
from dataclasses import dataclass

from fer_live.overlay import sprites
from fer_live.overlay.label import DIM, PANEL
from fer_live.overlay.layout import hud_height, type_size
from fer_live.overlay.sprites import Colour
from fer_live.types import Image, Reading

RED: Colour = (255, 92, 80)


@dataclass(frozen=True)
class HudInfo:
    """`milliseconds`: of work for one frame. `dropped`: frames that came too fast to be read.

    `heat`: whose heat-map is shown, if it was chosen. `recording`, `logging`: whether a file is being
    written because a key asked for it.
    """

    fps: float
    milliseconds: float
    model: str
    device: str
    runtime: str = ""
    dropped: int = 0
    heat: str = ""
    recording: bool = False
    logging: bool = False


@dataclass
class Hud:
    """A strip along the bottom; set `info` before each frame. `hint`: at its right end.

    Where it is too narrow for all, the columns at the end are left out.
    """

    info: HudInfo | None = None
    hint: str = ""

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        height = hud_height(canvas)
        if self.info is None or not height:
            return
        size = type_size(canvas)
        width, top = canvas.shape[1], canvas.shape[0] - height
        sprites.paste(canvas, sprites.rounded(width, height, 0, opacity=PANEL), 0, top)
        left, end = size, width - size
        if self.hint:
            hint = sprites.text(self.hint, size, opacity=DIM)
            sprites.paste(canvas, hint, end - hint.width, top + (height - hint.height) // 2)
            end -= hint.width + size
        for content, widest, colour, opacity in _columns(self.info):
            own = sprites.text_width(content, size)
            room = max(sprites.text_width(widest, size), own)
            if left + room > end:
                break
            line = sprites.text(content, size, colour, opacity)
            # To the right of its room: units stand still while digits come and go.
            sprites.paste(canvas, line, left + room - own, top + (height - line.height) // 2)
            left += room + size


def _columns(info: HudInfo) -> list[tuple[str, str, Colour, float]]:
    """Text, the widest text that will stand there, colour and opacity."""
    digits = 0 if info.milliseconds >= 9.95 else 1
    columns = [
        ("recording", "", RED, 1.0) if info.recording else None,
        ("logging", "", RED, 1.0) if info.logging else None,
        (f"{info.fps:.0f} fps", "000 fps", sprites.WHITE, 1.0),
        (f"{info.milliseconds:.{digits}f} ms", "000 ms", sprites.WHITE, 1.0),
        (f"heat-map: {info.heat}", "", sprites.WHITE, 1.0) if info.heat else None,
        (info.model, "", sprites.WHITE, DIM),
        (" · ".join(filter(None, (info.device, info.runtime))), "", sprites.WHITE, DIM),
        (f"{info.dropped} dropped", "", sprites.WHITE, DIM) if info.dropped else None,
    ]
    return [column for column in columns if column]
