"""One model that reads faces, or several that vote: `--model cucn,cnn6`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.card import Card, find_weights
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.runtimes import Running, RuntimeName, Scores
from fer_live.types import FloatArray, Prediction


class FaceReader(Protocol):
    """What a Classifier offers; what `score` returns is for the same reader's other methods alone."""

    @property
    def card(self) -> Card: ...
    @property
    def device(self) -> str: ...
    @property
    def runtime(self) -> Running: ...
    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> list[Prediction]: ...
    def score(self, crops: Sequence[NDArray[np.uint8]]) -> Any: ...
    def predictions(self, scores: Any) -> list[Prediction]: ...
    def heatmaps(self, scores: Any) -> FloatArray: ...
    def close(self) -> None: ...


def load_reader(model: str, device: str = "auto", runtime: RuntimeName = "auto") -> FaceReader:
    """The weights called `model` (a name or path); of several, joined by commas, their vote.

    Raises UserError where one cannot be had, or they do not fit together.
    """
    members = [Classifier.load(name, device, runtime) for name in names_of(model)]
    return Voting(members) if len(members) > 1 else members[0]


def names_of(model: str) -> list[str]:
    """The names or paths in what `--model` was given.

    Raises UserError on a list with gaps, or of files that are not there or that it names twice.
    """
    if at_home(model).is_file():
        return [model]
    names = [name.strip() for name in model.split(",")]
    if len(names) > 1:
        files = {find_weights(name).resolve() for name in names if name}
        if len(files) < len(names):
            raise UserError(
                f"--model {model!r}: several models are names with commas between, each once"
            )
    return names


class Voting:
    """Several classifiers as one: the mean of their calibrated probabilities and of their percentiles.

    All must have the same labels, and see the same part of the face; crops are cut at the largest of
    their sizes. Confidence has to reach the highest threshold of theirs before one expression is named.
    """

    def __init__(self, members: Sequence[Classifier]):
        first = members[0].card
        for member in members[1:]:
            if member.card.labels != first.labels:
                raise UserError(
                    f"{first.name} and {member.card.name} cannot vote: they name other expressions"
                )
            if member.card.crop != first.crop:
                raise UserError(
                    f"{first.name} and {member.card.name} cannot vote: they frame faces differently"
                )
        self.members = list(members)
        self.device = members[0].device
        self.runtime = _Together(self.members)
        cards = [member.card for member in members]
        self.card = replace(
            first,
            name=" + ".join(card.name for card in cards),
            size=max(card.size for card in cards),
            abstain_below=max(card.abstain_below for card in cards),
            recipe={},
            metrics={},  # nobody has measured the vote
        )

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """As a classifier's."""
        return self.predictions(self.score(crops)) if len(crops) else []

    def score(self, crops: Sequence[NDArray[np.uint8]]) -> list[Scores]:
        """Each member's."""
        return [member.score(crops) for member in self.members]

    def predictions(self, scores: Sequence[Scores]) -> list[Prediction]:
        """One for each crop; uncertainty is the mean over the members that have one."""
        said = [m.predictions(own) for m, own in zip(self.members, scores, strict=True)]
        return [_mean(of_one) for of_one in zip(*said, strict=True)]

    def heatmaps(self, scores: Sequence[Scores]) -> FloatArray:
        """The mean of the members' maps, (B, K, h, w) with the first's height and width.

        Maps of other networks have other units: each member's of a face are divided by their highest
        value over all expressions, which leaves how these compare.
        """
        maps = [m.heatmaps(own) for m, own in zip(self.members, scores, strict=True)]
        height, width = maps[0].shape[2:]
        scaled = [_resized(own, height, width) for own in map(_scaled, maps)]
        return np.mean(scaled, 0, dtype=np.float32)

    def close(self) -> None:
        for member in self.members:
            member.close()


class _Together:
    """The members' runtimes as one."""

    def __init__(self, members: Sequence[Classifier]):
        self._runtimes = [member.runtime for member in members]

    @property
    def name(self) -> str:
        return " + ".join(dict.fromkeys(runtime.name for runtime in self._runtimes))

    @property
    def own_threads(self) -> bool:
        return all(runtime.own_threads for runtime in self._runtimes)

    def wait(self) -> None:
        for runtime in self._runtimes:
            runtime.wait()


def _mean(said: Sequence[Prediction]) -> Prediction:
    known = [one.uncertainty for one in said if one.uncertainty is not None]
    return Prediction(
        {
            label: float(np.mean([one.probabilities[label] for one in said]))
            for label in said[0].probabilities
        },
        float(np.mean(known)) if known else None,
    )


def _scaled(maps: FloatArray) -> FloatArray:
    """(B, K, h, w) -> the same, each face's highest value 1; faces without any stay zero."""
    highest = maps.max((1, 2, 3), keepdims=True)
    return np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0)


def _resized(maps: FloatArray, height: int, width: int) -> FloatArray:
    if maps.shape[2:] == (height, width):
        return maps
    flat = maps.reshape(-1, *maps.shape[2:])
    resized = [cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in flat]
    return np.stack(resized).reshape(*maps.shape[:2], height, width)
