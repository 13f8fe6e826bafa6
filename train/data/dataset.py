"""What the workshop knows of a data set beside its pictures."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fer_live.card import Crop
from fer_live.errors import UserError
from fer_live.expressions import Expression
from train.data.align import ALIGNED_CROP
from train.data.images import Faces
from train.data.splitting import SELECTION_SHARE, parts

# ImageNet's, averaged over its three channels: what pretrained trunks of colour images expect.
MEAN, DEVIATION = 0.449, 0.226

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DataSet:
    """One published data set; `load(root, split)` reads a split of it.

    `classes`: empty where the pictures' folders decide them, so that loaded faces alone can tell.
    `training` trains, `selection` chooses the epoch, the temperature and all else, `test` is only
    scored. `holds_out`: no selection split is published, so that a tenth of each class of the training
    split is kept for it, the same faces for ever. `mean` and `deviation`: of the training pixels'
    values in [0, 1]. `side`: of its faces in pixels, 0 where they differ; `channels` 1 where they are
    grey. `crop`: from the app's detector to what its pictures show. `counts`: the published faces of
    each class, in `classes`' order, of each published split.
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
    holds_out: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits' names, each once, in the order training, selection, test."""
        return tuple(dict.fromkeys((self.training, self.selection, self.test)))

    def crop_for(self, align: bool) -> Crop:
        """The crop of a network that was trained on faces as they are, or on aligned ones."""
        return ALIGNED_CROP if align else self.crop

    def load(self, root: Path, split: str, limit: int | None = None) -> Faces:
        """Read one split; `limit`: so many of its faces at most.

        Warns where it has other numbers of faces than were published, and of pictures that cannot be
        read. Raises UserError on a split that it does not have, and on unreadable data.
        """
        if split not in self.splits:
            raise UserError(f"split {split!r} is not {self.name}'s: use {', '.join(self.splits)}")
        root = Path(root)
        if not root.exists():
            raise UserError(
                f"{root} does not exist: give the folder of data set {self.name} with --root"
            )
        held = self.holds_out and split in (self.training, self.selection)
        published = self.training if held else split
        faces = self.load_split(root, published)
        if limit is None:
            self._compare(faces, published)
        if held:
            apart = parts(faces.labels, faces.keys, [SELECTION_SHARE]) == 1
            chosen = apart if split == self.selection else ~apart
            faces = replace(faces.select(chosen), split=split)
        if limit is not None:
            faces = faces.sample(limit)
        faces = faces.readable()
        if not len(faces):
            raise UserError(f"{root} has no face of {self.name}'s split {split!r}: fetch it again")
        return faces

    def _compare(self, faces: Faces, split: str) -> None:
        if split in self.counts:
            compare(
                f"{self.name} {split}",
                faces.class_counts().tolist(),
                self.counts[split],
                self.classes,
            )


def compare(
    title: str,
    found: Sequence[int],
    published: Sequence[int],
    classes: Sequence[Expression],
) -> None:
    """Warn where numbers of faces are not the published ones."""
    differing = [
        f"{expression} {ours} instead of {theirs}"
        for expression, ours, theirs in zip(classes, found, published, strict=True)
        if ours != theirs
    ]
    if differing:
        logger.warning(f"{title}: other numbers of faces than published: {', '.join(differing)}")
