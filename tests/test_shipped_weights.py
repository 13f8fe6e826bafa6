"""The weights that travel with the package, held against their cards on real data.

These tests need FER2013, whose folder the environment variable FER_DATA names.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from fer_live.card import find_weights, load_card
from fer_live.classify import Classifier
from fer_live.detect import MediaPipeDetector
from fer_live.packaged import MODEL
from fer_live.pipeline import Analyzer
from fer_live.preprocess import crop_area
from fer_live.types import Box
from scripts import whole_path
from scripts.whole_path import SIDES, nearest, table
from train.data import DATASETS, fer2013

ROOT = os.environ.get("FER_DATA")
needs_fer2013 = pytest.mark.skipif(
    ROOT is None,
    reason="FER_DATA does not name FER2013's folder, which cannot travel with the tests",
)
NAMES = ("cucn", "cnn6", "cucn-plus")


@pytest.mark.parametrize(
    ("name", "megabytes"),
    [("cucn", 32), ("cucn-2", 32), ("cucn-3", 32), ("cnn6", 4), ("cucn-plus", 32)],
)
def test_files_are_small_and_say_where_they_come_from(name, megabytes):
    path = find_weights(name)
    card = load_card(path)
    assert path.stat().st_size < megabytes * 1e6
    assert card.name == name
    counts = DATASETS[card.dataset].counts
    assert card.split_sizes == {name: sum(counts[name]) for name in ("train", "public")}
    for said in (card.commit, card.licence, card.recipe, card.training, card.versions):
        assert said


def test_all_files_together_are_small():
    files = find_weights("cucn").parent.glob("*.safetensors")
    assert sum(path.stat().st_size for path in files) <= 100e6


@pytest.fixture(scope="module", params=NAMES)
def classifier(request):
    """In torch, which is as quick with many faces at once and converts nothing."""
    return Classifier.load(request.param, "cpu", "torch")


@needs_fer2013
def test_the_app_reads_as_well_as_the_card_says(classifier):
    faces = DATASETS[classifier.card.dataset].load_split(Path(ROOT), "public").sample(900)
    predictions = classifier(list(faces.images))
    truth = [faces.classes[label] for label in faces.labels]
    right = [p.expression == t for p, t in zip(predictions, truth, strict=True)]
    said = classifier.card.metrics["public"]["accuracy"]
    assert abs(np.mean(right) - said) < 4 * np.sqrt(said * (1 - said) / len(right))


@needs_fer2013
def test_uncertainty_is_a_percentile_of_training(classifier):
    faces = DATASETS[classifier.card.dataset].load_split(Path(ROOT), "train").sample(600)
    found = [p.uncertainty for p in classifier(list(faces.images))]
    assert np.quantile(found, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.08)


def test_a_face_that_is_not_found_counts_as_wrong():
    direct = np.array([True, True, False, True])
    found, right = np.ones((2, 4, len(SIDES)), bool)
    found[0, 4] = right[0, 4] = right[1, 4] = right[2] = False
    cells = table("cucn", direct, found, right)
    assert cells["accuracy"].tolist() == [0.75, 0.75, 0.75, 0.75, 0.75, 0.25]
    assert cells["found"].tolist() == [1, 1, 1, 1, 1, 0.75]
    assert cells["lost"].tolist() == [0, 0, 0, 0, 0, 0.5]
    assert cells["standard_error"].iloc[5] == pytest.approx(0.25)  # of 1, 1, 0, 0


def crowd(images, generator):
    """Four faces in one frame, each somewhere in a quarter of it, and their places: one search finds them all."""
    (one, left), (other, right), (third, lower), (fourth, last) = (
        whole_path.scene(image, SIDES[0], generator) for image in images
    )
    height, width = one.shape[:2]
    frame = np.vstack([np.hstack([one, other]), np.hstack([third, fourth])])
    corners = ((0, 0), (width, 0), (0, height), (width, height))
    places = (left, right, lower, last)
    return frame, [moved(place, *corner) for place, corner in zip(places, corners, strict=True)]


def moved(box, x, y):
    return Box(box.left + x, box.top + y, box.right + x, box.bottom + y)


@needs_fer2013
def test_the_whole_path_finds_faces_and_reads_them_as_the_direct_crop(monkeypatch):
    monkeypatch.setattr(whole_path, "WIDTH", whole_path.WIDTH // 2)
    monkeypatch.setattr(whole_path, "HEIGHT", whole_path.HEIGHT // 2)
    generator = np.random.default_rng(1)
    faces = fer2013.load(Path(ROOT), "public").select(generator.permutation(3589)[:80])
    same, framed = 0, []
    classifier = Classifier.load(MODEL, "cpu", "torch")
    direct = classifier(list(faces.images))
    with MediaPipeDetector() as detector:
        analyzer = Analyzer(detector, classifier)
        for start in range(0, len(faces), 4):
            frame, places = crowd(faces.images[start : start + 4], generator)
            readings = analyzer(frame)
            for place, known in zip(places, direct[start : start + 4], strict=True):
                reading = nearest(readings, place)
                if reading is not None:
                    framed.append(framing(reading, place, classifier.card.crop))
                    same += reading.prediction.expression == known.expression
    assert len(framed) >= 0.93 * len(faces)
    assert same >= 0.75 * len(framed)
    # As the data set cuts faces out: by median, because detectors differ on each.
    assert np.median(framed, 0) == pytest.approx([1, 0, 0], abs=0.08)


def framing(reading, place, crop):
    """The crop's side, and how far its middle is from that of `place`, right and down, in sides of `place`."""
    area = crop_area(reading.face, crop)
    away = area.mean(0) - place.centre
    return [np.linalg.norm(area[1] - area[0]) / place.width, *(away / place.width)]
