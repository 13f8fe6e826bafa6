"""Where the label and the bars of each face go, so that none lies over another."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.types import Box

Size: TypeAlias = tuple[int, int]  # width, height
Boxes: TypeAlias = NDArray[np.float64]  # (n, 4) xyxy
Wishes: TypeAlias = list[tuple[float, float]]  # left, top

OTHERS = 3.0  # what it costs to hide another face, for 1 of one's own
COSTLY = 0.3  # at most; a smaller form is tried first
LOYALTY = 0.1  # of the cost: what a place is worth for being that of the frame before
STICKY = 1.5  # times the area of a face that had bars: it keeps them before others get any


class Wanted(NamedTuple):
    """One face: its box, and the sizes of the forms of its label and its bars, best first."""

    box: Box
    labels: Sequence[Size]
    bars: Sequence[Size]


class Spot(NamedTuple):
    """Where something lies, in which of its forms, by which of the wishes."""

    box: Box
    form: int
    wish: int


class Arranged(NamedTuple):
    """None where there is no room."""

    label: Spot | None = None
    bars: Spot | None = None


def arrange(
    wanted: Sequence[Wanted], area: Box, gap: float, before: Sequence[Arranged | None] = ()
) -> list[Arranged]:
    """Labels for all, then bars for as many as fit, larger faces first; same order as `wanted`.

    All lie whole within `area`, and none over another. A label shrinks to its next form rather than
    hide a neighbour; bars are left out. `gap`: pixels from a face to what is beside it, and half of it
    between others. `before`: how it was in the frame before, so that nothing jumps to and fro.
    """
    known = list(before) or [None] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda i: _weight(wanted[i].box, known[i]), reverse=True)
    table = _Table(np.array([w.box for w in wanted], float).reshape(-1, 4), area, gap)
    labels: list[Spot | None] = [None] * len(wanted)
    bars: list[Spot | None] = [None] * len(wanted)
    for i in order:
        last = (known[i] or Arranged()).label
        labels[i] = table.put(i, wanted[i].labels, _beside(wanted[i].box, gap), last, must=True)
    for i in order:
        if wanted[i].bars:
            label = labels[i]
            own = label.box if label else wanted[i].box
            wishes = _around(wanted[i].box, own, gap, lone=len(wanted) == 1)
            last = (known[i] or Arranged()).bars
            bars[i] = table.put(i, wanted[i].bars, wishes, last, must=False)
    return [Arranged(*pair) for pair in zip(labels, bars, strict=True)]


class _Table:
    """The area, its faces, and what lies there already."""

    def __init__(self, faces: Boxes, area: Box, gap: float):
        self.faces, self.area, self.gap = faces, area, gap
        self.taken = np.empty((0, 4))

    def put(
        self,
        face: int,
        sizes: Sequence[Size],
        wishes: Callable[[Size], Wishes],
        last: Spot | None,
        must: bool,
    ) -> Spot | None:
        """The first form that fits, at the wish that hides least; with `must` the last one hides what it has to."""
        for form, size in enumerate(sizes):
            if size[0] > self.area.width or size[1] > self.area.height:
                continue
            boxes = self._inside(wishes(size), size)
            same = np.zeros(len(boxes), bool)
            if last is not None and last.form == form and last.wish < len(boxes):
                same[last.wish] = True
            better = last is not None and form < last.form
            # A larger form than before must fit well, or it would come and go.
            clear = np.where(same, 0.0, self.gap if better else self.gap / 2)
            free = ~_meet(boxes, self.taken, clear).any(1)
            hidden = _hidden(self.faces, boxes)  # (wishes, faces)
            cost = hidden[:, face] + OTHERS * (hidden.sum(1) - hidden[:, face])
            if not (must and form == len(sizes) - 1):
                free &= cost <= COSTLY * np.where(same, 1.4, 0.7 if better else 1.0)
            if free.any():
                wish = int(np.argmin(np.where(free, cost - LOYALTY * same, np.inf)))
                self.taken = np.concatenate([self.taken, boxes[wish : wish + 1]])
                return Spot(Box(*map(int, boxes[wish])), form, wish)
        return None

    def _inside(self, corners: Wishes, size: Size) -> Boxes:
        """Boxes of `size` at the wished corners (left, top), moved into the area."""
        left, top, right, bottom = self.area
        places = np.array(corners, float)
        x = np.clip(places[:, 0], left, right - size[0]).round()
        y = np.clip(places[:, 1], top, bottom - size[1]).round()
        return np.stack([x, y, x + size[0], y + size[1]], 1)


def _weight(box: Box, before: Arranged | None) -> float:
    had_bars = before is not None and before.bars is not None
    return box.width * box.height * (STICKY if had_bars else 1.0)


def _beside(box: Box, gap: float) -> Callable[[Size], Wishes]:
    """Above and below the face by its left or right edge, right and left of it, in its corners."""

    def wishes(size: Size) -> Wishes:
        width, height = size
        above, below = box.top - height - gap, box.bottom + gap
        far = box.right - width
        return [
            (box.left, above),
            (far, above),
            (box.left, below),
            (far, below),
            (box.right + gap, box.top),
            (box.left - gap - width, box.top),
            (box.left + gap, box.top + gap),
            (box.left + gap, box.bottom - height - gap),
        ]

    return wishes


def _around(box: Box, label: Box, gap: float, lone: bool) -> Callable[[Size], Wishes]:
    """Right and left of the face, right and left of its label too, below both, in its corners.

    Above both only if it is `lone`: between two faces, bars would be taken for those of the upper one.
    """
    right, left = max(box.right, label.right), min(box.left, label.left)
    below, above = max(box.bottom, label.bottom), min(box.top, label.top)

    def wishes(size: Size) -> Wishes:
        width, height = size
        beside = [
            (box.right + gap, box.top),
            (box.left - gap - width, box.top),
            (right + gap, box.top),
            (left - gap - width, box.top),
            (box.right + gap, box.bottom - height),
            (box.left - gap - width, box.bottom - height),
            (box.left, below + gap),
            (box.right - width - gap, box.bottom - height - gap),
            (box.left + gap, box.bottom - height - gap),
            (box.right - width - gap, label.bottom + gap),
            (box.left + gap, label.bottom + gap),
        ]
        return [*beside, (box.left, above - gap - height)] if lone else beside

    return wishes


def _overlap(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(m, 4), (n, 4) -> (m, n): pixels in common."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray((high - low).clip(0).prod(2))


def _meet(boxes: Boxes, taken: Boxes, clear: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(m, 4), (n, 4), (m,) pixels to keep free -> (m, n)."""
    return _overlap(boxes + clear[:, None] * (-1, -1, 1, 1), taken) > 0


def _hidden(faces: Boxes, boxes: Boxes) -> NDArray[np.float64]:
    """(n, 4), (m, 4) -> (m, n): the share of each face that lies under each box."""
    sizes = (faces[:, 2] - faces[:, 0]) * (faces[:, 3] - faces[:, 1])
    return _overlap(boxes, faces) / np.maximum(sizes, 1)
