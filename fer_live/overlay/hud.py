"""What the program tells of itself: speed and model, and the keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fer_live.overlay import sprites
from fer_live.overlay.label import DIM
from fer_live.overlay.layout import hud_height, type_size
from fer_live.types import Image, Reading


@dataclass(frozen=True)
class HudInfo:
    """`milliseconds`: of work for one frame."""

    fps: float
    milliseconds: float
    model: str
    device: str


@dataclass
class Hud:
    """A strip along the bottom; set `info` before each frame. `hint`: at its right end."""

    info: HudInfo | None = None
    hint: str = ""

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        height = hud_height(canvas)
        if self.info is None or not height:
            return
        size = type_size(canvas)
        width, top = canvas.shape[1], canvas.shape[0] - height
        sprites.paste(canvas, sprites.rounded(width, height, 0, opacity=0.72), 0, top)
        digits = 0 if self.info.milliseconds >= 9.95 else 1
        columns = [  # text, opacity and the widest text that will stand there
            (f"{self.info.fps:.0f} fps", 1.0, "000 fps"),
            (f"{self.info.milliseconds:.{digits}f} ms", 1.0, "000 ms"),
            (self.info.model, DIM, self.info.model),
            (self.info.device, DIM, self.info.device),
        ]
        left, end = size, width - size
        if self.hint:
            hint = sprites.text(self.hint, size, opacity=DIM)
            sprites.paste(canvas, hint, end - hint.width, top + (height - hint.height) // 2)
            end -= hint.width + size
        for content, opacity, widest in columns:
            room = max(sprites.text_width(widest, size), sprites.text_width(content, size))
            if left + room > end:
                break
            line = sprites.text(content, size, opacity=opacity)
            sprites.paste(canvas, line, left, top + (height - line.height) // 2)
            left += room + size


@dataclass(frozen=True)
class Help:
    """The keys in the middle of the frame: pairs of a key's name and what it does."""

    keys: Sequence[tuple[str, str]]

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        size = type_size(canvas)
        panel = _help_panel(tuple(self.keys), size)
        if panel.width > canvas.shape[1] or panel.height > canvas.shape[0]:
            panel = _help_panel(tuple(self.keys), 8)
        left = (canvas.shape[1] - panel.width) // 2
        sprites.paste(canvas, panel, left, (canvas.shape[0] - panel.height) // 2)


@lru_cache(maxsize=8)
def _help_panel(keys: tuple[tuple[str, str], ...], size: int) -> sprites.Sprite:
    padding, gap, row = round(1.4 * size), round(0.9 * size), round(2.1 * size)
    title = sprites.text("Keys", round(1.25 * size))
    caps = [_cap(key, size) for key, _ in keys]
    names = [sprites.text(name, size) for _, name in keys]
    column = max((cap.width for cap in caps), default=0)
    top = padding + title.height + gap // 2
    layers = [(title, padding, padding)]
    for i, (cap, name) in enumerate(zip(caps, names, strict=True)):
        middle = top + i * row + row // 2
        layers.append((cap, padding, middle - cap.height // 2))
        layers.append((name, padding + column + gap, middle - name.height // 2))
    width = 2 * padding + column + gap + max((name.width for name in names), default=0)
    panel = sprites.rounded(width, top + len(keys) * row + padding, size, opacity=0.85)
    return sprites.stack(panel, *layers)


def _cap(key: str, size: int) -> sprites.Sprite:
    """A key as on a keyboard."""
    letter = sprites.text(key, size)
    height = round(1.7 * size)
    width = max(height, letter.width + size)
    cap = sprites.rounded(width, height, 0.4 * size, sprites.WHITE, 0.2)
    middle = ((width - letter.width) // 2, (height - letter.height) // 2)
    return sprites.stack(cap, (letter, *middle))
