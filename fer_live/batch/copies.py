"""Annotated copies: they tell what they were made of and how, so that none is made twice."""

import hashlib
from pathlib import Path
from typing import Any

from fer_live import card as cards
from fer_live.batch.tasks import Task
from fer_live.errors import UserError
from fer_live.sinks.picture import embedded_record
from fer_live.voting import names_of

# In a copy's reading: how it was made, and of what: names are given twice, and pictures change.
MANNER, CONTENT = "read_with", "picture"
PART = 1 << 20  # bytes that are hashed at a time


class Copies:
    """The copies of one command, made by the weights of `model`, heat-map or none, and `abstain` or the card's.

    `exact`: by a runtime that computes in full precision wherever it runs, so that only such copies serve.

    `again`: they are made anew, whatever is there. `renewed`: how many were there, but by another model
    or other options, or of a picture that has changed since.
    """

    def __init__(self, model: str, heatmap: bool, abstain: float | None, exact: bool, again: bool):
        self.again = again
        self.renewed = 0
        self._manner = _manner(model, heatmap, abstain, exact)

    def origin(self, content: str) -> dict[str, str]:
        """What goes into a copy beside the reading. `content`: the digest of its picture."""
        return {MANNER: self._manner, CONTENT: content}

    def reading(self, task: Task, whole: bool) -> dict[str, Any] | None:
        """The reading of a picture whose annotated copy is there; None where it must be read.

        `whole`: with all its faces, of which a copy may hold a part. Raises UserError where something
        else is in the copy's place, or another picture's copy, or where none can be.
        """
        if task.target is None or not _is_there(task.target) or self.again:
            return None
        record = embedded_record(task.target)
        if record is None:
            raise UserError(f"{task.target} is not from fer-live; add --again to replace it")
        manner, same = record.pop(MANNER, None), record.pop(CONTENT, None) == digest(task.path)
        source = str(record.get("source") or "")  # the same place may be named otherwise now
        if not same and not (source and Path(source).resolve() == task.path.resolve()):
            raise UserError(
                f"{task.target} is of another picture{f', {source}' if source else ''}; "
                "choose another --output, or add --again to replace it"
            )
        if not same or manner != self._manner:
            self.renewed += 1
            return None
        return None if whole and "faces_left_out" in record else record


def _is_there(target: Path) -> bool:
    try:
        return target.exists()
    except OSError as error:  # a copy's name may be longer than its picture's
        raise UserError(
            f"{target} cannot be written ({error.strerror}); give the picture another name, "
            "or save to another place"
        ) from None


def digest(path: Path) -> str:
    """A picture's content in few letters. Raises UserError where it cannot be read."""
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(PART):
                content.update(part)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the file") from None
    return content.hexdigest()[:12]


def _manner(model: str, heatmap: bool, abstain: float | None, exact: bool) -> str:
    """What readings and their drawing depend on, weights by their content."""
    weights = [cards.find_weights(name).read_bytes() for name in names_of(model)]
    digests = [hashlib.sha256(content).hexdigest()[:12] for content in weights]
    drawn = "heat-map" if heatmap else "no heat-map"
    least = "the card's" if abstain is None else f"{abstain:g}"
    computed = ", computed exactly" if exact else ""
    return f"weights {' '.join(digests)}, {drawn}, abstain {least}{computed}"
