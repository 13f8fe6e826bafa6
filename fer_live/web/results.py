"""What the tab for pictures shows and packs of what was read."""

import os
import tempfile
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fer_live.detect import MOST
from fer_live.errors import UserError
from fer_live.explain.methods import CLASSLESS, METHODS
from fer_live.expressions import Expression
from fer_live.painter import Painter, scaled
from fer_live.sinks.log import open_log
from fer_live.sinks.picture import save_picture
from fer_live.sinks.record import scene_record
from fer_live.sinks.view import View
from fer_live.types import FloatArray, Frame, Image, Reading, Scene
from fer_live.web import correction, heat
from fer_live.web.explainers import Explainers
from fer_live.web.readers import Opinion
from fer_live.web.show import bars, figure, named, note, percent, picture, rank
from fer_live.web.uploads import read_upload

if TYPE_CHECKING:
    from fer_live.web.pile import Pile, ReadPicture

CARDS = 24  # faces of a picture that are shown one by one
ELABORATE = 6  # faces of a picture that slower methods explain
PREDICTED = "predicted"
NOTHING = "Nothing read yet: drop a picture, paste one, or try an example."


@dataclass(frozen=True)
class Wish:
    """Which maps are shown. `wanted`: whose, PREDICTED or an expression's name; `strength`: 0 to 1; `correcting`: corrections are kept."""

    wanted: str
    method: str
    strength: float
    correcting: bool = False


def page(pile: "Pile", explainers: Explainers, wish: Wish) -> str:
    """All pictures with their faces."""
    refused = "".join(note(text, "alert") for text in pile.refused)
    if not pile.pictures:
        return refused or note(NOTHING, "empty")
    return refused + "".join(
        _picture(pile, place, explainers, wish) for place in range(len(pile.pictures))
    )


def annotated(image: Image, readings: list[Reading], wanted: str, strength: float) -> Image:
    """A copy with boxes, labels, bars and Grad-CAM heat-maps of `wanted`; faces are numbered as their cards are.

    Of an expression that the model does not name there is no heat-map.
    """
    canvas = image.copy()
    if not readings:
        return canvas
    readings = [replace(reading, track=i + 1) for i, reading in enumerate(readings)]
    labels = list(readings[0].prediction.probabilities)
    chosen = labels.index(Expression(wanted)) if wanted in labels else None
    warm = strength > 0 and (wanted == PREDICTED or chosen is not None)
    view = View(heatmap=warm, strength=strength, chosen=chosen)
    Painter().draw(canvas, readings, view, labels)
    return canvas


def pack(pile: "Pile", wanted: str, strength: float) -> list[str]:
    """An annotated copy of each picture, with its reading inside, and one table; the paths."""
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR")))
    paths: list[Path] = []
    with open_log(folder / "readings.csv") as log:
        for index, one in enumerate(pile.pictures):
            image = read_upload(one.path)
            readings = [opinions[0].reading(face) for face, opinions in one.faces]
            scene = Scene(Frame(image, index, 0.0, one.name), readings)
            log.write(scene, image)
            path = folder / f"{index + 1:02d}-{one.path.stem}.png"
            save_picture(path, annotated(image, readings, wanted, strength), scene_record(scene))
            paths.append(path)
    table = folder / "readings.csv"
    return [str(path) for path in (*([table] if table.exists() else []), *paths)]


def _picture(pile: "Pile", place: int, explainers: Explainers, wish: Wish) -> str:
    one = pile.pictures[place]
    readings = [scaled(opinions[0].reading(face), one.scale) for face, opinions in one.faces]
    canvas = annotated(one.preview, readings, wish.wanted, wish.strength)
    count = len(one.faces)
    told = f"{count} face{'s' * (count != 1)}" if count else "no face found"
    if count == MOST:
        told = f"{count} faces, the most that are read in one picture"
    summary = ", ".join(f"face {i + 1}: {named(r.shown)}" for i, r in enumerate(readings[:CARDS]))
    text = f"{one.name}, annotated: {told}. {summary}"
    head = f"<h3>{escape(one.name)} <small>{told}</small></h3>{picture(canvas, text, 'annotated')}"
    cards = "".join(
        _face(pile, (place, i), one, explainers, wish) for i in range(min(count, CARDS))
    )
    if count > CARDS:
        cards += note(f"The first {CARDS} of {count} faces; the table to download has all.")
    if not count:
        cards = note("Faces from about 40 pixels up are found; try a closer picture.")
    return f'<section class="read">{head}<div class="faces">{cards}</div></section>'


