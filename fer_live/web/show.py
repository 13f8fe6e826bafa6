"""Pieces of the page as HTML: pictures with a text for those who cannot see them, and bars."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import cv2
import numpy as np
import PIL.Image

from fer_live.expressions import Expression
from fer_live.types import Image

# As `train.metrics` computes them.
MEANINGS = {
    "macro recall": "recall of each class, averaged: rare classes count as much as frequent ones",
    "lowest recall": "recall of the class that is missed most often",
    "AUC": "area under the ROC curve of each class against the rest, mean: 50% is chance",
    "ECE": "expected calibration error: how far confidence and accuracy lie apart",
    "NLL": "negative log-likelihood of the true class in nats: lower is better",
    "Brier": "squared distance from the probabilities to the truth, 0 to 2: lower is better",
}


def picture(image: Image, text: str, kind: str = "", lossless: bool = False) -> str:
    """An <img> that holds its pixels; `text` says what is to be seen."""
    encoded = io.BytesIO()
    if lossless:
        PIL.Image.fromarray(image).save(encoded, "PNG")
    else:
        PIL.Image.fromarray(image).save(encoded, "JPEG", quality=88)
    return embedded(encoded.getvalue(), "png" if lossless else "jpeg", text, kind)


def embedded(encoded: bytes, kind: str, text: str, style: str = "") -> str:
    data = base64.b64encode(encoded).decode()
    return f'<img class="{style}" alt="{escape(text)}" src="data:image/{kind};base64,{data}">'


def figure(image: Image, text: str, caption: str) -> str:
    """A picture with a caption below."""
    return f"<figure>{picture(image, text)}<figcaption>{escape(caption)}</figcaption></figure>"


def bars(
    probabilities: Mapping[Expression, float],
    strong: Sequence[Expression] = (),
    marked: Expression | None = None,
) -> str:
    """One bar for each expression, always in the model's order; `strong` are the label's, `marked` the truth."""
    rows = []
    for expression, p in probabilities.items():
        style = "strong" if expression in strong else ""
        sign = (
            ' <span class="truth" title="the true one">true</span>' if expression == marked else ""
        )
        rows.append(
            f'<tr class="{style}"><th scope="row">{expression}{sign}</th>'
            f'<td class="bar"><span style="width:{100 * p:.1f}%;background:{css(expression)}"></span></td>'
            f'<td class="number">{percent(p)}</td></tr>'
        )
    body = "".join(rows)
    return f'<table class="bars"><caption class="hidden">probabilities</caption>{body}</table>'


def tiles(numbers: Sequence[tuple[str, str]]) -> str:
    """Names and values; the pointer over a score's name shows what it means."""
    return f'<dl class="tiles">{"".join(_tile(name, value) for name, value in numbers)}</dl>'


def _tile(name: str, value: str) -> str:
    meaning = MEANINGS.get(name)
    term = f'<abbr title="{escape(meaning)}">{name}</abbr>' if meaning else name
    return f"<div><dt>{term}</dt><dd>{value}</dd></div>"


def percent(share: float) -> str:
    return f"{share:.0%}"


def rank(uncertainty: float | None) -> str:
    """The uncertainty in words."""
    if uncertainty is None:
        return "this model does not estimate its uncertainty"
    return f"more unsure than of {round(100 * uncertainty)} in 100 training faces"


def named(label: Sequence[Expression]) -> str:
    """What a reading is called."""
    return " or ".join(map(str, label)) or "unsure"


def css(expression: Expression) -> str:
    return "#{:02x}{:02x}{:02x}".format(*expression.colour)


def note(text: str, kind: str = "note") -> str:
    return f'<p class="{kind}">{escape(text)}</p>'


def enlarged(image: Image, side: int) -> Image:
    """(side, side, 3) RGB of a square picture, grey or RGB."""
    colour = (
        image
        if image.ndim == 3 and image.shape[2] == 3
        else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    )
    how = cv2.INTER_AREA if max(image.shape[:2]) > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(colour, (side, side), interpolation=how), np.uint8)


def shrunk(image: Image, longest: int) -> tuple[Image, float]:
    """The picture with its longer side at most so many pixels, and the factor."""
    scale = min(1.0, longest / max(image.shape[:2]))
    if scale == 1:
        return image, 1.0
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale
