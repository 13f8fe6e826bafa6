"""`python -m train audit`: twins within and across a data set's splits, conflicting labels, blank frames."""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fer_live.errors import UserError
from train.data import DataSet, Faces, find
from train.exclusions import write_exclusions
from train.grids import print_grid
from train.keep import claim
from train.near import near_pairs, thumbnail
from train.twins import digest, pictures_of

BLANK_DEVIATION = 2.0  # grey levels: a frame that varies less shows nothing


@dataclass(frozen=True)
class Audit:
    """What was found. `table`: a line for each face of the splits that were read.

    Its columns: `split`, `row` and `label` as published; `exact` and `near`, the number of the face's group
    of pixel-exact and of near twins (which hold the exact ones too), -1 for none; `mirrored`, whether
    a face of the group is its mirror image; `blank`; `conflict`, whether an exact twin has another label.
    `unread`: why other splits were not audited.
    """

    dataset: DataSet
    table: pd.DataFrame
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, Any]:
        """Counts of faces and groups."""
        table = self.table
        splits = list(table.split.unique())
        return {
            "faces": {split: int((table.split == split).sum()) for split in splits},
            "blank_frames": int(table.blank.sum()),
            "conflicting_groups": int(table[table.conflict].exact.nunique()),
            **{f"{kind}_twins": self._counts(kind, splits) for kind in ("exact", "near")},
        }

    def _counts(self, kind: str, splits: list[str]) -> dict[str, Any]:
        """Groups in all, inside one split alone, across the training split and another; and the faces leaked."""
        training, twins = self.dataset.training, self.table[self.table[kind] >= 0]
        faces = pd.crosstab(twins[kind], twins.split).reindex(columns=splits, fill_value=0) > 0
        others = [split for split in splits if split != training]
        leaked = self.table.split[self._twins(kind)]
        return {
            "groups": len(faces),
            "inside": {s: int((faces[s] & (faces.sum(axis=1) == 1)).sum()) for s in splits},
            f"across_{training}": {s: int((faces[s] & faces[training]).sum()) for s in others},
            f"faces_with_a_twin_in_{training}": {s: int((leaked == s).sum()) for s in others},
        }

    def exclusions(self) -> list[tuple[str, int, str]]:
        """(split, row, reason) of each face that an evaluation had better leave out."""
        table = self.table
        scored = table.split != self.dataset.training
        found = []
        for reason, which in (
            ("blank frame", table.blank),
            (f"exact twin in {self.dataset.training}", self._twins("exact")),
            (f"near twin in {self.dataset.training}", self._twins("near")),
        ):
            chosen = table[scored & which]
            found += [(s, int(r), reason) for s, r in zip(chosen.split, chosen.row, strict=True)]
        first = {(split, row): reason for split, row, reason in reversed(found)}
        return [(split, row, reason) for (split, row), reason in sorted(first.items())]

    def _twins(self, kind: str) -> "pd.Series[bool]":
        """(N,) whether the training split has a face of the same group."""
        table = self.table
        leaked = table[kind][table.split == self.dataset.training].unique()
        return table[kind].isin(leaked) & (table[kind] >= 0)


