"""The tab's parts and what happens when one of them is used."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import gradio as gr

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.web.inspect import marks
from fer_live.web.inspect.evaluation import Evaluation
from fer_live.web.inspect.face import detail
from fer_live.web.inspect.folders import Folders
from fer_live.web.inspect.grid import grid
from fer_live.web.inspect.marks import Mark
from fer_live.web.inspect.matrix import matrix, scores
from fer_live.web.inspect.means import means
from fer_live.web.inspect.selection import ANY, ORDERS, PAIRS, Selection, check_same_faces, chosen
from fer_live.web.models import facts
from fer_live.web.readers import Readers
from fer_live.web.show import note
from fer_live.web.theme import script
from fer_live.web.uploads import told

ABOUT = (
    "Shows what a model got wrong on a labelled set, down to the heat-maps of one error. For studying models: "
    "labels are noisy, and no face here says anything about its owner."
)
NOTHING = "No folder to inspect. Start with: fer-live web --inspect FOLDER, which python -m train evaluate wrote."
AWAY = "The server lost sight of this page for a while; load it again: its address holds what you chose."
NO_FACE = "Choose a face above to see where the model looked."
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def build(
    readers: Readers, folders: Folders, blocks: gr.Blocks, tabs: gr.Tabs, tab: gr.Tab
) -> tuple[gr.File]:
    """Put the tab's parts where the caller stands; the one that holds a file."""
    selection = gr.State(Selection())
    marked = gr.State([])
    names = folders.names
    gr.Markdown(ABOUT, elem_classes="about")
    with gr.Row():
        of = gr.Dropdown(names, label="Folder", value=names[0] if names else None)
        against = gr.Dropdown(_rivals(folders), label="Compare with", value="")
        pair = gr.Dropdown(
            [(text, key) for key, text in PAIRS.items()], label="Of both", value="all"
        )
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            summary = gr.HTML(note(NOTHING, "empty") if not names else "", elem_id="scores")
            rates = gr.Checkbox(label="Shares of each row instead of counts")
            table = gr.HTML("", js_on_load=script("picks.js"), elem_id="matrix")
        with gr.Column(scale=4, min_width=300), gr.Accordion("Filters", open=True):
            classes = [ANY, *map(str, Expression)]
            with gr.Row():
                true = gr.Dropdown(classes, value=ANY, label="True", min_width=120)
                predicted = gr.Dropdown(classes, value=ANY, label="Predicted", min_width=120)
            wrong = gr.Checkbox(label="Wrong only")
            order = gr.Dropdown(list(ORDERS), value=ORDERS[0], label="Order")
            with gr.Row():
                low = gr.Slider(0, 1, 0, step=0.01, label="Confidence ≥", min_width=120)
                high = gr.Slider(0, 1, 1, step=0.01, label="Confidence ≤", min_width=120)
            again = gr.Button("Show all faces")
    faces = gr.HTML("", js_on_load=script("picks.js") + script("address.js"), elem_id="faces")
    face = gr.HTML(note(NO_FACE, "empty"), js_on_load=script("face.js"), elem_id="face")
    with gr.Row():
        mark = gr.Button("This label looks wrong")
        export = gr.Button("List of marked labels (CSV)")
    listed = gr.File(label="Labels that look wrong", visible=False, interactive=False)
    with gr.Accordion("Mean heat-maps of each class", open=False):
        compute = gr.Button("Compute")
        averages = gr.HTML("", elem_id="means")

    controls = [of, against, pair, true, predicted, wrong, low, high, order, rates]
    view = [selection, *controls, summary, table, faces, face]

    def check(now: Selection) -> None:
        """Raises UserError where no folder is open: there is none, or the page's selection is forgotten."""
        if not now.of:
            raise UserError(AWAY if folders.names else NOTHING)

    def show(now: Selection) -> list[Any]:
        """All parts for that selection. What cannot be shown says why in its own place."""
        if not now.of:
            if folders.names:
                gr.Warning(AWAY)  # an error would cover every part
            return [gr.skip()] * len(view)
        parts: list[str] = []
        try:
            evaluation = folders.open(now.of)
        except UserError as error:
            parts = [note(str(error), "alert"), "", "", ""]
        else:
            other, trouble = _other(folders, now.against, evaluation)
            if trouble:
                now = replace(now, against="")
            places = chosen(now, evaluation, other)
            about = trouble + scores(evaluation) + _cards(readers, evaluation)
            seen = _seen(now, evaluation, other, readers)
            parts = [about, matrix(evaluation, now), grid(evaluation, places, now), seen]
        values: list[Any] = [getattr(now, name) for name in _FIELDS]
        here = now.of if now.of in folders.names else None
        values[:2] = [
            gr.update(value=here, choices=folders.names),
            gr.update(value=now.against, choices=_rivals(folders)),
        ]
        return [now, *values, *parts]

    def begin(request: gr.Request) -> list[Any]:
        query = dict(request.query_params or {})
        now = Selection.from_address(query)
        opened = gr.Tabs(selected="inspect") if "of" in query else gr.skip()
        return [opened, *show(_somewhere(now, folders))]

    def come(now: Selection) -> list[Any]:
        """The tab is opened: corrections may have been added. Other folders are shown already."""
        if now.of and not folders.grows(now.of):
            rest: list[Any] = [gr.skip()] * (len(view) - 3)
            names = gr.update(choices=folders.names)
            # Not the selection: a visitor may have gone on while this was on its way.
            return [gr.skip(), names, gr.update(choices=_rivals(folders)), *rest]
        return show(_somewhere(now, folders))

    def change(now: Selection, *values: Any) -> list[Any]:
        given = dict(zip(_FIELDS, values, strict=True))
        moved = (given["of"] or "") != now.of
        given["of"], given["against"] = given["of"] or "", given["against"] or ""
        now, *parts = show(replace(now, **given, page=1, face=-1 if moved else now.face))
        # The controls stay as they are: a visitor may have moved them on meanwhile.
        return [now, *[gr.skip()] * len(controls), *parts[len(controls) :]]

    def press(now: Selection, event: gr.EventData) -> list[Any]:
        """A cell of the matrix: once more takes it back."""
        true, _, predicted = str(event.pick).partition("/")
        if (now.true, now.predicted) == (true, predicted):
            true = predicted = ANY
        return show(replace(now, true=true, predicted=predicted, page=1, face=-1))

    def pick(now: Selection, event: gr.EventData) -> list[Any]:
        """A face, or another page of them."""
        kind, _, number = str(event.pick).partition("/")
        if kind not in ("face", "page") or not number.isdecimal():
            raise UserError("that is neither a face nor a page; choose again")
        if kind == "page":
            return show(replace(now, page=int(number)))
        return show(replace(now, face=int(number)))

    def clear(now: Selection) -> list[Any]:
        return show(Selection(of=now.of, against=now.against, rates=now.rates))

    def put(now: Selection, list_: list[Mark]) -> tuple[list[Mark], str]:
        check(now)
        if now.face < 0:
            raise UserError("no face is chosen; choose one first")
        list_ = marks.toggled(list_, (now.of, now.face))
        return list_, f"This label looks wrong ({len(list_)} marked)"

    def write(list_: list[Mark]) -> Any:
        opened = {name: folders.open(name) for name, _ in list_ if not folders.gone(name)}
        list_ = [mark for mark in list_ if mark[0] in opened]
        return gr.update(value=marks.write(list_, opened), visible=True)

    def average(now: Selection, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        check(now)
        evaluation = folders.open(now.of)
        models = _models(readers, evaluation, None)
        if not models:
            raise UserError(f"{evaluation.model} is not here; name its file with --model")
        return means(
            evaluation, models[0], readers, lambda places: progress.tqdm(places, desc="classes")
        )

    blocks.load(told(begin), None, [tabs, *view], **PRIVATE)
    tab.select(told(come), selection, view, **PRIVATE)
    gr.on(
        [part.input for part in controls],  # type: ignore[attr-defined]  # Gradio adds it
        told(change),
        [selection, *controls],
        view,
        trigger_mode="always_last",
        **PRIVATE,
    )
    of.input(lambda: "", None, averages, queue=False, **PRIVATE)  # they were another folder's
    table.select(told(press), selection, view, **PRIVATE)
    faces.select(told(pick), selection, view, **PRIVATE)
    again.click(told(clear), selection, view, **PRIVATE)
    mark.click(told(put), [selection, marked], [marked, mark], **PRIVATE)
    export.click(told(write), marked, listed, **PRIVATE)
    compute.click(told(average), selection, averages, **PRIVATE)
    return (listed,)


_FIELDS = ("of", "against", "pair", "true", "predicted", "wrong", "low", "high", "order", "rates")


def _somewhere(now: Selection, folders: Folders) -> Selection:
    """The selection, in the first folder where it has none, or one whose faces were all taken back."""
    if folders.gone(now.against):
        now = replace(now, against="")
    if not now.of or folders.gone(now.of):
        return replace(now, of=next(iter(folders.names), ""), face=-1)
    return now


def _rivals(folders: Folders) -> list[str]:
    """What may be compared with: corrections are of faces that no other folder has."""
    return ["", *(name for name in folders.names if not folders.grows(name))]


def _other(folders: Folders, name: str, evaluation: Evaluation) -> tuple[Evaluation | None, str]:
    """The evaluation to compare with, and a note where it cannot be."""
    if not name:
        return None, ""
    try:
        other = folders.open(name)
        check_same_faces(evaluation, other)
        return other, ""
    except UserError as error:
        return None, note(f"Not compared: {error}", "alert")


def _seen(
    now: Selection, evaluation: Evaluation, other: Evaluation | None, readers: Readers
) -> str:
    """The chosen face, or why there is none."""
    if now.face < 0:
        return note(NO_FACE, "empty")
    try:
        return detail(evaluation, now.face, _models(readers, evaluation, other), readers)
    except UserError as error:
        return note(str(error), "alert")


def _cards(readers: Readers, evaluation: Evaluation) -> str:
    """What the models of the evaluation are, to unfold."""
    return "".join(
        f"<details><summary>the card of {escape(name)}</summary>{facts(readers.card(name))}</details>"
        for name in _models(readers, evaluation, None)
    )


def _models(readers: Readers, evaluation: Evaluation, other: Evaluation | None) -> Sequence[str]:
    """Those of the two evaluations that are here, by name."""
    both = [evaluation, *([other] if other is not None else [])]
    asked = [name for one in both for name in one.model.split(" + ")]
    found = dict.fromkeys(readers.of_card(name) for name in asked)
    return [name for name in found if name is not None]
