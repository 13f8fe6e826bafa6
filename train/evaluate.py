"""`python -m train evaluate`: the scores of weight files on one split, as files and as a table."""

import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from fer_live import card as cards
from fer_live.errors import UserError
from train.calibration import calibration, recognition
from train.cross_fitting import cross_fit
from train.crowd import against_crowd, with_crowd
from train.data import DataSet, Faces, find
from train.exclusions import kept
from train.fitted import fitted_to
from train.keep import PICTURES, claim, keep, with_votes
from train.metrics import measure
from train.plots import plot_confusion, plot_risks
from train.recipe_checks import remedies
from train.twins import has_twin
from train.vote import Opinion, Vote, best_strength, opinion, together

RISKS = "risk_coverage.png"
TABLE = "predictions.parquet"
CONFUSION = "confusion.png"
# The last two are of the crowd's votes.
OF_CONFIDENCES = {
    "ece",
    "adaptive_ece",
    "nll",
    "brier",
    "reliability",
    "kl",
    "kl_standard_error",
}
METRICS = "metrics.json"  # where it is, the rest of the folder belongs to it

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EvaluateOptions:
    """How to score. `exclude`: a list of faces to leave out, as `exclusions` describes.

    `tta`: ten views of each face. `vote`: how several weight files come to one reading.
    `logit_adjustment`: its strength tau, or "auto" for the one with the highest macro recall on the
    data set's selection split. `votes`: compare with the crowd's, as `crowd` does. `limit`: faces of each
    split, for a smoke run.
    """

    tta: bool = False
    vote: Vote = "soft"
    logit_adjustment: float | Literal["auto"] = 0.0
    exclude: Path | None = None
    limit: int | None = None
    pictures: bool = False
    votes: bool = False


def evaluate(
    weights: Sequence[str],
    dataset: str,
    root: Path,
    split: str | None,
    output: Path,
    device: torch.device,
    options: EvaluateOptions | None = None,
) -> dict[str, Any]:
    """Score weight files together; write `metrics.json`, `predictions.parquet`, `confusion.png` to `output`.

    With `votes` also `risk_coverage.png`. `split`: the data set's selection split where it is None. An
    earlier evaluation's files stay until all of these are written. Returns what `metrics.json` holds.
    Raises UserError on bad input.
    """
    options = options or EvaluateOptions()
    _refuse_doubles(weights)
    claim(output)
    source = find(dataset)
    split = split or source.selection
    faces = _load(source, root, split, options)
    faces = with_crowd(faces, root) if options.votes else faces
    _warn_of_fitted(weights, faces)
    opinions = [opinion(name, faces, device, options.tta) for name in weights]
    strength, chosen_on = _strength(weights, source, root, faces, opinions, device, options)
    if strength:
        _warn_of_stacked(weights)
    probabilities = together(opinions, options.vote, strength)
    unseen, why = _without_twins(source, root, faces, options)
    scores = {
        "weights": " + ".join(one.name for one in opinions),
        "vote": options.vote if len(opinions) > 1 else None,
        "dataset": faces.dataset,
        "split": split,
        "tta": options.tta,
        "logit_adjustment": {"tau": strength, "chosen_on": chosen_on},
        "excluded": None if options.exclude is None else str(options.exclude),
        **measure(probabilities, faces.labels, faces.classes),
        "clean": None
        if unseen is None
        else measure(probabilities[unseen], faces.labels[unseen], faces.classes),
        "clean_reason": why,
        "cross_fitted": None,
        "crowd": None,
    }
    confident = scores["vote"] != "majority"
    if confident and split == source.selection:  # others have not fitted the temperature
        held_out = cross_fit(opinions, faces.labels, options.vote, strength)
        scores["cross_fitted"] = {
            "last_layers": [one.name for one in opinions if one.known is not None],
            **recognition(held_out, faces.labels),
            **calibration(held_out, faces.labels),
            "clean": None
            if unseen is None
            else recognition(held_out[unseen], faces.labels[unseen]),
        }
    with tempfile.TemporaryDirectory(prefix=".new-", dir=output) as new:
        folder = Path(new)
        if options.votes:
            scores["crowd"], risks = against_crowd(probabilities, opinions, faces)
            plot_risks(risks, f"{scores['weights']} on {faces.dataset} {split}", folder / RISKS)
        if not confident:
            _leave_confidences_out(scores)
        _table_of_predictions(faces, probabilities, opinions).to_parquet(folder / TABLE)
        if options.pictures:
            keep(with_votes(faces, root), folder)
        plot_confusion(scores, folder / CONFUSION)
        (folder / METRICS).write_text(json.dumps(scores, indent=2), encoding="utf-8")
        _put_in_place(folder, output)
    return scores


