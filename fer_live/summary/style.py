"""Measures and colours of the page, which its parts share."""

from fer_live.summary.shapes import Colour

WIDTH, MARGIN, PADDING = 1000, 32, 24
BACKGROUND: Colour = (243, 244, 247)
CARD: Colour = (255, 255, 255)
INK: Colour = (28, 32, 40)
MUTED: Colour = (98, 105, 118)
