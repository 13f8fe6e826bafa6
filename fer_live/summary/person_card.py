"""One person on the page: what was shown when, for how much of the time, and at its clearest."""

import math
from collections.abc import Iterable

from fer_live.expressions import Expression
from fer_live.summary.collect import Moment, Person, Summary
from fer_live.summary.shapes import Area, Colour, Picture, Rectangle, Shape, Words
from fer_live.summary.style import CARD, INK, MARGIN, MUTED, PADDING, WIDTH
from fer_live.summary.words import clock, percent

SEEN: Colour = (240, 242, 246)  # behind a timeline, while the person was there
RULE: Colour = (222, 225, 231)

LANE = 26  # height of an expression's row
PLOT = (150, 640)  # left and right of the timelines
BAR = (664, 824)  # of the shares
SHARE, COUNT = 880, 944  # right ends of the numbers
THUMBNAIL = 96
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


def person_card(shapes: list[Shape], summary: Summary, person: Person, top: float) -> float:
    """One person's rows, an expression each; returns the card's bottom."""
    labels = summary.labels
    thumbnails = [(e, moment) for e, moment in person.moments if moment.thumbnail is not None]
    timed = bool(summary.duration)
    lanes = top + 74
    axis = lanes + LANE * len(labels) + (30 if timed else 8)
    height = axis + (THUMBNAIL + 68 if thumbnails else 0) + 14 - top
    left, right = MARGIN + PADDING, WIDTH - MARGIN - PADDING
    shapes.append(Rectangle(MARGIN, top, WIDTH - 2 * MARGIN, height, CARD, 10))
    shapes.append(Words(left, top + 36, person.name, 18, INK, True))
    seen = f"seen from {clock(person.first)} to {clock(person.last)}" if timed else ""
    shapes.append(Words(right, top + 36, seen, 14, MUTED, anchor="end"))
    plot, bar = (PLOT if timed else None), ((PLOT[0] if not timed else BAR[0]), BAR[1])
    if plot:
        shapes.append(Words(plot[0], top + 64, "probability", 13, MUTED))
    of = "share of time" if timed else "share of readings"
    shapes.append(Words(bar[0], top + 64, of, 13, MUTED))
    shapes.append(Words(COUNT, top + 64, "readings", 13, MUTED, anchor="end"))
    share = person.shares
    for i, expression in enumerate(labels):
        ground = lanes + LANE * (i + 1)
        hint = f"{person.name}, {expression}: {percent(share[expression])}"
        shapes.append(Words(left, ground - 7, str(expression), 14, INK))
        if plot:
            _timeline(shapes, summary, person, expression, (*plot, ground), hint)
        width = share[expression] * (bar[1] - bar[0])
        shapes.append(Rectangle(bar[0], ground - 18, bar[1] - bar[0], 12, SEEN, 3))
        if width >= 0.5:
            shapes.append(Rectangle(bar[0], ground - 18, width, 12, expression.colour, 3, hint))
        shapes.append(
            Words(SHARE, ground - 7, percent(share[expression]), 14, INK, True, "end"),
        )
        count = f"{person.counts[expression]:,}"
        shapes.append(Words(COUNT, ground - 7, count, 14, MUTED, anchor="end"))
    if plot:
        _ticks(shapes, summary, (*plot, lanes + LANE * len(labels)))
    if thumbnails:
        _moments(shapes, thumbnails, timed, left, axis + 10)
    return top + height


def _timeline(
    shapes: list[Shape],
    summary: Summary,
    person: Person,
    expression: Expression,
    place: tuple[float, float, float],
    hint: str,
) -> None:
    """The expression's probability over time; `place`: left, right and ground."""
    left, right, ground = place
    scale = (right - left) / summary.duration
    high = LANE - 4
    for run in _runs(person.bins, summary.patience):
        spans = [
            (left + i * summary.width * scale, min(left + (i + 1) * summary.width * scale, right))
            for i in run
        ]
        begin, end = spans[0][0], max(spans[-1][1], spans[0][0] + 1)
        shapes.append(Rectangle(begin, ground - high, end - begin, high, SEEN))
        heights = [person.bins[i].mean(expression) * high for i in run]
        if max(heights) < 0.4:
            continue
        line = [((a + b) / 2, ground - h) for (a, b), h in zip(spans, heights, strict=True)]
        line = [(begin, ground - heights[0]), *line, (end, ground - heights[-1])]
        corners = ((begin, ground), *line, (end, ground))
        shapes.append(Area(corners, expression.colour, _darker(expression.colour), hint))
    shapes.append(Rectangle(left, ground, right - left, 1, RULE))


def _runs(bins: Iterable[int], patience: int) -> list[list[int]]:
    """Indices of bins in unbroken runs."""
    runs: list[list[int]] = []
    for index in sorted(bins):
        if runs and index - runs[-1][-1] <= patience:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _ticks(shapes: list[Shape], summary: Summary, place: tuple[float, float, float]) -> None:
    """Times below the timelines; `place`: left, right and top."""
    left, right, top = place
    longest = TICKS[-1] * math.ceil(summary.duration / TICKS[-1] / 6)  # of sessions of days
    step = next((step for step in TICKS if summary.duration / step <= 6), longest)
    began = summary.began or 0.0
    tick = math.ceil(began / step - 1e-9) * step
    while tick <= summary.ended + 1e-9:
        x = left + (tick - began) / summary.duration * (right - left)
        shapes.append(Rectangle(x, top, 1, 5, MUTED))
        text = clock(tick) if step >= 1 else f"{tick:.1f} s"
        shapes.append(Words(x, top + 20, text, 12, MUTED, anchor="middle"))
        tick += step


def _moments(
    shapes: list[Shape],
    moments: list[tuple[Expression, Moment]],
    timed: bool,
    left: float,
    top: float,
) -> None:
    """A thumbnail of each expression at its clearest."""
    shapes.append(Words(left, top + 14, "clearest moments", 13, MUTED))
    for i, (expression, moment) in enumerate(moments):
        x, y = left + i * (THUMBNAIL + 14), top + 24
        when = f"at {clock(moment.seconds)}" if timed else moment.source or f"{moment.frame}"
        hint = f"{expression} {percent(moment.probability)}, {when}"
        assert moment.thumbnail is not None
        shapes.append(Picture(x, y, THUMBNAIL, moment.thumbnail, hint))
        below = f"{expression} {percent(moment.probability)}"
        shapes.append(Words(x, y + THUMBNAIL + 16, below, 12, INK))
        shapes.append(Words(x, y + THUMBNAIL + 31, when[:16], 12, MUTED))


def _darker(colour: Colour) -> Colour:
    red, green, blue = (round(0.72 * part) for part in colour)
    return red, green, blue