def _refuse_doubles(weights: Sequence[str]) -> None:
    paths = [cards.find_weights(name).resolve() for name in weights]
    doubled = next(
        (name for name, path in zip(weights, paths, strict=True) if paths.count(path) > 1), None
    )
    if doubled:
        raise UserError(f"--weights names {doubled} twice: each file has one vote")


def _leave_confidences_out(scores: dict[str, Any]) -> None:
    """Shares of votes are no confidences: what they are from the truth, or from people's, says nothing of a calibration."""
    for part in (scores, scores["clean"] or {}, scores["crowd"] or {}):
        part |= dict.fromkeys(part.keys() & OF_CONFIDENCES)


def _load(source: DataSet, root: Path, split: str, options: EvaluateOptions) -> Faces:
    faces = source.load(root, split, options.limit)
    return faces if options.exclude is None else faces.select(kept(faces, options.exclude))


def _strength(
    weights: Sequence[str],
    source: DataSet,
    root: Path,
    faces: Faces,
    opinions: Sequence[Opinion],
    device: torch.device,
    options: EvaluateOptions,
) -> tuple[float, str | None]:
    """The adjustment's tau, and the split that chose it: never one that is only to be scored."""
    if options.logit_adjustment != "auto":
        return options.logit_adjustment, None
    if faces.split != source.selection:
        faces = _load(source, root, source.selection, options)
        opinions = [opinion(name, faces, device, options.tta) for name in weights]
    return best_strength(opinions, options.vote, faces.labels), source.selection


def _without_twins(
    source: DataSet, root: Path, faces: Faces, options: EvaluateOptions
) -> tuple[NDArray[np.bool_] | None, str]:
    """(N,) which faces have no exact twin in the training split, and what that means; or None, and why not."""
    if faces.split == source.training:
        return None, "this is the training split itself"
    if options.limit is not None:
        return None, "a smoke run, which does not look for twins"
    try:
        training = source.load(root, source.training)
    except UserError as error:
        return None, f"no training split to compare with: {error}"
    unseen = ~has_twin(faces, training)
    if not unseen.any():
        return None, "every face has a twin in the training split"
    return unseen, f"faces without an exact twin in {source.training}"


def _put_in_place(folder: Path, output: Path) -> None:
    """Move the files of `folder` to `output`; those of another evaluation that it has not are removed."""
    (output / METRICS).unlink(missing_ok=True)
    for name in (TABLE, CONFUSION, PICTURES, RISKS, METRICS):
        if (folder / name).exists():
            (folder / name).replace(output / name)
        else:
            (output / name).unlink(missing_ok=True)


def _warn_of_fitted(weights: Sequence[str], faces: Faces) -> None:
    for name in weights:
        card = cards.load_card(cards.find_weights(name))
        if fitted := fitted_to(faces, card):
            logger.warning(
                f"{card.name}'s last layer was fitted to the split {faces.split}: by that of other faces its "
                f"accuracy there is {100 * fitted['accuracy']:.2f}%, its ECE {100 * fitted['ece']:.2f}%"
            )


def _warn_of_stacked(weights: Sequence[str]) -> None:
    for name in weights:
        card = cards.load_card(cards.find_weights(name))
        stacked = remedies(card.recipe)
        if taken := card.training.get("logit_adjustment"):
            stacked.append(f"the {taken:g} times the log prior that refresh took from the logits")
        if stacked:
            logger.warning(
                f"--logit-adjustment is stacked on {' and '.join(stacked)} of {card.name}: each makes rare "
                "classes weigh more"
            )


def _table_of_predictions(
    faces: Faces, probabilities: NDArray, opinions: Sequence[Opinion]
) -> pd.DataFrame:
    """`uncertainty`: the mean over the weight files that have it."""
    names = np.array([str(expression) for expression in faces.classes])
    heads = [one.uncertainty for one in opinions if one.uncertainty is not None]
    return pd.DataFrame(
        {
            "row": faces.rows,
            "true": names[faces.labels],
            "predicted": names[probabilities.argmax(1)],
            "probabilities": list(probabilities.astype(np.float32)),
            "uncertainty": np.mean(heads, 0) if heads else np.full(len(faces), np.nan),
        }
    )
