"""The label and the bars of every face."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile

from fer_live.overlay import sprites
from fer_live.overlay.arrange import Arranged, Size, Wanted, arrange
from fer_live.overlay.bars import CROWD, bar_types, bars_size, draw_bars
from fer_live.overlay.label import FORMS, draw_label, label_size, words
from fer_live.overlay.layout import panel_area, type_size, visible
from fer_live.types import Box, Image, Reading

WIDEST = 2.2  # face widths: of a label in a crowd


@dataclass
class Panels:
    """At each face its label, and with `bars` a panel of bars beside it where there is room.

    `detailed`: the track whose bars are shown elsewhere. One object for each stream: what lies somewhere stays there while it can.
    """

    bars: bool = True
    detailed: int | None = None
    _before: dict[int, Arranged] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, canvas: Image, readings: Sequence[Reading]) -> None:
        # Oldest track first: the detector's own order changes from frame to frame.
        seen = sorted(
            ((reading, box) for reading in readings if (box := visible(reading, canvas))),
            key=lambda pair: pair[0].track or 0,
        )
        size, types = type_size(canvas), bar_types(canvas, len(seen))
        signed = len(seen) > 1
        said = [words(reading) for reading, _ in seen]
        wanted = [
            Wanted(
                box,
                _labels(box, [label_size(content, size, form) for form in FORMS], len(seen)),
                [bars_size(reading, small, signed) for small in types]
                if self._has_bars(reading)
                else [],
            )
            for (reading, box), content in zip(seen, said, strict=True)
        ]
        before = [self._before.get(reading.track or 0) for reading, _ in seen]
        arranged = arrange(wanted, panel_area(canvas), max(size / 3, 2), before)
        for (reading, _), content, one, (label, bars) in zip(
            seen, said, wanted, arranged, strict=True
        ):
            if label:
                # The last forms are left where the first are too wide for the face.
                form = len(FORMS) - len(one.labels) + label.form
                sprite = draw_label(content, size, form)
                sprites.paste(canvas, sprite, int(label.box.left), int(label.box.top))
            if bars:
                left, top = int(bars.box.left), int(bars.box.top)
                draw_bars(canvas, reading, left, top, types[bars.form], signed)
        self._before = {
            reading.track: one
            for (reading, _), one in zip(seen, arranged, strict=True)
            if reading.track is not None
        }

    def _has_bars(self, reading: Reading) -> bool:
        return self.bars and (self.detailed is None or reading.track != self.detailed)


def _labels(box: Box, sizes: list[Size], faces: int) -> list[Size]:
    """The forms to try: in a crowd none that is much wider than its face, but always the smallest."""
    if faces <= CROWD:
        return sizes
    narrow = dropwhile(lambda size: size[0] > WIDEST * box.width, sizes)
    return list(narrow) or sizes[-1:]
