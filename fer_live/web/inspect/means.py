"""The mean heat-map of each class over right and over wrong readings, and how it falls on the face's parts."""

from collections.abc import Callable, Iterable

import cv2
import numpy as np

from fer_live.types import FloatArray
from fer_live.web import heat
from fer_live.web.inspect.evaluation import Evaluation
from fer_live.web.readers import Readers
from fer_live.web.show import figure, note, percent

MOST = 100  # faces of a class and outcome, evenly spread over the set
FINE = 48  # pixels: the side at which the parts are cut out
# Where FER2013's faces have them: top, bottom, left, right, in sides of the crop; the rest is background.
PARTS = {
    "eyes": (0.20, 0.45, 0.10, 0.90),
    "nose": (0.45, 0.65, 0.32, 0.68),
    "mouth": (0.65, 0.92, 0.22, 0.78),
}
CAUTION = (
    "Caution: the maps have few cells, so that heat spreads over neighbours; the parts are fixed rectangles, not "
    "found in each face; and heat tells what moved the score, not why. Up to "
    f"{MOST} faces for each map."
)

Progress = Callable[[Iterable], Iterable]


def means(evaluation: Evaluation, model: str, readers: Readers, progress: Progress) -> str:
    """A row for each true class: the faces that the evaluation has right, and wrong.

    Each face's map is that of the class that `model` reads in it now, scaled to the sum 1 before the mean.
    Raises UserError where pictures are missing.
    """
    rows = []
    for index in progress(range(len(evaluation.labels))):
        cells = []
        for right in (True, False):
            fits = (evaluation.true == index) & ((evaluation.predicted == index) == right)
            places = np.flatnonzero(fits)
            cells.append(_cell(evaluation, places, model, readers, right))
        label = evaluation.labels[index]
        rows.append(f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>')
    head = '<tr><td></td><th scope="col">read right</th><th scope="col">read wrong</th></tr>'
    return (
        f'<div class="means">{note(f"Maps of {model}. {CAUTION}")}<table><caption>mean heat-maps by true class, over the mean face'
        f"</caption><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def parts_of(mean: FloatArray) -> dict[str, float]:
    """The share of heat, (h, w) >= 0, on each of PARTS and on the background."""
    fine = cv2.resize(mean, (FINE, FINE), interpolation=cv2.INTER_LINEAR)
    total = float(fine.sum()) or 1.0
    shares = {
        name: float(
            fine[
                round(top * FINE) : round(bottom * FINE), round(left * FINE) : round(right * FINE)
            ].sum()
        )
        / total
        for name, (top, bottom, left, right) in PARTS.items()
    }
    return shares | {"background": max(1 - sum(shares.values()), 0.0)}


def _cell(
    evaluation: Evaluation, places: np.ndarray, model: str, readers: Readers, right: bool
) -> str:
    if not len(places):
        return "<td>none</td>"
    count = min(len(places), MOST)
    places = places[np.arange(count) * len(places) // count]
    faces = [evaluation.picture(int(place)) for place in places]
    maps = []
    for prediction, its_maps in readers.score(faces, model):
        warm = its_maps[list(prediction.probabilities).index(prediction.expression)]
        if warm.sum() > 0:
            maps.append(warm / warm.sum())
    if not maps:
        return "<td>no heat</td>"
    mean = np.mean(maps, 0, dtype=np.float32)
    sized = [cv2.resize(face, (FINE, FINE), interpolation=cv2.INTER_AREA) for face in faces]
    average = np.mean(sized, 0).astype(np.uint8)
    shares = ", ".join(f"{name} {percent(share)}" for name, share in parts_of(mean).items())
    outcome = "right" if right else "wrong"
    drawn = heat.over(average, mean, float(mean.max()), side=144)
    told = f"mean heat-map of {len(maps)} {outcome} readings: {shares}"
    return f"<td>{figure(drawn, told, f'{len(maps)}: {shares}')}</td>"
