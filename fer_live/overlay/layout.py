"""How large things are on a picture of any size."""

from fer_live.types import Box, Image, Reading

SMALLEST = 12  # pixels: the smallest type that reads well


def type_size(canvas: Image) -> int:
    """Pixels of running text, by the frame alone: text that grew with each face would tremble."""
    return max(SMALLEST, round(min(canvas.shape[:2]) / 45))


def small_type(size: int) -> int:
    """For what matters less, beside text of `size`."""
    return max(SMALLEST - 1, round(0.82 * size))


def panel_area(canvas: Image) -> Box:
    """Where labels and bars may lie: the frame without a margin and the HUD's strip."""
    height, width = canvas.shape[:2]
    margin = type_size(canvas) // 3
    return Box(margin, margin, width - margin, height - hud_height(canvas))


def hud_height(canvas: Image) -> int:
    """Pixels at the bottom that are the HUD's."""
    return 0 if canvas.shape[0] < 15 * SMALLEST else round(2.4 * type_size(canvas))


def visible(reading: Reading, canvas: Image) -> Box | None:
    """The part of the face's box inside the frame; None if there is none."""
    height, width = canvas.shape[:2]
    box = reading.face.box
    inside = Box(max(box.left, 0), max(box.top, 0), min(box.right, width), min(box.bottom, height))
    return inside if inside.width >= 4 and inside.height >= 4 else None