def audit(name: str, root: Path, output: Path, device: torch.device) -> Audit:
    """Audit all splits that can be read; write `audit.csv`, `audit.json` and `exclude.txt` to `output`.

    Raises UserError where the training split cannot be read, or `output` not be written to.
    """
    dataset = find(name)
    claim(output)
    splits, unread = _read(dataset, root)
    found = Audit(dataset, _inspect(splits, device), unread)
    noted = found.table.query("exact >= 0 or near >= 0 or blank")
    noted.to_csv(output / "audit.csv", index=False)
    groups = {
        kind: [
            group[["split", "row", "label"]].to_dict("records")
            for _, group in noted[noted[kind] >= 0].groupby(kind)
        ]
        for kind in ("exact", "near")
    }
    content = {"dataset": name, "not_audited": unread, **found.summary, "groups": groups}
    (output / "audit.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    write_exclusions(output / "exclude.txt", found.exclusions())
    return found


def print_audit(found: Audit, output: Path) -> None:
    """The counts as a table on the terminal."""
    summary, training = found.summary, found.dataset.training
    table = Table(title=f"Audit of {found.dataset.name}")
    table.add_column("")
    for split in summary["faces"]:
        table.add_column(split, justify="right")
    table.add_row("faces", *map(str, summary["faces"].values()))
    for kind in ("exact", "near"):
        twins = summary[f"{kind}_twins"]
        for title, key in (
            (f"{kind} twins: groups inside the split alone", "inside"),
            (f"groups that span {training} and the split", f"across_{training}"),
            (f"faces with such a twin in {training}", f"faces_with_a_twin_in_{training}"),
        ):
            counts = twins[key]
            table.add_row(title, *(str(counts.get(split, "-")) for split in summary["faces"]))
    console = Console()
    print_grid(table, console)
    console.print(
        f"{summary['exact_twins']['groups']} groups of exact twins, "
        f"{summary['conflicting_groups']} of them with conflicting labels; "
        f"{summary['near_twins']['groups']} groups with near twins too; "
        f"{summary['blank_frames']} blank frames"
    )
    for split, reason in found.unread.items():
        console.print(f"not audited: {split} ({reason})", markup=False, soft_wrap=True)
    console.print(
        f"written to {output}: leave {len(found.exclusions())} faces out with "
        f"`evaluate --exclude {shlex.quote(str(output / 'exclude.txt'))}`",
        markup=False,
        soft_wrap=True,
    )


def _read(dataset: DataSet, root: Path) -> tuple[list[Faces], dict[str, str]]:
    splits: list[Faces] = [dataset.load(root, dataset.training)]
    unread = {}
    for split in dataset.splits:
        if split != dataset.training:
            try:
                splits.append(dataset.load(root, split))
            except UserError as error:
                unread[split] = str(error)
    return splits, unread


def _inspect(splits: Iterable[Faces], device: torch.device) -> pd.DataFrame:
    """One line for each face, as in `Audit.table`."""
    lines = []
    thumbnails: dict[bytes, torch.Tensor] = {}  # one for each different picture
    for faces in splits:
        names = [str(expression) for expression in faces.classes]
        pictures = track(
            pictures_of(faces), f"reading {faces.split}", total=len(faces), transient=True
        )
        for row, label, picture in zip(faces.rows, faces.labels, pictures, strict=True):
            key = digest(picture)
            blank = bool(picture.std() < BLANK_DEVIATION)
            if not blank and key not in thumbnails:
                own = np.array(picture)  # Pillow's is read-only, which torch warns of
                thumbnails[key] = thumbnail(torch.from_numpy(own))
            lines.append((faces.split, int(row), names[label], blank, key))
    table = pd.DataFrame(lines, columns=["split", "row", "label", "blank", "key"])
    table["exact"] = _numbered(table.key)
    labels = table[table.exact >= 0].groupby("exact").label.nunique()
    table["conflict"] = table.exact.isin(labels.index[labels > 1])
    near, mirrored = _near_groups(thumbnails, device)
    # Faces of one picture are near twins too.
    table["near"] = _numbered(table.key.map(near).fillna(table.key)).where(~table.blank, -1)
    table["mirrored"] = table.key.isin(mirrored)
    return table.drop(columns="key")


def _near_groups(
    thumbnails: Mapping[bytes, torch.Tensor], device: torch.device
) -> tuple[dict[bytes, bytes], set[bytes]]:
    """Picture -> the one that its group is named after; and the pictures that have a mirror image."""
    if not thumbnails:
        return {}, set()
    keys = list(thumbnails)
    pairs = list(near_pairs(torch.stack(list(thumbnails.values())).to(device)))
    graph = networkx.Graph([(keys[pair.first], keys[pair.second]) for pair in pairs])
    named: dict[bytes, bytes] = {}
    for group in networkx.connected_components(graph):
        named |= dict.fromkeys(group, min(group))
    mirrored = {keys[i] for pair in pairs if pair.mirrored for i in (pair.first, pair.second)}
    return named, mirrored


def _numbered(keys: "pd.Series[Any]") -> "pd.Series[int]":
    """The number of each face's group, from 0 in the order of the table; -1 where it is alone."""
    shared = keys[keys.duplicated(keep=False)]
    numbers = pd.Series(pd.factorize(shared)[0], shared.index)
    return numbers.reindex(keys.index, fill_value=-1)
