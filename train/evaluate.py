"""`python -m train evaluate`: a weight file's scores on one split, as files and as a table."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from fer_live import card as cards
from fer_live.errors import UserError
from fer_live.expressions import Expression
from train import metrics
from train.data import Faces, find
from train.plots import plot_confusion
from train.predict import predict


def evaluate(
    weights: str,
    dataset: str,
    root: Path,
    split: str | None,
    output: Path,
    tta: bool,
    device: torch.device,
) -> dict[str, Any]:
    """Score a weight file; write `metrics.json`, `predictions.parquet` and `confusion.png` to `output`.

    `split`: the data set's selection split where it is None. Returns what `metrics.json` holds. Raises UserError on bad input, before any work is done.
    """
    _make(output)
    network, card = cards.load(cards.find_weights(weights))
    source = find(dataset)
    split = split or source.selection
    faces = source.load(root, split)
    found = predict(network, card, faces, device, tta)
    # The card's temperature is for plain predictions; averaged views are less sure of themselves.
    probabilities = found.probabilities(1.0 if tta else card.temperature)
    scores = {
        "weights": card.name,
        "dataset": faces.dataset,
        "split": split,
        "tta": tta,
        **measure(probabilities, faces.labels, faces.classes),
    }
    uncertainty = None
    if found.uncertainty is not None and card.uncertainty_quantiles:
        uncertainty = card.percentile(found.uncertainty)
    (output / "metrics.json").write_text(json.dumps(scores, indent=2))
    _table_of_predictions(faces, probabilities, uncertainty).to_parquet(
        output / "predictions.parquet"
    )
    plot_confusion(scores, output / "confusion.png")
    return scores


def measure(
    probabilities: NDArray, true: NDArray, classes: tuple[Expression, ...]
) -> dict[str, Any]:
    """All scores of predictions (N, K) against labels (N,), ready for JSON: None where undefined."""
    confusion = metrics.confusion_matrix(true, probabilities.argmax(1), len(classes))
    scores = metrics.Scores(confusion)
    names = [str(expression) for expression in classes]

    def by_class(values: NDArray) -> dict[str, float | None]:
        return {n: None if math.isnan(v) else float(v) for n, v in zip(names, values, strict=True)}

    return {
        "n": len(true),
        "accuracy": scores.accuracy,
        "macro_recall": scores.macro_recall,
        "macro_precision": float(np.nanmean(scores.precision)),
        "macro_f1": float(np.nanmean(scores.f1)),
        "min_recall": float(np.nanmin(scores.recall)),
        "max_recall": float(np.nanmax(scores.recall)),
        "ece": metrics.expected_calibration_error(probabilities, true),
        "nll": metrics.nll(probabilities, true),
        "brier": metrics.brier(probabilities, true),
        "labels": names,
        "per_class_recall": by_class(scores.recall),
        "per_class_precision": by_class(scores.precision),
        "confusion": confusion.tolist(),
    }


def print_scores(scores: dict[str, Any], output: Path) -> None:
    """The scores as a table on the terminal."""
    views = "ten views (TTA)" if scores["tta"] else "one view (no TTA)"
    error = 100 * math.sqrt(scores["accuracy"] * (1 - scores["accuracy"]) / scores["n"])
    table = Table(title=f"{scores['weights']} on {scores['dataset']} {scores['split']}, {views}")
    table.add_column("expression")
    for column in ("faces", "recall %", "precision %"):
        table.add_column(column, justify="right")
    for name, row in zip(scores["labels"], scores["confusion"], strict=True):
        recall, precision = scores["per_class_recall"][name], scores["per_class_precision"][name]
        table.add_row(name, str(sum(row)), _percent(recall), _percent(precision))
    table.add_section()
    table.add_row(
        "mean over classes",
        str(scores["n"]),
        _percent(scores["macro_recall"]),
        _percent(scores["macro_precision"]),
    )
    console = Console()
    console.print(table)
    console.print(
        f"accuracy {_percent(scores['accuracy'])}% (standard error {error:.2f}), "
        f"macro F1 {_percent(scores['macro_f1'])}%, ECE {_percent(scores['ece'])}%, "
        f"NLL {scores['nll']:.3f}, Brier {scores['brier']:.3f}\nwritten to {output}"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


def _make(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / "metrics.json").touch()
    except OSError as error:
        raise UserError(
            f"cannot write to {output} ({error.strerror}): choose another --output"
        ) from None


def _table_of_predictions(
    faces: Faces, probabilities: NDArray, uncertainty: NDArray | None
) -> pd.DataFrame:
    names = np.array([str(expression) for expression in faces.classes])
    return pd.DataFrame(
        {
            "row": faces.rows,
            "true": names[faces.labels],
            "predicted": names[probabilities.argmax(1)],
            "probabilities": list(probabilities.astype(np.float32)),
            "uncertainty": np.full(len(faces), np.nan) if uncertainty is None else uncertainty,
        }
    )
