"""The tab for pictures: drop some, see what each model says of each face and where it looked."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from fer_live.errors import UserError
from fer_live.explain.methods import METHODS
from fer_live.expressions import Expression
from fer_live.web import correction, examples, results
from fer_live.web.corrections import OFF, Corrections
from fer_live.web.explainers import Explainers
from fer_live.web.pile import Asked, Pile, Turn, known, read_pile, shown_pile, toggle
from fer_live.web.readers import Readers
from fer_live.web.results import PREDICTED
from fer_live.web.show import note
from fer_live.web.theme import script
from fer_live.web.uploads import told

ABOUT = (
    "Finds the faces of each picture and reads them one by one; a heat-map shows what spoke for an expression. "
    "Not for judging the people in them."
)


def build(
    readers: Readers, corrections: Corrections | None = None
) -> tuple[gr.File | gr.Gallery, ...]:
    """Put the tab's parts where the caller stands; those that hold files. `corrections`: None where none are kept."""
    explainers = Explainers(readers)
    pile, turn = gr.State(Pile(), time_to_live=3600), gr.State(Turn())
    gr.Markdown(ABOUT, elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=280):
            dropped = gr.Gallery(
                label="Pictures",
                sources=["upload", "clipboard", "webcam"],
                type="filepath",
                interactive=True,
                columns=3,
                height=220,
                buttons=[],
                elem_id="drop",
            )
            tries = gr.HTML(examples.thumbnails(), js_on_load=script("picks.js"))
            models = gr.CheckboxGroup(
                readers.names, value=readers.names[:1], label="Models, side by side"
            )
            with gr.Accordion("Heat-map", open=True):
                shown = gr.Dropdown(
                    [PREDICTED, *map(str, Expression)], value=PREDICTED, label="Of which expression"
                )
                method = gr.Dropdown(list(METHODS), value="Grad-CAM", label="Method")
                strength = gr.Slider(0, 1, 0.65, step=0.05, label="Strength")
            prepare = gr.Button("Make files to download")
            files = gr.File(
                label="Annotated pictures and CSV",
                visible=False,
                file_count="multiple",
                interactive=False,
            )
        with gr.Column(scale=3, min_width=300):
            found = gr.HTML(
                note(results.NOTHING, "empty"), js_on_load=script("picks.js"), elem_id="found"
            )

    def asked_of(names: list[tuple[str, Any]] | None, chosen: list[str]) -> Asked:
        return Asked(
            tuple(Path(path) for path, _ in names or []), tuple(chosen or readers.names[:1])
        )

    def read(
        turn: Turn,
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Any:
        def told_of(paths: Sequence[Path]) -> Iterable[Path]:
            return progress.tqdm(paths, desc="reading")

        pile = read_pile(readers, asked_of(names, chosen), turn, told_of)
        return gr.skip() if pile is None else pile

    def empty(names: list[tuple[str, Any]] | None) -> list[Any]:
        """All pictures were taken away at once, of which a gallery tells in no other way."""
        return [gr.skip(), gr.skip()] if names else [Pile(), note(results.NOTHING, "empty")]

    def draw(
        pile: Pile,
        turn: Turn,
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        wanted: str,
        method: str,
        strength: float,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008
    ) -> tuple[Any, Any]:
        now = known(pile, readers, asked_of(names, chosen), turn)
        if now is None:  # who reads it will draw it
            return gr.skip(), gr.skip()
        wish = results.Wish(wanted, method, strength, corrections is not None)
        page = results.page(now, explainers, wish)
        if turn.asked != now.asked:  # others came while slow maps were made
            return gr.skip(), gr.skip()
        # Else the same is not written: a visitor may have dropped others meanwhile.
        return (gr.skip() if now is pile else now), page

    def correct(
        pile: Pile,
        turn: Turn,
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        wanted: str,
        method: str,
        strength: float,
        event: gr.EventData,
    ) -> tuple[Pile, str]:
        if corrections is None:
            raise UserError(OFF)
        place, true = correction.parsed(event.pick)
        now = shown_pile(pile, readers, asked_of(names, chosen), turn)
        toggle(now, place, true, corrections)
        wish = results.Wish(wanted, method, strength, True)
        return now, results.page(now, explainers, wish)

    def pack(
        pile: Pile,
        turn: Turn,
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        wanted: str,
        strength: float,
    ) -> tuple[Any, Any]:
        now = known(pile, readers, asked_of(names, chosen), turn)
        if now is None:
            raise UserError("the pictures are being read; try again in a moment")
        if not now.pictures:
            raise UserError("there is nothing to download yet; drop a picture first")
        files = gr.update(value=results.pack(now, wanted, strength), visible=True)
        return (gr.skip() if now is pile else now), files

    def take(chosen: gr.EventData) -> list[str]:
        return [str(examples.path(chosen.pick))]

    asked = [dropped, models]
    view = [pile, turn, *asked, shown, method, strength]
    private: dict[str, Any] = {"api_visibility": "private"}
    # A gallery tells of uploads and removals, but not of a picture that an example put there.
    tried = tries.select(told(take), None, dropped, **private)
    readings = [
        gr.on(
            [dropped.upload, dropped.delete, models.change],
            told(read),
            [turn, *asked],
            pile,
            trigger_mode="always_last",
            **private,
        ),
        tried.then(told(read), [turn, *asked], pile, **private),
    ]
    for reading in readings:
        reading.success(told(draw), view, [pile, found], **private)
    dropped.change(told(empty), dropped, [pile, found], **private)
    gr.on(
        [shown.change, method.change, strength.input],
        told(draw),
        view,
        [pile, found],
        trigger_mode="always_last",
        **private,
    )
    found.select(told(correct), view, [pile, found], **private)
    prepare.click(told(pack), [pile, turn, *asked, shown, strength], [pile, files], **private)
    return dropped, files
