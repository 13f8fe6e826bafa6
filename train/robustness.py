"""`python -m train robustness`: what is left of the accuracy when pictures are spoilt.

What the detector and its crops cost at five sizes of the face is `python -m scripts.whole_path`'s to measure.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.markup import escape
from rich.progress import Progress

from fer_live import card as cards
from fer_live import weight_files
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from train.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from train.data import Faces, find
from train.keep import claim
from train.metrics import Scores, confusion_matrix
from train.plots import plot_robustness
from train.predict import columns_of, predict

CLEAN = "clean"
FILES = ("robustness.csv", "robustness.md", "robustness.json", "robustness.png")


@dataclass(frozen=True)
class RobustnessOptions:
    """`split`: the data set's selection split where it is None. `limit`: so many faces, evenly spread."""

    split: str | None = None
    seed: int = 0
    limit: int | None = None


def robustness(
    weights: Sequence[str],
    dataset: str,
    root: Path,
    output: Path,
    device: torch.device,
    options: RobustnessOptions | None = None,
) -> dict[str, Any]:
    """Score each weight file on the clean faces and through all CORRUPTIONS at all severities.

    Writes FILES to `output`, where earlier ones stay until all of these are written; returns what the json
    holds. Raises UserError on bad input, before any work is done.
    """
    options = options or RobustnessOptions()
    source = find(dataset)
    split = options.split or source.selection
    models = [weight_files.load(cards.find_weights(name)) for name in weights]
    names = [card.name for _, card in models]
    if len(set(names)) < len(names):
        raise UserError(
            f"two weight files are called the same: {', '.join(names)}: give one of each"
        )
    faces = source.load(root, split, options.limit)
    for _, card in models:
        columns_of(card, faces)
    claim(output)
    with Progress(transient=True) as progress:
        task = progress.add_task("", total=len(models) * (1 + len(CORRUPTIONS) * len(SEVERITIES)))
        found = {}
        for network, card in models:
            progress.update(task, description=escape(card.name))
            found[card.name] = _read(network, card, faces, device, options.seed, progress, task)
    cells = pd.concat([_cells(name, said, faces) for name, said in found.items()])
    summary = {
        "dataset": faces.dataset,
        "split": split,
        "n": len(faces),
        "seed": options.seed,
        "models": _summaries({name: _right(said, faces) for name, said in found.items()}),
    }
    with tempfile.TemporaryDirectory(prefix=".new-", dir=output) as new:
        folder = Path(new)
        cells.to_csv(folder / "robustness.csv", index=False)
        (folder / "robustness.md").write_text(markdown(cells, summary), encoding="utf-8")
        (folder / "robustness.json").write_text(json.dumps(summary, indent=2), encoding="utf-8")
        plot_robustness(cells, folder / "robustness.png")
        for name in FILES:
            (folder / name).replace(output / name)
    return summary | {"table": by_corruption(cells)}


def _read(
    network: Network,
    card: Card,
    faces: Faces,
    device: torch.device,
    seed: int,
    progress: Progress,
    task: Any,
) -> dict[tuple[str, int], NDArray[np.int64]]:
    """(corruption, severity) -> (N,) what the network reads; severity 0 is the clean faces."""
    seen = faces.aligned() if card.recipe.get("align") else faces  # it has seen no other faces
    views = {(CLEAN, 0): seen} | {
        (name, severity): corrupted(seen, name, severity, seed)
        for name in CORRUPTIONS
        for severity in SEVERITIES
    }
    said = {}
    for view, pictures in views.items():
        said[view] = predict(network, card, pictures, device).logits.argmax(1).numpy()
        progress.advance(task)
    return said


def _right(
    said: dict[tuple[str, int], NDArray[np.int64]], faces: Faces
) -> dict[tuple[str, int], NDArray[np.bool_]]:
    return {view: predicted == faces.labels for view, predicted in said.items()}


