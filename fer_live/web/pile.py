"""One visitor's pictures in the tab for them: read once, and anew where the page has others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_live.errors import UserError
from fer_live.expressions import Expression
from fer_live.types import Face, FloatArray, Image
from fer_live.web.correction import Corrected, Place
from fer_live.web.corrections import Corrections
from fer_live.web.readers import Opinion, Readers
from fer_live.web.show import shrunk
from fer_live.web.uploads import read_upload

MOST = 12  # pictures at a time
LONGEST = 1280  # pixels of a picture on the page
GONE = "that face is not shown any more; choose one that is"

Progress = Callable[[Sequence[Path]], Iterable[Path]]


@dataclass(frozen=True)
class Asked:
    """The pictures that the page has, and the models that are to read them."""

    paths: tuple[Path, ...] = ()
    models: tuple[str, ...] = ()


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

    `asked`: None before anything was. `corrected`: faces that joined the corrections, by place.
    `refused`: why others could not be read.
    """

    pictures: list[ReadPicture] = field(default_factory=list)
    asked: Asked | None = None
    maps: dict[tuple[Any, ...], FloatArray] = field(default_factory=dict)
    corrected: dict[Place, Corrected] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


@dataclass
class Turn:
    """What one visitor asked for last, and whether it is still being read."""

    asked: Asked | None = None
    reading: bool = False


def read_pile(readers: Readers, asked: Asked, turn: Turn, progress: Progress = iter) -> Pile | None:
    """All pictures, read; None where the visitor asked for others meanwhile. Raises UserError on too many."""
    if len(asked.paths) > MOST:
        raise UserError(f"{len(asked.paths)} pictures are too many at a time; drop up to {MOST}")
    turn.asked, turn.reading = asked, True
    pile = Pile(asked=asked)
    try:
        for path in progress(asked.paths):
            if turn.asked is not asked:
                break
            try:
                pile.pictures.append(_read_one(readers, path, asked.models))
            except UserError as error:  # the other pictures are read all the same
                pile.refused.append(str(error))
        return pile if turn.asked is asked else None
    finally:
        if turn.asked is asked:
            turn.reading = False


def known(pile: Pile, readers: Readers, asked: Asked, turn: Turn) -> Pile | None:
    """The pile, read anew where it is of other pictures or was forgotten; None while that is being done."""
    if pile.asked == asked:
        return pile
    return None if turn.reading and turn.asked == asked else read_pile(readers, asked, turn)


def shown_pile(pile: Pile, readers: Readers, asked: Asked, turn: Turn) -> Pile:
    """The same for who presses something in it. Raises UserError where the page has other pictures by now."""
    now = known(pile, readers, asked, turn) if pile.asked in (None, asked) else None
    if now is None:
        raise UserError(GONE)
    return now


def toggle(pile: Pile, place: Place, true: Expression, corrections: Corrections) -> None:
    """Record the face as `true`, or take it back where that was recorded. Raises UserError on a face not shown."""
    picture, face = place
    if not (0 <= picture < len(pile.pictures) and 0 <= face < len(pile.pictures[picture].faces)):
        raise UserError(GONE)
    opinion = pile.pictures[picture].faces[face][1][0]
    if true == opinion.prediction.expression:
        raise UserError(f"{opinion.model} read it as {true}; pick another expression")
    known = pile.corrected.get(place)
    if known is not None and known[1] == true:
        corrections.remove(known[0])
        del pile.corrected[place]
    else:
        pile.corrected[place] = (corrections.add(opinion, true), true)


def _read_one(readers: Readers, path: Path, models: Sequence[str]) -> ReadPicture:
    image = read_upload(path)
    preview, scale = shrunk(image, LONGEST)
    return ReadPicture(path.name, path, preview, scale, readers.read(image, models))
