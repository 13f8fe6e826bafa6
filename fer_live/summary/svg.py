"""A page as SVG inside HTML that needs no other file."""

import base64
import io
from collections.abc import Sequence
from html import escape

import PIL.Image

from fer_live.summary.shapes import Area, Colour, Page, Picture, Rectangle, Shape, Words
from fer_live.types import Image

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


def html_page(page: Page, table: Sequence[Sequence[str]]) -> str:
    """The page, and `table` (its first row the heading) for those who cannot see it or want to copy."""
    background = _hex(page.background)
    head, *body = table
    heading = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in head)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title>
<style>
body {{ margin: 0; background: {background}; font-family: {FONT}; color: #1c2028; }}
svg {{ display: block; width: 100%; max-width: {page.width}px; height: auto; margin: 0 auto; }}
details {{ max-width: {page.width - 64}px; margin: 0 auto; padding: 0 32px 32px; font-size: 14px; }}
summary {{ cursor: pointer; }}
table {{ border-collapse: collapse; margin-top: 12px; }}
th, td {{ padding: 4px 12px 4px 0; text-align: right; border-bottom: 1px solid #d8dbe1; }}
th:first-child, td:first-child {{ text-align: left; }}
</style>
</head>
<body>
{svg(page)}
<details>
<summary>The numbers as a table</summary>
<table>
<thead><tr>{heading}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</details>
</body>
</html>
"""


def svg(page: Page) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page.width} {page.height}" '
        f'role="img" aria-label="{escape(page.title)}" font-family="{FONT}">',
        f'<rect width="{page.width}" height="{page.height}" fill="{_hex(page.background)}"/>',
        *(_element(shape) for shape in page.shapes if not isinstance(shape, Words)),
        *(_element(shape) for shape in page.shapes if isinstance(shape, Words)),
        "</svg>",
    ]
    return "\n".join(lines)


def _element(shape: Shape) -> str:
    if isinstance(shape, Rectangle):
        place = f'x="{shape.left:.1f}" y="{shape.top:.1f}"'
        size = f'width="{shape.width:.1f}" height="{shape.height:.1f}" rx="{shape.radius:.1f}"'
        return _hinted(f'<rect {place} {size} fill="{_hex(shape.fill)}"', "rect", shape.hint)
    if isinstance(shape, Area):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.corners)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.corners[1:-1])
        filled = f'<polygon points="{corners}" fill="{_hex(shape.fill)}"'
        outline = f'<polyline points="{line}" fill="none" stroke="{_hex(shape.line)}"/>'
        return _hinted(filled, "polygon", shape.hint) + outline
    if isinstance(shape, Picture):
        place = (
            f'x="{shape.left:.1f}" y="{shape.top:.1f}" width="{shape.side}" height="{shape.side}"'
        )
        return _hinted(f'<image {place} href="{_data(shape.image)}"', "image", shape.hint)
    weight = ' font-weight="600"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size}" '
        f'fill="{_hex(shape.colour)}" text-anchor="{shape.anchor}"{weight}>'
        f"{escape(shape.text)}</text>"
    )


def _hinted(begun: str, name: str, hint: str) -> str:
    return f"{begun}><title>{escape(hint)}</title></{name}>" if hint else f"{begun}/>"


def _data(image: Image) -> str:
    """A picture as a URL that holds it."""
    encoded = io.BytesIO()
    PIL.Image.fromarray(image).save(encoded, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}"


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
