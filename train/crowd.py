"""Whether a model is unsure where people disagree: its scores against FER+'s votes. Barsoum et al. 2016."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_auroc

from fer_live.errors import UserError
from fer_live.expressions import Expression
from train.data import Faces, fer2013, ferplus
from train.data.images import LabelledFaces
from train.metrics import RESAMPLES, risk_by
from train.vote import Opinion

CONTESTED = 0.5  # the highest share of the votes that no expression exceeds there
BASELINE = "entropy"  # what every other score must beat
# Measure -> whether more is better.
MEASURES = {"spearman": True, "auroc": True, "aurc": False}


def with_crowd(faces: Faces, root: Path) -> Faces:
    """The faces with their votes. Raises UserError where there are none for them."""
    if faces.votes is not None:
        return faces
    if not isinstance(faces, LabelledFaces) or faces.dataset != fer2013.NAME:
        raise UserError(f"{faces.dataset} has no crowd's votes: use --dataset fer2013 or ferplus")
    if fer2013.in_folders(root):
        raise UserError(
            f"{root} has FER2013 as folders, whose rows are lost: FER+'s votes need its csv beside {ferplus.FILE}"
        )
    return ferplus.join_votes(faces, root)


@dataclass(frozen=True)
class Crowd:
    """What people said of the M faces that they took for faces.

    `shown`: (N,) which of all faces those are. `entropy`: (M,) of the votes for expressions, in nats;
    `top`: (M,) the largest share of them.
    """

    shown: NDArray[np.bool_]
    entropy: NDArray[np.float64]
    top: NDArray[np.float64]


def crowd(votes: NDArray[np.uint8]) -> Crowd:
    """From votes (N, 10). Left out: most said that it is no face, or nobody named an expression."""
    counts = votes[:, : len(ferplus.EXPRESSIONS)].astype(float)
    shown = (votes[:, -1] < votes.max(1)) & (counts.sum(1) > 0)
    shares = counts[shown] / counts[shown].sum(1, keepdims=True)
    # Sorted, so that the same shares of other expressions tie: sums depend on their terms' order.
    return Crowd(shown, entropy(np.sort(shares, 1)), shares.max(1))


def entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K) distributions -> (N,) in nats."""
    return torch.special.entr(torch.from_numpy(shares)).sum(1).numpy()


def scores_of(
    probabilities: NDArray[np.float64], opinions: Sequence[Opinion]
) -> dict[str, NDArray[np.float64]]:
    """Name -> (N,) higher where less sure, of calibrated `probabilities` (N, K) and who they come from.

    "head": the mean rank by what the networks themselves say, where they do; "variance": by RUL's heads, of
    networks that have another one as well. "disagreement", of several: the entropy of their mean less the
    mean of their entropies. Houlsby et al. 2011 (BALD).
    """
    two = np.sort(probabilities, 1)[:, -2:]  # (N, 2)
    scores = {
        BASELINE: entropy(probabilities),
        "1 - max": 1 - two[:, 1],
        "margin": two[:, 0] - two[:, 1],
    }
    for name in ("head", "variance"):
        raw = [getattr(one, name) for one in opinions]
        ranks = [pd.Series(score).rank() for score in raw if score is not None]
        if ranks:
            scores[name] = np.mean(ranks, 0)
    if len(opinions) > 1:
        each = [one.logits.softmax(1).numpy() for one in opinions]
        apart = entropy(np.mean(each, 0)) - np.mean([entropy(one) for one in each], 0)
        scores["disagreement"] = apart
    return scores


