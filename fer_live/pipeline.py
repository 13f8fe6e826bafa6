"""The analyzer: a picture or a frame becomes readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_live.detect import FaceDetector, MediaPipeDetector
from fer_live.errors import UserError
from fer_live.packaged import MODEL
from fer_live.preprocess import crop_area, crop_face
from fer_live.runtimes import RuntimeName
from fer_live.timing import StageTimes
from fer_live.track import Tracks
from fer_live.types import Face, FloatArray, Frame, Image, Prediction, Reading, Scene
from fer_live.voting import FaceReader, load_reader


@dataclass(frozen=True)
class Seen:
    """The faces of some pictures before they are read.

    `faces`: each with the number of its picture. `areas` and `crops`: the part that is read, and its
    pixels at the network's size.
    """

    pictures: int
    faces: list[tuple[int, Face]]
    areas: list[FloatArray]
    crops: list[Image]


class Analyzer:
    """Finds the faces of a picture and reads them, all in one batch.

    `times` measures its stages. Close it, or use it in a `with` block, to free the detector.
    """

    def __init__(self, detector: FaceDetector, classifier: FaceReader):
        self.detector = detector
        self.classifier = classifier
        self.times = StageTimes()

    @classmethod
    def load(
        cls,
        weights: str = MODEL,
        device: str = "auto",
        scan: Literal["full", "live"] = "full",
        runtime: RuntimeName = "auto",
        every: int = 1,
    ) -> "Analyzer":
        """With a weight file (a path, or the name of one that comes with the package) and MediaPipe.

        Several with commas between vote, as `voting.Voting` says.

        `device`: auto, cpu, cuda or mps. `scan`: "full" looks everywhere in each picture; "live" is for
        frames of one stream, each so many of which it is shown (`every`). `runtime`: auto, torch, openvino
        or onnx. Raises UserError where one of them cannot be had.
        """
        return cls(MediaPipeDetector(scan, every=every), load_reader(weights, device, runtime))

    def __call__(self, image: Image, heatmaps: bool = False) -> list[Reading]:
        """Read an image, (H, W, 3) RGB uint8: one reading for each face, in the detector's
        order: row by row from the top, each from left to right, or best first where it scans live.

        Raises UserError where it is no such array.
        """
        return self.batch([image], heatmaps)[0]

    def batch(self, images: Sequence[Image], heatmaps: bool = False) -> list[list[Reading]]:
        """Read several images, each as a call would: all their faces are one batch for the network."""
        return self.tell(self.find(images), heatmaps)

    def find(self, images: Sequence[Image]) -> Seen:
        """The first half of `batch`: find the faces and cut them out. Another thread may `tell` meanwhile."""
        for image in images:
            _check(image)
        with self.times.measure("detect"):
            found = [(i, face) for i, image in enumerate(images) for face in self.detector(image)]
        if not found:
            return Seen(len(images), [], [], [])
        card = self.classifier.card
        with self.times.measure("crop"):
            areas = [crop_area(face, card.crop) for _, face in found]
            crops = [
                crop_face(images[i], area, card.size)
                for (i, _), area in zip(found, areas, strict=True)
            ]
        return Seen(len(images), found, areas, crops)

    def tell(self, seen: Seen, heatmaps: bool = False) -> list[list[Reading]]:
        """The second half: read the faces that were found."""
        readings: list[list[Reading]] = [[] for _ in range(seen.pictures)]
        if not seen.faces:
            return readings
        with self.times.measure("classify"):
            scores = self.classifier.score(seen.crops)
            predictions = self.classifier.predictions(scores)
        if not heatmaps:
            for (i, face), prediction in zip(seen.faces, predictions, strict=True):
                readings[i].append(Reading(face, prediction))
            return readings
        with self.times.measure("heat-map"):
            maps = self.classifier.heatmaps(scores)
        explained = zip(seen.faces, predictions, maps, seen.areas, strict=True)
        for (i, face), prediction, its_maps, area in explained:
            readings[i].append(Reading(face, prediction, None, its_maps, area))
        return readings

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Read faces that are cropped already, (H, W) grey or (H, W, 3) RGB uint8 of any size.

        Raises UserError where one is no such array.
        """
        _check_crops(crops)
        return self.classifier(crops)

    def read(
        self, frame: Frame, tracks: Tracks, heatmaps: bool = False, seen: Seen | None = None
    ) -> Scene:
        """Read the next frame of a stream; `tracks` holds who was there before and is brought up to date.

        `seen`: what `find` has found in it already.
        """
        readings = self.tell(seen or self.find([frame.image]), heatmaps)[0]
        with self.times.measure("track"):
            return Scene(frame, tracks.update(readings, frame.seconds, frame.source))

    def close(self) -> None:
        self.detector.close()
        self.classifier.close()

    def __enter__(self) -> "Analyzer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _check_crops(crops: object) -> None:
    if not isinstance(crops, Sequence | np.ndarray) or isinstance(crops, str):
        raise UserError(f"a {type(crops).__name__} holds no faces; give a list of arrays")
    if isinstance(crops, np.ndarray) and (crops.ndim < 3 or crops.shape[2:] == (3,)):
        raise UserError(f"an array {crops.shape} is one face; give a list of arrays, [face]")
    for crop in crops:
        if not isinstance(crop, np.ndarray):
            raise UserError(f"a {type(crop).__name__} is no face; give an array, uint8")
        shaped = crop.ndim == 2 or crop.shape[2:] == (3,)
        if crop.dtype != np.uint8 or not shaped or not crop.size:
            raise UserError(
                f"an array {crop.shape}, {crop.dtype} is no face; give (H, W) grey or (H, W, 3) RGB, uint8"
            )


def _check(image: object) -> None:
    if not isinstance(image, np.ndarray):
        raise UserError(f"a {type(image).__name__} is no image; give an array (H, W, 3), RGB uint8")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise UserError(
            f"an array {image.shape}, {image.dtype} is no image; give (H, W, 3), RGB uint8: grey "
            "repeated three times, transparency left out"
        )
