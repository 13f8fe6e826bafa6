"""One page of faces as buttons, and the buttons to the other pages."""

from html import escape
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.web.inspect.evaluation import Evaluation
from fer_live.web.inspect.selection import PAGE, Selection
from fer_live.web.show import embedded, note, percent


def grid(evaluation: Evaluation, places: NDArray[np.int64], selection: Selection) -> str:
    """Only this page's pictures are read, so that thousands of faces are as quick as a few."""
    pages = max(-(-len(places) // PAGE), 1)
    page = min(selection.page, pages)
    shown = places[(page - 1) * PAGE : page * PAGE]
    cells = "".join(_cell(evaluation, int(place), selection) for place in shown)
    address = urlencode(selection.to_address())
    head = f"<h3>{len(places):,} face{'s' * (len(places) != 1)}</h3>"
    body = (
        f'<div class="grid">{cells}</div>'
        if cells
        else note("No face fits these filters.", "empty")
    )
    return f'<div data-address="{escape(address)}">{head}{_pager(page, pages)}{body}</div>'


def _cell(evaluation: Evaluation, place: int, selection: Selection) -> str:
    true = str(evaluation.labels[evaluation.true[place]])
    predicted = str(evaluation.labels[evaluation.predicted[place]])
    row = int(evaluation.rows[place])
    sure = percent(float(evaluation.confidence[place]))
    right = true == predicted
    text = f"face {row}: {true}, read as {predicted} with {sure}"
    pressed = str(row == selection.face).lower()
    caption = f"{predicted} {sure}" if right else f"{true} → {predicted} {sure}"
    return (
        f'<button type="button" data-pick="face/{row}" aria-pressed="{pressed}" title="{text}" '
        f'class="{"right" if right else "wrong"}">{_thumbnail(evaluation, row, text)}'
        f"<span>{caption}</span></button>"
    )


def _thumbnail(evaluation: Evaluation, row: int, text: str) -> str:
    """The file's own bytes: nothing is decoded for an overview."""
    if evaluation.pictures is None:
        return '<i class="missing">no picture</i>'
    try:
        encoded = evaluation.pictures.encoded(row)
    except UserError:
        return '<i class="missing">no picture</i>'
    return embedded(encoded, "jpeg" if encoded[:2] == b"\xff\xd8" else "png", text)


def _pager(page: int, pages: int) -> str:
    if pages == 1:
        return ""
    steps = [("first", 1), ("before", page - 1), ("next", page + 1), ("last", pages)]
    buttons = "".join(
        f'<button type="button" data-pick="page/{number}"'
        f"{'' if 1 <= number <= pages and number != page else ' disabled'}>{name}</button>"
        for name, number in steps
    )
    return (
        f'<nav class="pager" aria-label="pages">{buttons}<span>page {page} of {pages}</span></nav>'
    )
