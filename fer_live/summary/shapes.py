"""What a page is made of; one layout is drawn as SVG and as PNG. Sizes in pixels of a page of `WIDTH`."""

from dataclasses import dataclass
from typing import TypeAlias

from fer_live.fonts import Anchor
from fer_live.types import Image

Colour: TypeAlias = tuple[int, int, int]  # RGB


@dataclass(frozen=True)
class Rectangle:
    """`radius`: of its corners. `hint`: shown where a mouse rests on it."""

    left: float
    top: float
    width: float
    height: float
    fill: Colour
    radius: float = 0
    hint: str = ""


@dataclass(frozen=True)
class Area:
    """A filled outline, with a line along its corners but the first and last, which lie on the ground."""

    corners: tuple[tuple[float, float], ...]
    fill: Colour
    line: Colour
    hint: str = ""


@dataclass(frozen=True)
class Words:
    """A line of text; `x`, `y`: its anchor on the base line."""

    x: float
    y: float
    text: str
    size: int
    colour: Colour
    bold: bool = False
    anchor: Anchor = "start"


@dataclass(frozen=True, eq=False)
class Picture:
    """(h, w, 3) RGB, drawn as a square of `side`."""

    left: float
    top: float
    side: float
    image: Image
    hint: str = ""


Shape: TypeAlias = Rectangle | Area | Words | Picture


@dataclass(frozen=True)
class Page:
    """Shapes in the order in which they are drawn, texts above all else."""

    title: str
    width: int
    height: int
    background: Colour
    shapes: tuple[Shape, ...]
