"""The confusion matrix as a table of buttons, and the scores above it."""

from html import escape
from math import isfinite

import numpy as np

from fer_live.web.inspect.evaluation import Evaluation
from fer_live.web.inspect.selection import Selection
from fer_live.web.show import percent, tiles

# Light to dark blue: one hue, so that only lightness tells (colour-blind safe); white text from the middle on.
PALE, DEEP = np.array([239, 246, 252]), np.array([8, 64, 129])
DARK = 0.45  # share from which text is white


def matrix(evaluation: Evaluation, selection: Selection) -> str:
    """Rows are the true classes; each cell is a button, so that a keyboard reaches it."""
    names = [str(label) for label in evaluation.labels]
    counts = evaluation.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    head = "".join(f'<th scope="col"><span>{name}</span></th>' for name in names)
    rows = []
    for i, true in enumerate(names):
        cells = [
            _cell(true, predicted, int(counts[i, j]), float(shares[i, j]), selection)
            for j, predicted in enumerate(names)
        ]
        rows.append(f'<tr><th scope="row">{true}</th>{"".join(cells)}</tr>')
    return (
        '<table class="matrix"><caption>true class (rows), predicted class (columns): '
        "press a cell to see its faces</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(true: str, predicted: str, count: int, share: float, selection: Selection) -> str:
    pressed = (selection.true, selection.predicted) == (true, predicted)
    red, green, blue = (PALE + (DEEP - PALE) * min(share, 1.0)).astype(int)
    ink = "#fff" if share > DARK else "#12263a"
    shown = percent(share) if selection.rates else str(count)
    faces = f"{count} face{'s' * (count != 1)}"
    label = f"{true} read as {predicted}: {faces}, {share:.0%} of {true}"
    style = f"background:rgb({red},{green},{blue});color:{ink}"
    kind = "right" if true == predicted else "wrong"
    return (
        f'<td class="{kind}"><button type="button" data-pick="{true}/{predicted}" style="{style}" '
        f'aria-pressed="{str(pressed).lower()}" aria-label="{label}" title="{label}">{shown}</button></td>'
    )


def scores(evaluation: Evaluation) -> str:
    """Accuracy and its like, as the predictions themselves give them, and what the folder adds."""
    counts = evaluation.confusion
    per_class = np.diag(counts) / np.maximum(counts.sum(1), 1)
    present = counts.sum(1) > 0
    right = float(np.trace(counts) / counts.sum())
    numbers = [
        ("faces", f"{len(evaluation):,}"),
        ("accuracy", f"{right:.1%}"),
        ("macro recall", f"{per_class[present].mean():.1%}"),
        ("lowest recall", f"{per_class[present].min():.1%}"),
        ("mean confidence", f"{evaluation.confidence.mean():.1%}"),
    ]
    for key, name in (("ece", "ECE"), ("auc", "AUC")):
        value = evaluation.scores.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            numbers.append((name, f"{value:.1%}"))
    return f"<h3>{escape(evaluation.title)}</h3>{tiles(numbers)}"