def _face(
    pile: "Pile",
    place: tuple[int, int],
    one: "ReadPicture",
    explainers: Explainers,
    wish: Wish,
) -> str:
    face, opinions = one.faces[place[1]]
    parts = "".join(_opinion(pile, place, opinion, explainers, wish) for opinion in opinions)
    head = (
        f"<h4>face {place[1] + 1} <small>found with {percent(face.score)} confidence</small></h4>"
    )
    form = correction.form(place, opinions[0], pile.corrected.get(place), wish.correcting)
    return f'<article class="face">{head}<div class="opinions">{parts}</div>{form}</article>'


def _opinion(
    pile: "Pile",
    place: tuple[int, int],
    opinion: Opinion,
    explainers: Explainers,
    wish: Wish,
) -> str:
    prediction, predicted = opinion.prediction, wish.wanted == PREDICTED
    expression = prediction.expression if predicted else Expression(wish.wanted)
    label = named(opinion.label)
    crop = figure(
        heat.over(opinion.crop, opinion.heatmaps[0], 0),
        f"crop of the face, read as {label}",
        "crop",
    )
    warm = note(f"{opinion.model} does not know {expression}.")
    if expression in prediction.probabilities:
        warm = _warm(pile, place, opinion, explainers, expression, wish)
    return (
        f'<div class="opinion"><h5>{escape(opinion.model)}: <strong>{label}</strong></h5>'
        f'<div class="pair">{crop}{warm}</div>'
        f"{bars(prediction.probabilities, opinion.label)}"
        f'<p class="rank">{rank(prediction.uncertainty)}</p></div>'
    )


def _warm(
    pile: "Pile",
    place: tuple[int, int],
    opinion: Opinion,
    explainers: Explainers,
    expression: Expression,
    wish: Wish,
) -> str:
    """The heat-map of an expression that the model knows, or why there is none."""
    method = wish.method
    try:
        found = _map(pile, place, opinion, explainers, expression, method)
    except UserError as error:  # other models have theirs all the same
        return note(f"no {method}: {error}")
    if found is None:
        return note(f"{method} is made for the first {ELABORATE} faces of a picture.")
    values, peak = found
    caption = method if method in CLASSLESS else f"{method}, {expression}"
    drawn = heat.over(opinion.crop, values, peak, wish.strength)
    return figure(drawn, f"heat-map of the face: {caption}; {_hottest(values)}", caption)


def _map(
    pile: "Pile",
    place: tuple[int, int],
    opinion: Opinion,
    explainers: Explainers,
    expression: Expression,
    method: str,
) -> tuple[FloatArray, float] | None:
    """The map and the peak that it is scaled by: over all classes where they were made together."""
    if method == next(iter(METHODS)):
        index = list(opinion.prediction.probabilities).index(expression)
        return opinion.heatmaps[index], float(opinion.heatmaps.max())
    if place[1] >= ELABORATE:
        return None
    key = (*place, opinion.model, method, expression)
    if key not in pile.maps:
        pile.maps[key] = explainers(opinion.model, opinion.crop, method, expression)
    return pile.maps[key], float(pile.maps[key].max())


def _hottest(values: FloatArray) -> str:
    """Where the map is hottest, for those who cannot see it."""
    if values.max() <= 0:
        return "nothing speaks for it"
    row, column = divmod(int(values.argmax()), values.shape[1])
    high = ("top", "middle", "bottom")[min(3 * row // values.shape[0], 2)]
    side = ("left", "centre", "right")[min(3 * column // values.shape[1], 2)]
    return f"hottest at the {high} {side}"
