"""The page: who was seen, what each showed when, and for how much of the time."""

import math

from fer_live.errors import one_line
from fer_live.summary.collect import Summary, shares
from fer_live.summary.person_card import person_card
from fer_live.summary.shapes import Colour, Page, Rectangle, Shape, Words
from fer_live.summary.style import BACKGROUND, CARD, INK, MARGIN, MUTED, PADDING, WIDTH
from fer_live.summary.words import clock, counted, percent

SHOWN = 12  # people with a card of their own
TITLE, WIDE = (26, 14), 0.7  # sizes of its type, and of type the width that a bold letter takes
ETHICS = "Read from facial configurations, not feelings, and often wrong: not for decisions about people."


def lay_out(summary: Summary, title: str) -> Page:
    """The summary as shapes. People seen longest come first; those beyond `SHOWN` are counted."""
    title = one_line(title)  # a file's name may hold line breaks
    shapes: list[Shape] = [
        _heading(title),
        Words(MARGIN, 84, _subtitle(summary), 15, MUTED),
    ]
    bottom = 108.0
    if summary.readings:
        bottom = _overall(shapes, summary, bottom)
        for person in summary.people[:SHOWN]:
            bottom = person_card(shapes, summary, person, bottom + 20)
        others = summary.people[SHOWN:]
        if others:
            readings = max(person.readings for person in others)
            rest = f"{counted(len(others), 'more person', 'more people')}, each read {readings:,} times at most"
            shapes.append(Words(MARGIN, bottom + 32, rest, 14, MUTED))
            bottom += 32
    shapes.append(Words(MARGIN, bottom + 36, ETHICS, 13, MUTED))
    return Page(title, WIDTH, math.ceil(bottom + 60), BACKGROUND, tuple(shapes))


def table(summary: Summary) -> list[list[str]]:
    """The numbers in words: a heading, and a row for each person."""
    labels = summary.labels
    rows = [["", "from", "to", "readings", *map(str, labels)]]
    for person in summary.people:
        times = [clock(person.first), clock(person.last)]
        shown = [percent(person.shares[expression]) for expression in labels]
        rows.append([person.name, *times, f"{person.readings:,}", *shown])
    return rows


def _heading(title: str) -> Words:
    """The title within the page: in smaller type where it is long, without its middle where it is longer still."""
    letters = (WIDTH - 2 * MARGIN) / WIDE  # that fit, in type of one pixel
    large, small = TITLE
    if len(title) > letters / small:
        half = int(letters / small - 1) // 2
        title = f"{title[:half]}…{title[-half:]}"
    return Words(MARGIN, 58, title, min(large, int(letters / max(len(title), 1))), INK, bold=True)


def _subtitle(summary: Summary) -> str:
    if not summary.readings:
        return f"{counted(summary.frames, 'frame', 'frames')}, and no face in them"
    tracked = sum(person.track is not None for person in summary.people)
    parts = [
        f"{clock(summary.length)} long" if summary.length else "",
        counted(summary.frames, "frame", "frames"),
        counted(tracked, "person", "people") if tracked else "",
        counted(summary.readings, "face read", "faces read"),
    ]
    return "  ·  ".join(part for part in parts if part)


def _overall(shapes: list[Shape], summary: Summary, top: float) -> float:
    """A card with the share of each expression among all; returns its bottom."""
    share = shares(summary.people)
    shown = sorted(summary.labels, key=lambda expression: -share[expression])
    rows = math.ceil(len(shown) / 4)
    height = 96 + 26 * rows
    shapes.append(Rectangle(MARGIN, top, WIDTH - 2 * MARGIN, height, CARD, 10))
    of = "time" if summary.duration else "readings"
    shapes.append(Words(MARGIN + PADDING, top + 34, f"Share of {of}, all faces", 16, INK, True))
    left, room = MARGIN + PADDING, WIDTH - 2 * (MARGIN + PADDING)
    begin = float(left)
    for expression in shown:
        width = share[expression] * room
        if width >= 0.5:
            hint = f"{expression}: {percent(share[expression])}"
            part = Rectangle(begin, top + 52, max(width - 2, 0.5), 25, expression.colour, 2, hint)
            shapes.append(part)
        if width > 12 + 9 * len(str(expression)):
            ink = _readable_on(expression.colour)
            shapes.append(Words(begin + 9, top + 69, str(expression), 13, ink))
        begin += width
    for i, expression in enumerate(shown):
        x, y = left + (i % 4) * room / 4, top + 106 + 26 * (i // 4)
        shapes.append(Rectangle(x, y - 11, 13, 13, expression.colour, 3))
        shapes.append(Words(x + 21, y, str(expression), 14, INK))
        end = x + room / 4 - 40
        shapes.append(Words(end, y, percent(share[expression]), 14, INK, True, "end"))
    return top + height


def _readable_on(colour: Colour) -> Colour:
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else CARD