def against_crowd(
    probabilities: NDArray[np.float64], opinions: Sequence[Opinion], faces: Faces
) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    """What `metrics.json` says of `faces` with votes, and each score's risk at coverage: (M,).

    Standard errors are the bootstrap's over faces. `ahead`: of the entropy, on the same faces. `kl`: over
    the classes that both have. Raises UserError where no face has a vote for an expression.
    """
    assert faces.votes is not None
    people = crowd(faces.votes)
    if not people.shown.any():
        raise UserError(f"nobody named an expression of any of {len(faces)} faces")
    scores = scores_of(probabilities, opinions)
    table = pd.DataFrame({name: score[people.shown] for name, score in scores.items()})
    wrong = (probabilities.argmax(1) != faces.labels)[people.shown]
    found = measures(table, people, wrong)
    divergence = kl_from_votes(
        faces.votes[people.shown], probabilities[people.shown], faces.classes
    )
    summary = {
        "n": len(wrong),
        "left_out": int((~people.shown).sum()),
        "contested": int((people.top <= CONTESTED).sum()),
        "unanimous": int((people.top == 1).sum()),
        "kl": float(divergence.mean()),
        "kl_standard_error": float(divergence.std() / np.sqrt(len(divergence))),
        "kl_n": len(divergence),
        "scores": found,
        "wins": {measure: _winner(found, measure) for measure in MEASURES},
    }
    return summary, {name: risk_by(table[name].to_numpy(), wrong) for name in scores}


def kl_from_votes(
    votes: NDArray[np.uint8], probabilities: NDArray[np.float64], classes: Sequence[Expression]
) -> NDArray[np.float64]:
    """KL(votes || p) in nats over the classes of both, of each face that has a vote for one: (at most N,)."""
    shared = [place for place, label in enumerate(classes) if label in ferplus.EXPRESSIONS]
    columns = [ferplus.EXPRESSIONS.index(classes[place]) for place in shared]
    counts = votes[:, columns].astype(float)
    named = counts.sum(1) > 0
    people = counts[named] / counts[named].sum(1, keepdims=True)
    model = probabilities[named][:, shared].clip(1e-12)
    model = model / model.sum(1, keepdims=True)
    return -(people * np.log(model)).sum(1) - entropy(people)


def measures(
    scores: pd.DataFrame, people: Crowd, wrong: NDArray[np.bool_]
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Score -> measure -> value, its standard error, and both of how far it is ahead of the entropy."""
    count = len(scores)
    generator = np.random.default_rng(0)
    whole = _values(scores, people, wrong, np.arange(count))  # (S, 3)
    resampled = np.stack(
        [
            _values(scores, people, wrong, generator.integers(0, count, count))
            for _ in range(RESAMPLES)
        ]
    )  # (R, S, 3)
    base = list(scores).index(BASELINE)
    sides = {
        "value": whole,
        "standard_error": resampled.std(0),
        "ahead": whole - whole[base],
        "ahead_standard_error": (resampled - resampled[:, [base]]).std(0),
    }
    return {
        name: {
            measure: {side: _number(values[row, column]) for side, values in sides.items()}
            for column, measure in enumerate(MEASURES)
        }
        for row, name in enumerate(map(str, scores))
    }


def _values(
    scores: pd.DataFrame, people: Crowd, wrong: NDArray[np.bool_], chosen: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(S, 3): MEASURES of each score on the `chosen` faces; NaN where one is not defined there."""
    top = people.top[chosen]
    clear = (top <= CONTESTED) | (top == 1)
    contested = torch.from_numpy(top[clear] <= CONTESTED).long()
    rank = scores.iloc[chosen].reset_index(drop=True).rank()
    with np.errstate(
        invalid="ignore", divide="ignore"
    ):  # a score that is the same everywhere has none
        agreement = rank.corrwith(pd.Series(people.entropy[chosen]).rank())  # Spearman's
    areas = [_auroc(rank[name].to_numpy()[clear], contested) for name in scores]
    risks = [risk_by(rank[name].to_numpy(), wrong[chosen]).mean() for name in scores]
    return np.stack([agreement.to_numpy(), areas, risks], 1)


def _auroc(rank: NDArray[np.float64], contested: torch.Tensor) -> float:
    if not 0 < int(contested.sum()) < len(contested):
        return float("nan")
    # As shares: what lies outside [0, 1] the library would put through a sigmoid.
    return float(binary_auroc(torch.from_numpy(rank / rank.max()), contested))


def _winner(found: dict[str, dict[str, dict[str, float | None]]], measure: str) -> str | None:
    values = {name: of[measure]["value"] for name, of in found.items()}
    known = {name: value for name, value in values.items() if value is not None}
    choose = max if MEASURES[measure] else min
    return choose(known, key=known.__getitem__) if known else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
