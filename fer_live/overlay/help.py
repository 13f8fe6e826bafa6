"""The keys, and short messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fer_live.overlay import sprites
from fer_live.overlay.layout import hud_height, type_size
from fer_live.overlay.sprites import Sprite
from fer_live.types import Image, Reading

COVER = 0.97  # opacity of what lies over labels: their words must not mix with it
TINIEST = 8  # pixels of type; a panel that is too large even so is shrunk: better than cut off


@dataclass(frozen=True)
class Help:
    """The keys in the middle of the frame: pairs of a key's name and what it does."""

    keys: Sequence[tuple[str, str]]

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        size, keys = type_size(canvas), tuple(self.keys)
        height, width = canvas.shape[0] - hud_height(canvas), canvas.shape[1]
        tries = [(columns, small) for small in (size, 12, 10, TINIEST) for columns in (1, 2, 3)]
        for columns, small in tries:
            panel = _help_panel(keys, small, columns)
            if small <= size and panel.width <= width and panel.height <= height:
                break
        else:
            panel = sprites.shrunk(panel, width - 4, height - 4)
        sprites.paste(canvas, panel, (width - panel.width) // 2, (height - panel.height) // 2)


@dataclass(frozen=True)
class Toast:
    """Messages below each other, from the top of the frame."""

    messages: Sequence[str]

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        size = type_size(canvas)
        top = size
        for message in self.messages:
            pill = _pill(message, size, canvas.shape[1] - size)
            sprites.paste(canvas, pill, (canvas.shape[1] - pill.width) // 2, top)
            top += pill.height + size // 2


@lru_cache(maxsize=32)
def _pill(message: str, size: int, room: int) -> Sprite:
    """A line that is as wide as its message, or else ends in an ellipsis."""
    padding = round(0.9 * size)
    line = sprites.text(sprites.shortened(message, size, room - 2 * padding), size)
    pill = sprites.rounded(
        line.width + 2 * padding, line.height + padding, 0.7 * size, opacity=COVER
    )
    return sprites.stack(pill, (line, padding, padding // 2))


@lru_cache(maxsize=32)
def _help_panel(keys: tuple[tuple[str, str], ...], size: int, columns: int) -> Sprite:
    padding, gap, row = round(1.4 * size), round(0.9 * size), round(2.1 * size)
    title = sprites.text("Keys", round(1.25 * size))
    deep = -(-len(keys) // columns)  # rows of a column
    top = padding + title.height + gap // 2
    layers, left = [(title, padding, padding)], padding
    for first in range(0, len(keys), deep):
        part = keys[first : first + deep]
        caps = [_cap(key, size) for key, _ in part]
        names = [sprites.text(name, size) for _, name in part]
        wide = max(cap.width for cap in caps)
        for i, (cap, name) in enumerate(zip(caps, names, strict=True)):
            middle = top + i * row + row // 2
            layers.append((cap, left, middle - cap.height // 2))
            layers.append((name, left + wide + gap, middle - name.height // 2))
        left += wide + gap + max(name.width for name in names) + 2 * gap
    width = left - 2 * gap + padding
    panel = sprites.rounded(width, top + deep * row + padding, size, opacity=COVER)
    return sprites.stack(panel, *layers)


def _cap(key: str, size: int) -> Sprite:
    """A key as on a keyboard."""
    letter = sprites.text(key, size)
    height = round(1.7 * size)
    width = max(height, letter.width + size)
    cap = sprites.rounded(width, height, 0.4 * size, sprites.WHITE, 0.2)
    middle = ((width - letter.width) // 2, (height - letter.height) // 2)
    return sprites.stack(cap, (letter, *middle))
