"""What the workshop knows of a data set beside its pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fer_live.card import Crop
from fer_live.errors import UserError
from fer_live.expressions import Expression
from train.data.images import Faces


@dataclass(frozen=True)
class DataSet:
    """One published data set; `load(root, split)` reads a split of it.

    `training` trains, `selection` chooses the epoch, the temperature and all else, `test` is only
    scored. `mean` and `deviation`: of the training pixels' values in [0, 1]. `side`: of its faces in
    pixels, `channels` 1 where they are grey. `crop`: from the app's detector to what its pictures show.
    `counts`: the published faces of each class, in `classes`' order, of each split that has them.
    """

    name: str
    classes: tuple[Expression, ...]
    training: str
    selection: str
    test: str
    licence: str
    mean: float
    deviation: float
    side: int
    channels: int
    load_split: Callable[[Path, str], Faces]
    crop: Crop = field(default_factory=Crop)
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits' names, each once, in the order training, selection, test."""
        return tuple(dict.fromkeys((self.training, self.selection, self.test)))

    def load(self, root: Path, split: str) -> Faces:
        """Read one split. Raises UserError on a split that it does not have, and on unreadable data."""
        if split not in self.splits:
            raise UserError(f"split {split!r} is not {self.name}'s: use {', '.join(self.splits)}")
        return self.load_split(Path(root), split)