def _cells(
    model: str, said: dict[tuple[str, int], NDArray[np.int64]], faces: Faces
) -> pd.DataFrame:
    """A row for each corruption and severity, in shares."""
    rows = []
    for (corruption, severity), predicted in said.items():
        scores = Scores(confusion_matrix(faces.labels, predicted, len(faces.classes)))
        rows.append((model, corruption, severity, scores.accuracy, scores.macro_recall))
    return pd.DataFrame(
        rows, columns=["model", "corruption", "severity", "accuracy", "macro_recall"]
    )


def _summaries(right: dict[str, dict[tuple[str, int], NDArray[np.bool_]]]) -> dict[str, Any]:
    """Of each model: accuracy clean and on average over all corruptions and severities.

    Standard errors are over faces, each with its own mean over the corruptions: pictures of one face are
    not independent. `over_first`: how far ahead of the first model, on the same faces.
    """
    means = {
        name: np.mean([hits for view, hits in cells.items() if view[0] != CLEAN], 0)
        for name, cells in right.items()
    }  # (N,) each
    first = next(iter(right))
    summaries: dict[str, Any] = {}
    for name, cells in right.items():
        clean = cells[CLEAN, 0].astype(float)
        summaries[name] = {
            "clean": _mean_and_error(clean),
            "mean": _mean_and_error(means[name]),
            "over_first": None
            if name == first
            else {
                "clean": _mean_and_error(clean - right[first][CLEAN, 0]),
                "mean": _mean_and_error(means[name] - means[first]),
            },
        }
    return summaries


def _mean_and_error(values: NDArray[np.float64]) -> dict[str, float]:
    return {
        "value": float(values.mean()),
        "standard_error": float(values.std() / np.sqrt(len(values))),
    }


def by_corruption(cells: pd.DataFrame) -> pd.DataFrame:
    """A row for each model and corruption: accuracy at each severity, its mean, and macro recall's, in %."""
    spoilt = cells[cells["corruption"] != CLEAN]
    rows = []
    for (model, corruption), part in spoilt.groupby(["model", "corruption"], sort=False):
        accuracy = dict(zip(map(str, part["severity"]), 100 * part["accuracy"], strict=True))
        mean = {"mean": 100 * part["accuracy"].mean()}
        recall = {"macro recall": 100 * part["macro_recall"].mean()}
        rows.append({"model": model, "corruption": corruption, **accuracy, **mean, **recall})
    return pd.DataFrame(rows)


def sentences(summary: dict[str, Any]) -> list[str]:
    """What the table comes to, a line for each model and comparison."""
    lines = []
    for name, found in summary["models"].items():
        clean, mean = found["clean"], found["mean"]
        lines.append(f"{name}: clean {_percent(clean)}, mean over corruptions {_percent(mean)}")
        if found["over_first"]:
            first, ahead = next(iter(summary["models"])), found["over_first"]
            lines.append(
                f"{name} less {first}: clean {_percent(ahead['clean'], '+')}, "
                f"mean over corruptions {_percent(ahead['mean'], '+')}"
            )
    return lines


def markdown(cells: pd.DataFrame, summary: dict[str, Any]) -> str:
    table = by_corruption(cells)
    head = [*table.columns[:2], *(str(name) for name in table.columns[2:])]
    rule = ["---", "---", *["---:"] * (len(head) - 2)]
    rows = [
        [model, corruption, *(f"{value:.1f}" for value in values)]
        for model, corruption, *values in table.itertuples(index=False)
    ]
    grid = "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
    told = "\n".join(f"- {line}" for line in sentences(summary))
    return f"# {title(summary)}\n\nAccuracy in % at five severities.\n\n{told}\n\n{grid}\n"


def title(summary: dict[str, Any]) -> str:
    return f"Robustness on {summary['dataset']} {summary['split']}, {summary['n']} faces"


def _percent(found: dict[str, float], sign: str = "") -> str:
    return f"{100 * found['value']:{sign}.1f}% ± {100 * found['standard_error']:.1f}"
