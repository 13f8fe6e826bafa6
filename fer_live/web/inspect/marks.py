"""The list of faces whose labels look wrong to a visitor."""

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fer_live.errors import UserError
from fer_live.web.inspect.evaluation import Evaluation

Mark = tuple[str, int]  # the folder's name on the page, and the row
COLUMNS = ("folder", "dataset", "split", "row", "true", "predicted", "confidence")


def toggled(marks: Sequence[Mark], mark: Mark) -> list[Mark]:
    """With the mark, or without it where it was there."""
    rest = [other for other in marks if other != mark]
    return rest if len(rest) < len(marks) else [*marks, mark]


def write(marks: Sequence[Mark], evaluations: dict[str, Evaluation]) -> str:
    """A CSV file of the marks, by its path. Raises UserError where there are none."""
    if not marks:
        raise UserError("no label is marked yet; choose a face and mark it first")
    path = (
        Path(tempfile.mkdtemp(dir=os.environ.get("GRADIO_TEMP_DIR"))) / "labels-that-look-wrong.csv"
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for name, row in marks:
            evaluation = evaluations[name]
            if row not in evaluation.place_of:  # a correction that was taken back
                continue
            place = evaluation.place_of[row]
            split = [evaluation.scores.get(key, "") for key in ("dataset", "split")]
            labels = [
                evaluation.labels[kind[place]] for kind in (evaluation.true, evaluation.predicted)
            ]
            sure = round(float(evaluation.confidence[place]), 4)
            table.writerow([_plain(name), *map(_plain, split), row, *map(str, labels), sure])
    return str(path)


def _plain(text: object) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if str(text)[:1] in ("=", "+", "-", "@") else str(text)
