"""FER+'s votes in miniature."""

from collections.abc import Sequence
from pathlib import Path

from tests.conftest import pixel_rows
from train.data import ferplus

# In the columns' order: neutral happiness surprise sadness anger disgust fear contempt unknown NF.
UNANIMOUS = [0, 10, 0, 0, 0, 0, 0, 0, 0, 0]
SPLIT = [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]
NO_FACE = [0, 0, 0, 0, 0, 0, 0, 0, 0, 10]
UNKNOWN = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0]
SCORN = [0, 0, 0, 0, 0, 0, 0, 10, 0, 0]


def write_votes(folder: Path, votes: Sequence[Sequence[int]]) -> Path:
    """fer2013new.csv for the rows of the small FER2013, which has these votes in turn."""
    lines = ["Usage,Image name," + ",".join(ferplus.COLUMNS)]
    for row, (_, _, usage) in enumerate(pixel_rows()):
        own = votes[row % len(votes)]
        name = "" if own == NO_FACE else f"fer{row:07}.png"
        lines.append(f"{usage},{name},{','.join(map(str, own))}")
    path = folder / ferplus.FILE
    path.write_text("\n".join(lines))
    return path
