"""The models that all visitors share: each is loaded once, and pictures are read one after another."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_live import card as cards
from fer_live import packaged
from fer_live.card import Card
from fer_live.classify import Classifier
from fer_live.detect import FaceDetector, MediaPipeDetector
from fer_live.errors import UserError
from fer_live.labels import honest_label
from fer_live.preprocess import crop_area, crop_face
from fer_live.runtimes import RuntimeName, leave_cores_to
from fer_live.types import Face, FloatArray, Image, Prediction, Reading
from fer_live.voting import FaceReader, Voting, names_of


@dataclass(frozen=True)
class Opinion:
    """What one model says of one face: its crop (size, size, 3), the prediction, the maps (K, h, w)."""

    model: str
    crop: Image
    area: FloatArray
    prediction: Prediction
    heatmaps: FloatArray
    label: tuple

    def reading(self, face: Face) -> Reading:
        return Reading(face, self.prediction, None, self.heatmaps, self.area, self.label)


class Readers:
    """Classifiers by name, one detector, and the lock that gives them to one request at a time.

    With two cores nothing would be quicker side by side. `names`: what the page offers, the first
    being the one it begins with: weights, and a vote of several where `model` joins them by commas.
    """

    def __init__(self, model: str, device: str = "auto", runtime: RuntimeName = "auto"):
        self._paths = _offered(model)
        self._device, self._runtime = device, runtime
        self._classifiers: dict[str, FaceReader] = {}
        self._cards: dict[str, Card] = {}
        self._detector: FaceDetector | None = None
        self._lock = threading.RLock()

    @property
    def names(self) -> list[str]:
        return list(self._paths)

    @property
    def weights(self) -> list[str]:
        """The names less the vote: each is one file with a card of its own."""
        return [name for name, paths in self._paths.items() if len(paths) == 1]

    def card(self, name: str) -> Card:
        """Raises UserError where there is no such model or a file of it is broken."""
        with self._lock:
            paths = self._known(name)
            if len(paths) > 1:
                return self.classifier(name).card
            if name not in self._cards:
                self._cards[name] = cards.load_card(paths[0])
            return self._cards[name]

    def of_card(self, name: str) -> str | None:
        """What the page calls the weights whose card has this name; files may be called otherwise."""
        for offered in self.weights:
            with suppress(UserError):  # one that is broken has no name
                if self.card(offered).name == name:
                    return offered
        return None

    def path(self, name: str) -> Path:
        """The weight file. Raises UserError where there is no such model, or it is a vote."""
        path, *others = self._known(name)
        if others:
            members = ", ".join(member.stem for member in (path, *others))
            raise UserError(f"{name} is a vote and not one network: choose one of {members}")
        return path

    def classifier(self, name: str) -> FaceReader:
        """Shared and read-only; use it within `reserved`. Raises UserError as `card` does."""
        with self._lock:
            if name not in self._classifiers:
                loaded = [
                    Classifier.load(str(path), self._device, self._runtime)
                    for path in self._known(name)
                ]
                classifier: FaceReader = loaded[0] if len(loaded) == 1 else Voting(loaded)
                leave_cores_to(classifier.runtime)
                self._classifiers[name] = classifier
            return self._classifiers[name]

    @property
    def reserved(self) -> threading.RLock:
        """Hold it (`with`) while a classifier works: a runtime answers one request at a time."""
        return self._lock

    def warm_up(self) -> None:
        """Load what the first visitor will need."""
        self.read(np.zeros((64, 64, 3), np.uint8), self.names[:1])
        self.classifier(self.names[0])

    def find(self, image: Image) -> list[Face]:
        """All faces of a picture, row by row from the top, left to right."""
        with self._lock:
            if self._detector is None:
                self._detector = MediaPipeDetector("full")
            return self._detector(image)

    def read(self, image: Image, models: Sequence[str]) -> list[tuple[Face, list[Opinion]]]:
        """Each face with what each of the models says of it."""
        with self._lock:
            faces = self.find(image)
            opinions = [self.opinions(image, faces, name) for name in models]
        return [(face, [said[i] for said in opinions]) for i, face in enumerate(faces)]

    def opinions(self, image: Image, faces: Sequence[Face], name: str) -> list[Opinion]:
        """What a model says of these faces of a picture."""
        card = self.classifier(name).card
        areas = [crop_area(face, card.crop) for face in faces]
        crops = [crop_face(image, area, card.size) for area in areas]
        return [
            Opinion(
                name,
                crop,
                area,
                prediction,
                maps,
                honest_label(prediction.probabilities, card.abstain_below),
            )
            for crop, area, (prediction, maps) in zip(
                crops, areas, self.score(crops, name), strict=True
            )
        ]

    def score(self, crops: Sequence[Image], name: str) -> list[tuple[Prediction, FloatArray]]:
        """Crops of any size: prediction and maps (K, h, w) of each."""
        with self._lock:
            if not crops:
                return []
            classifier = self.classifier(name)
            scores = classifier.score(crops)
            maps = classifier.heatmaps(scores)
            return list(zip(classifier.predictions(scores), maps, strict=True))

    def _known(self, name: str) -> list[Path]:
        if name not in self._paths:
            raise UserError(f"no model {name!r} here; choose one of {', '.join(self._paths)}")
        return self._paths[name]

    def close(self) -> None:
        with self._lock:
            for classifier in self._classifiers.values():
                classifier.close()
            if isinstance(self._detector, MediaPipeDetector):
                self._detector.close()


def _offered(model: str) -> dict[str, list[Path]]:
    """The weight files of each name: what was asked for, a vote's members, and all that come with the package."""
    asked = [cards.find_weights(name) for name in names_of(model)]
    offered = {" + ".join(path.stem for path in asked): asked}
    for path in (*asked, *map(cards.find_weights, packaged.names())):
        offered.setdefault(path.stem, [path])
    return offered
