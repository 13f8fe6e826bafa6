"""The tab for pictures: drop some, see what each model says of each face and where it looked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from fer_live.errors import UserError
from fer_live.explain.methods import METHODS
from fer_live.expressions import Expression
from fer_live.types import Face, FloatArray, Image
from fer_live.web import correction, examples, results
from fer_live.web.correction import Corrected, Place
from fer_live.web.corrections import OFF, Corrections
from fer_live.web.explainers import Explainers
from fer_live.web.readers import Opinion, Readers
from fer_live.web.results import PREDICTED
from fer_live.web.show import note, shrunk
from fer_live.web.theme import script
from fer_live.web.uploads import read_upload, told

MOST = 12  # pictures at a time
LONGEST = 1280  # pixels of a picture on the page
ABOUT = (
    "Finds the faces of each picture and reads them one by one; a heat-map shows what spoke for an expression. "
    "Not for judging the people in them."
)


@dataclass
class ReadPicture:
    """One picture, read. `preview`: shown, `scale` times the original's size."""

    name: str
    path: Path
    preview: Image
    scale: float
    faces: list[tuple[Face, list[Opinion]]]


@dataclass
class Pile:
    """What one visitor dropped. `maps`: heat-maps that took time, by place, model, method and class.

    `corrected`: faces that joined the corrections, by place. `refused`: why others could not be read.
    """

    pictures: list[ReadPicture] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    maps: dict[tuple[Any, ...], FloatArray] = field(default_factory=dict)
    corrected: dict[Place, Corrected] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def build(
    readers: Readers, corrections: Corrections | None = None
) -> tuple[gr.File | gr.Gallery, ...]:
    """Put the tab's parts where the caller stands; those that hold files. `corrections`: None where none are kept."""
    explainers = Explainers(readers)
    pile = gr.State(Pile(), time_to_live=3600)
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

    def read(
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Pile:
        paths = [Path(path) for path, _ in names or []]
        if len(paths) > MOST:
            raise UserError(f"{len(paths)} pictures are too many at a time; drop up to {MOST}")
        pile = Pile(models=chosen or readers.names[:1])
        for path in progress.tqdm(paths, desc="reading"):
            try:
                pile.pictures.append(read_one(readers, path, pile.models))
            except UserError as error:  # the other pictures are read all the same
                pile.refused.append(str(error))
        return pile

    def empty(names: list[tuple[str, Any]] | None) -> list[Any]:
        """All pictures were taken away at once, of which a gallery tells in no other way."""
        return [gr.skip(), gr.skip()] if names else [Pile(), note(results.NOTHING, "empty")]

    def known(pile: Pile, names: list[tuple[str, Any]] | None, chosen: list[str]) -> Pile:
        """The pile, made anew where it was forgotten though the page still has its pictures."""
        return pile if pile.pictures or pile.refused else read(names, chosen)

    def draw(
        pile: Pile,
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        wanted: str,
        method: str,
        strength: float,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008
    ) -> tuple[Any, str]:
        now = known(pile, names, chosen)
        wish = results.Wish(wanted, method, strength, corrections is not None)
        # Else the same is not written: a visitor may have dropped others meanwhile.
        return (gr.skip() if now is pile else now), results.page(now, explainers, wish)

    def correct(
        pile: Pile,
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
        pile = known(pile, names, chosen)
        toggle(pile, place, true, corrections)
        return pile, draw(pile, names, chosen, wanted, method, strength)[1]

    def pack(
        pile: Pile,
        names: list[tuple[str, Any]] | None,
        chosen: list[str],
        wanted: str,
        strength: float,
    ) -> tuple[Any, Any]:
        now = known(pile, names, chosen)
        if not now.pictures:
            raise UserError("there is nothing to download yet; drop a picture first")
        files = gr.update(value=results.pack(now, wanted, strength), visible=True)
        return (gr.skip() if now is pile else now), files

    def take(chosen: gr.EventData) -> list[str]:
        return [str(examples.path(chosen.pick))]

    asked = [dropped, models]
    view = [pile, *asked, shown, method, strength]
    private: dict[str, Any] = {"api_visibility": "private"}
    # A gallery tells of uploads and removals, but not of a picture that an example put there.
    tried = tries.select(told(take), None, dropped, **private)
    readings = [
        gr.on(
            [dropped.upload, dropped.delete, models.change],
            told(read),
            asked,
            pile,
            trigger_mode="always_last",
            **private,
        ),
        tried.then(told(read), asked, pile, **private),
    ]
    for reading in readings:
        reading.then(told(draw), view, [pile, found], **private)
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
    prepare.click(told(pack), [pile, *asked, shown, strength], [pile, files], **private)
    return dropped, files


def read_one(readers: Readers, path: Path, models: list[str]) -> ReadPicture:
    image = read_upload(path)
    preview, scale = shrunk(image, LONGEST)
    return ReadPicture(path.name, path, preview, scale, readers.read(image, models))


def toggle(pile: Pile, place: Place, true: Expression, corrections: Corrections) -> None:
    """Record the face as `true`, or take it back where that was recorded. Raises UserError on a face not shown."""
    picture, face = place
    if not (0 <= picture < len(pile.pictures) and 0 <= face < len(pile.pictures[picture].faces)):
        raise UserError("that face is not shown any more; choose one that is")
    opinion = pile.pictures[picture].faces[face][1][0]
    if true == opinion.prediction.expression:
        raise UserError(f"{opinion.model} read it as {true}; pick another expression")
    known = pile.corrected.get(place)
    if known is not None and known[1] == true:
        corrections.remove(known[0])
        del pile.corrected[place]
    else:
        pile.corrected[place] = (corrections.add(opinion, true), true)
