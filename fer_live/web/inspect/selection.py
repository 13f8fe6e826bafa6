"""Which faces of an evaluation are looked at, in what order: what the page's address holds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.web.inspect.evaluation import Evaluation

PAGE = 48  # faces
ANY = "any"
ORDERS = (
    "most confident",
    "least confident",
    "most uncertain",
    "least uncertain",
    "most disputed",
)
PAIRS = {
    "all": "all faces",
    "both": "both wrong",
    "first": "only this one wrong",
    "second": "only the other wrong",
    "neither": "both right",
}
SAME_ROWS = {"fer2013", "ferplus"}  # the one's faces with the other's labels
IN_ADDRESS = {"page": "leaf"}  # Gradio keeps "page" for itself


@dataclass(frozen=True)
class Selection:
    """`of`: the folder's name, `against`: another one's, or "". `pair`: a key of PAIRS. `face`: its row, -1 for none.

    `low` and `high`: the confidence. `page` counts from 1. `rates`: the matrix shows shares of each row.
    """

    of: str = ""
    against: str = ""
    pair: str = "all"
    true: str = ANY
    predicted: str = ANY
    wrong: bool = False
    low: float = 0.0
    high: float = 1.0
    order: str = ORDERS[0]
    rates: bool = False
    page: int = 1
    face: int = -1

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> "Selection":
        """What an address says; parts that cannot be read are left as they would be without them."""
        values = {}
        for field in fields(cls):
            name = IN_ADDRESS.get(field.name, field.name)
            if name in query:
                value = _parsed(query[name], getattr(cls, field.name))
                if value is not None:
                    values[field.name] = value
        found = cls(**values)  # type: ignore[arg-type]
        return replace(
            found,
            true=_class(found.true),
            predicted=_class(found.predicted),
            pair=found.pair if found.pair in PAIRS else "all",
            order=found.order if found.order in ORDERS else ORDERS[0],
            low=min(max(found.low, 0.0), 1.0),
            high=min(max(found.high, 0.0), 1.0),
            page=max(found.page, 1),
        )

    def to_address(self) -> dict[str, str]:
        """Only what differs from the beginning, so that addresses stay short."""
        start = Selection()
        return {
            IN_ADDRESS.get(field.name, field.name): _text(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != getattr(start, field.name)
        }


def chosen(
    selection: Selection, evaluation: Evaluation, other: Evaluation | None
) -> NDArray[np.int64]:
    """Places of the faces, in order."""
    mask = np.ones(len(evaluation), bool)
    for name, values in (
        (selection.true, evaluation.true),
        (selection.predicted, evaluation.predicted),
    ):
        if name != ANY:
            names = [str(label) for label in evaluation.labels]
            mask &= values == (names.index(name) if name in names else -1)
    wrong = evaluation.true != evaluation.predicted
    if selection.wrong:
        mask &= wrong
    confidence = evaluation.confidence
    # The ends are included, and rounding must not lose a face that is quite sure.
    mask &= (confidence >= selection.low - 1e-6) & (confidence <= selection.high + 1e-6)
    if other is not None and selection.pair != "all":
        known, theirs = matched(evaluation, other)
        mask &= known
        mask &= {
            "both": wrong & theirs,
            "first": wrong & ~theirs,
            "second": ~wrong & theirs,
            "neither": ~wrong & ~theirs,
        }[selection.pair]
    places = np.flatnonzero(mask)
    return places[np.argsort(_key(selection.order, evaluation)[places], kind="stable")]


def matched(
    evaluation: Evaluation, other: Evaluation
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether the other evaluation has the face, and whether it reads it wrong."""
    places = np.array([other.place_of.get(int(row), -1) for row in evaluation.rows])
    wrong = (other.true != other.predicted)[np.maximum(places, 0)]
    return places >= 0, wrong & (places >= 0)


def check_same_faces(evaluation: Evaluation, other: Evaluation) -> None:
    """Raises UserError where a row of the one is another face in the other."""
    (ours, split), (theirs, its_split) = map(_set_and_split, (evaluation, other))
    if split != its_split or (ours != theirs and {ours, theirs} != SAME_ROWS):
        raise UserError(
            f"{other.folder.name} is of {theirs} {its_split}, whose rows are other faces than those of "
            f"{ours} {split}; choose one of the same data set and split"
        )


def _set_and_split(evaluation: Evaluation) -> tuple[str, str]:
    dataset, split = (evaluation.scores.get(key, "") for key in ("dataset", "split"))
    return str(dataset), str(split)


def _key(order: str, evaluation: Evaluation) -> NDArray[np.float64]:
    """Lowest first; faces without the value come last."""
    if order == "least confident":
        return evaluation.confidence.astype(np.float64)
    if order in ("most uncertain", "least uncertain"):
        sign = -1 if order == "most uncertain" else 1
        return np.nan_to_num(sign * evaluation.uncertainty, nan=np.inf)
    if order == "most disputed":
        return np.nan_to_num(-evaluation.disagreement, nan=np.inf)
    return -evaluation.confidence.astype(np.float64)


def _class(name: str) -> str:
    return name if name in list(map(str, Expression)) else ANY


def _parsed(text: str, like: object) -> object:
    """The text as a value of the same kind; None where it is none."""
    if isinstance(like, bool):
        return text == "1"
    try:
        if isinstance(like, int):
            return int(text)
        if isinstance(like, float):
            value = float(text)
            return value if np.isfinite(value) else None
    except ValueError:
        return None
    return text[:200]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)
