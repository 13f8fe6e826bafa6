"""The tab for models: the cards of all weights that are here, side by side."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from fer_live.card import Card
from fer_live.web.readers import Readers
from fer_live.web.show import note, percent, tiles
from fer_live.web.uploads import told

ABOUT = (
    "The cards of all weights found: what each was trained on and how often it is right. Scores on one set do not "
    "carry over to other people and cameras."
)
SCORES = {
    "accuracy": "accuracy",
    "macro_recall": "macro recall",
    "min_recall": "lowest recall",
    "auc": "AUC",
    "ece": "ECE",
    "nll": "NLL",
    "brier": "Brier",
}
SHARES = ("accuracy", "macro_recall", "min_recall", "auc", "ece")


def build(readers: Readers) -> None:
    """Put the tab's parts where the caller stands."""
    gr.Markdown(ABOUT, elem_classes="about")
    chosen = gr.CheckboxGroup(readers.weights, value=readers.weights, label="Models, side by side")
    cards = gr.HTML(show(readers, readers.weights), elem_id="cards")
    chosen.change(told(lambda names: show(readers, names)), chosen, cards, api_visibility="private")


def show(readers: Readers, names: list[str]) -> str:
    """Cards beside each other. Raises UserError where one cannot be read."""
    if not names:
        return note("Choose a model.", "empty")
    articles = "".join(_article(name, readers.card(name)) for name in names)
    return f'<div class="cards">{articles}</div>'


def facts(card: Card) -> str:
    """What the card says of the model, less its scores, as a table."""
    splits = ", ".join(f"{split} {count:,}" for split, count in card.split_sizes.items())
    said = {
        "network": card.network,
        "input": f"{card.size} x {card.size}, {'grey' if card.channels == 1 else 'RGB'}",
        "trained on": f"{card.dataset} ({splits})" if splits else card.dataset,
        "recipe": str(card.recipe.get("name", "")),
        "temperature": f"{card.temperature:.2f}",
        "last layer": _fitted(card),
        "names one expression": f"from {percent(card.abstain_below)}",
        "licence": card.licence,
        "commit": card.commit[:12],
    }
    rows = "".join(
        f"<tr><th scope='row'>{key}</th><td>{escape(value)}</td></tr>"
        for key, value in said.items()
        if value
    )
    return f'<table class="facts">{rows}</table>'


def _fitted(card: Card) -> str:
    fitted = card.training.get("matrix_scaling")
    if not fitted:
        return ""
    return (
        f"fitted to {fitted['split']}; by that of other faces: accuracy {fitted['accuracy']:.1%}, "
        f"ECE {fitted['ece']:.1%}"
    )


def _article(name: str, card: Card) -> str:
    recipe = escape(json.dumps(card.recipe, indent=1, default=str))
    return (
        f'<article class="card"><h3>{escape(name)}</h3>{facts(card)}'
        + "".join(_metrics(split, found) for split, found in _splits(card).items())
        + f"<details><summary>the whole recipe</summary><pre>{recipe}</pre></details></article>"
    )


def _splits(card: Card) -> dict[str, Mapping[str, Any]]:
    """What the card's metrics are of; a card may hold them directly."""
    if "accuracy" in card.metrics:
        return {"": card.metrics}
    return {key: value for key, value in card.metrics.items() if isinstance(value, Mapping)}


def _metrics(split: str, found: Mapping[str, Any]) -> str:
    numbers = [
        (name, f"{found[key]:{'.1%' if key in SHARES else '.3f'}}")
        for key, name in SCORES.items()
        if isinstance(found.get(key), int | float)
    ]
    return (
        f"<h4>{escape(split)}</h4>{tiles(numbers)}"
        f"{_recalls(found.get('per_class_recall'))}{_confusion(found)}{_reliability(found.get('reliability'))}"
    )


def _recalls(recalls: object) -> str:
    if not isinstance(recalls, Mapping):
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td class="bar"><span style="width:{100 * value:.0f}%">'
        f'</span></td><td class="number">{percent(value)}</td></tr>'
        for name, value in recalls.items()
        if isinstance(value, int | float)
    )
    return f'<table class="bars votes"><caption>recall of each class</caption>{rows}</table>'


def _confusion(found: Mapping[str, Any]) -> str:
    counts, names = found.get("confusion"), found.get("labels")
    if not isinstance(counts, list) or not isinstance(names, list) or len(counts) != len(names):
        return ""
    head = "".join(f"<th scope='col'><span>{escape(str(name))}</span></th>" for name in names)
    rows = []
    for name, row in zip(names, counts, strict=True):
        total = sum(row) or 1
        cells = "".join(f"<td>{percent(count / total)}</td>" for count in row)
        rows.append(f"<tr><th scope='row'>{escape(str(name))}</th>{cells}</tr>")
    return (
        "<details><summary>confusion</summary><table class='plain'><caption>true class (rows), predicted class "
        f"(columns)</caption><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></details>"
    )


def _reliability(bins: object) -> str:
    """Accuracy over confidence as a small plot; the diagonal is what it should be."""
    if not isinstance(bins, Mapping):
        return ""
    pairs = [
        (c, a)
        for c, a in zip(bins.get("confidence", ()), bins.get("accuracy", ()), strict=False)
        if c is not None and a is not None
    ]
    dots = "".join(
        f'<circle cx="{100 * c:.1f}" cy="{100 - 100 * a:.1f}" r="2.4"/>' for c, a in pairs
    )
    words = "; ".join(f"of {percent(c)} sure {percent(a)} right" for c, a in pairs)
    return (
        f'<details><summary>reliability</summary><svg class="plot" viewBox="-2 -2 104 104" role="img" '
        f'aria-label="accuracy over confidence: {words}"><rect width="100" height="100"/>'
        f'<line x1="0" y1="100" x2="100" y2="0"/>{dots}</svg>'
        f"{note('Accuracy (up) over confidence (right): on the line, the model is as sure as it is right.')}</details>"
    )
