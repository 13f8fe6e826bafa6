"""One face of an evaluation: where the model looked, how steady it is, and what people said of it."""

from collections.abc import Sequence
from html import escape

import numpy as np

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.types import FloatArray, Image, Prediction
from fer_live.web import heat
from fer_live.web.inspect.evaluation import Evaluation
from fer_live.web.readers import Readers
from fer_live.web.show import bars, enlarged, figure, note, percent, rank

PLACES = 7  # of the grey patch, along each side
PATCH = 0.25  # its side, in sides of the face


def detail(evaluation: Evaluation, row: int, models: Sequence[str], readers: Readers) -> str:
    """The face with what each of the models sees in it, the first being the evaluation's own.

    Raises UserError where the evaluation has no such face or no picture of it.
    """
    if row not in evaluation.place_of:
        raise UserError(f"{evaluation.folder.name} has no face {row}; choose one of those above")
    place = evaluation.place_of[row]
    face = evaluation.picture(place)
    true = evaluation.labels[evaluation.true[place]]
    predicted = evaluation.labels[evaluation.predicted[place]]
    right = "read right" if true == predicted else "read wrong"
    head = (
        f"<h3>face {row}: {true} <small>{right}, as {predicted} with "
        f"{percent(float(evaluation.confidence[place]))}</small></h3>"
    )
    crop = figure(enlarged(face, heat.SIDE), f"face {row}, labelled {true}", "the face")
    seen = "".join(_seen(face, name, true, readers) for name in models)
    if not models:
        stored = dict(zip(evaluation.labels, evaluation.probabilities[place].tolist(), strict=True))
        seen = bars(stored, [predicted], true) + note(
            f"No heat-maps: {evaluation.model or 'the model'} is not here; name its file with --model."
        )
    votes = _votes(evaluation, place)
    return (
        f'<section class="face-detail">{head}<div class="side">{crop}{votes}</div>{seen}</section>'
    )


def _seen(face: Image, model: str, true: Expression, readers: Readers) -> str:
    """Heat-maps of the predicted and the true class and their difference, scores, and two tests."""
    views = [face, np.ascontiguousarray(face[:, ::-1]), *_covered(face)]
    (prediction, maps), (mirrored, _), *covered = readers.score(views, model)
    expression, labels = prediction.expression, list(prediction.probabilities)
    first = maps[labels.index(expression)]
    # One scale for both maps, so that they compare; a third class may be far hotter.
    both = [label for label in (expression, true) if label in labels]
    peak = max(float(maps[labels.index(label)].max()) for label in both)
    parts = [_warm(face, first, peak, f"for {expression}, predicted")]
    if true in labels and true != expression:
        second = maps[labels.index(true)]
        parts.append(_warm(face, second, peak, f"for {true}, true"))
        gap = heat.difference(face, first, second)
        text = f"orange where {expression} is hotter, blue where {true} is"
        parts.append(figure(gap, f"difference of the two heat-maps: {text}", text))
    lost = _lost(prediction, [other for other, _ in covered])
    where = f"covered with grey, {expression} loses up to {percent(float(lost.max()))}"
    parts.append(_warm(face, lost, float(lost.max()), where))
    scores = bars(prediction.probabilities, [expression], true)
    return (
        f'<article class="seen"><h4>{escape(model)}: <strong>{expression}</strong> '
        f"<small>{percent(prediction.confidence)}; {rank(prediction.uncertainty)}</small></h4>"
        f'<div class="maps">{"".join(parts)}</div>{scores}{_flip(prediction, mirrored)}</article>'
    )


def _warm(face: Image, values: FloatArray, peak: float, caption: str) -> str:
    return figure(heat.over(face, values, peak), f"heat-map {caption}", caption)


def _flip(prediction: Prediction, mirrored: Prediction) -> str:
    """How much of the probability moves to other classes in the mirror: total variation."""
    moved = sum(abs(p - mirrored.probabilities[e]) for e, p in prediction.probabilities.items()) / 2
    same = prediction.expression == mirrored.expression
    now = "the same expression" if same else f"{mirrored.expression} instead"
    return note(f"Mirrored: {now}; {percent(moved)} of the probability moves.")


def _covered(face: Image) -> list[Image]:
    """The face with a grey patch at each of PLACES x PLACES places, row by row."""
    height, width = face.shape[:2]
    high, wide = max(round(PATCH * height), 1), max(round(PATCH * width), 1)
    grey = face.mean((0, 1)).astype(np.uint8)
    found = []
    for top in np.linspace(0, height - high, PLACES).round().astype(int):
        for left in np.linspace(0, width - wide, PLACES).round().astype(int):
            copy = face.copy()
            copy[top : top + high, left : left + wide] = grey
            found.append(copy)
    return found


def _lost(prediction: Prediction, covered: Sequence[Prediction]) -> FloatArray:
    """(PLACES, PLACES) how much less probable the expression becomes, at least 0."""
    expression = prediction.expression
    drops = [prediction.confidence - other.probabilities[expression] for other in covered]
    return np.array(drops, np.float32).reshape(PLACES, PLACES).clip(0)


def _votes(evaluation: Evaluation, place: int) -> str:
    votes = evaluation.votes(place)
    if not votes:
        return note("No crowd's votes are known of this face.")
    total = sum(votes.values())
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="bar"><span style="width:{100 * count / total:.0f}%">'
        f'</span></td><td class="number">{count}</td></tr>'
        for name, count in sorted(votes.items(), key=lambda pair: -pair[1])
    )
    return f'<table class="bars votes"><caption>{total} people said</caption>{rows}</table>'
