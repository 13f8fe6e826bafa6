"""The analyzer: with fakes how it goes about it, with the weights that ship what comes out."""

import numpy as np
import pytest
from skimage import data

from fer_live import Analyzer
from fer_live.errors import UserError
from fer_live.expressions import HAPPY, SEVEN
from fer_live.track import Tracks
from fer_live.types import Box, Face, Frame
from tests.fakes import FakeClassifier, FakeDetector, fake_analyzer

GREY = np.full((120, 160, 3), 110, np.uint8)


@pytest.fixture(scope="module")
def analyzer():
    with Analyzer.load("cucn", "cpu") as analyzer:
        yield analyzer


def test_the_faces_of_a_picture_are_read_in_one_batch():
    faces = [Face(Box(left, 10, left + 30, 40), 0.9) for left in (5, 50, 100)]
    analyzer = Analyzer(FakeDetector(faces), FakeClassifier())
    readings = analyzer(GREY)
    assert [reading.face for reading in readings] == faces
    assert {reading.prediction.expression for reading in readings} == {HAPPY}
    assert analyzer.classifier.batches == [3]


def test_a_picture_without_faces_is_not_classified():
    analyzer = Analyzer(FakeDetector([]), FakeClassifier())
    assert analyzer(GREY, heatmaps=True) == []
    assert analyzer.classifier.batches == []


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((8, 8, 4), np.uint8), "(8, 8, 4), uint8 is no image"),
        (np.zeros((8, 8), np.uint8), "(8, 8), uint8 is no image"),
        (np.zeros((8, 8, 3), np.float32), "(8, 8, 3), float32 is no image"),
        (np.zeros((0, 8, 3), np.uint8), "(0, 8, 3), uint8 is no image"),
        ("a.png", "a str is no image"),
    ],
    ids=str,
)
def test_what_is_no_image_is_refused(image, words):
    with pytest.raises(UserError) as told:
        fake_analyzer()(image)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("crops", "words"),
    [
        ([np.zeros((8, 8), np.float32)], "(8, 8), float32 is no face"),
        ([np.zeros((8, 8, 4), np.uint8)], "(8, 8, 4), uint8 is no face"),
        ([np.zeros((8, 8, 1), np.uint8)], "(8, 8, 1), uint8 is no face"),
        ([np.zeros(8, np.uint8)], "(8,), uint8 is no face"),
        ([np.zeros((0, 8), np.uint8)], "(0, 8), uint8 is no face"),
        ([GREY, None], "a NoneType is no face"),
        (GREY, "(120, 160, 3) is one face; give a list"),
        (GREY[:, :, 0], "(120, 160) is one face; give a list"),
        ("a.png", "a str holds no faces"),
        ((face for face in [GREY]), "a generator holds no faces"),
    ],
)
def test_what_is_no_face_is_refused(crops, words):
    with pytest.raises(UserError) as told:
        fake_analyzer().classify(crops)
    assert words in str(told.value)


def test_an_array_of_grey_faces_is_several():
    assert len(fake_analyzer().classify(np.zeros((3, 8, 8), np.uint8))) == 3


def test_a_face_at_the_edge_is_read():
    outside = [Face(Box(-20, -20, 10, 10), 0.9), Face(Box(150, 110, 160, 120), 0.9)]
    assert len(Analyzer(FakeDetector(outside), FakeClassifier())(GREY)) == 2


def test_heat_maps_come_only_when_asked_for():
    (without,), (reading,) = fake_analyzer()(GREY), fake_analyzer()(GREY, heatmaps=True)
    assert without.heatmaps is without.heatmap is without.heatmap_area is None
    assert reading.heatmaps.shape == (7, 6, 6)
    assert reading.heatmap_area.tolist() == [[100, 60], [200, 60], [200, 160], [100, 160]]


def test_a_face_keeps_its_identity_from_frame_to_frame():
    analyzer, tracks = fake_analyzer(), Tracks()
    scenes = [analyzer.read(Frame(GREY, i, i / 25), tracks) for i in range(3)]
    assert [scene.readings[0].track for scene in scenes] == [1, 1, 1]
    assert scenes[2].frame.index == 2


def test_each_stage_is_timed():
    analyzer = fake_analyzer()
    analyzer.read(Frame(GREY), Tracks())
    assert list(analyzer.times.medians()) == ["detect", "crop", "classify", "track"]


def test_the_detector_is_closed_with_the_analyzer():
    with fake_analyzer() as analyzer:
        assert not analyzer.detector.closed
    assert analyzer.detector.closed


def test_the_astronaut_is_read(analyzer):
    (reading,) = analyzer(data.astronaut())
    assert reading.face.box.centre == pytest.approx((225, 122), abs=8)
    assert tuple(reading.prediction.probabilities) == SEVEN
    assert sum(reading.prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert 0 <= reading.prediction.uncertainty <= 1
    assert reading.track is None


def test_the_astronauts_heat_maps_lie_over_her_face(analyzer):
    (reading,) = analyzer(data.astronaut(), heatmaps=True)
    assert reading.heatmaps.shape[0] == len(SEVEN)
    assert reading.heatmaps.ndim == 3
    assert reading.heatmaps.dtype == np.float32
    assert np.isfinite(reading.heatmaps).all()
    assert reading.heatmap_area.shape == (4, 2)
    (left, top), _, (right, bottom), _ = reading.heatmap_area
    assert left < 225 < right
    assert top < 122 < bottom


def test_heat_maps_do_not_change_what_is_read(analyzer):
    (plain,), (mapped,) = analyzer(data.astronaut()), analyzer(data.astronaut(), heatmaps=True)
    assert mapped.prediction == plain.prediction


def test_crops_of_any_size_and_depth_are_classified(analyzer):
    face = data.astronaut()[65:180, 165:290]
    crops = [face, face[:, :, 1], np.ascontiguousarray(face[::2, ::2]), face[:1, :1]]
    predictions = analyzer.classify(crops)
    assert len(predictions) == 4
    assert all(tuple(prediction.probabilities) == SEVEN for prediction in predictions)
    assert analyzer.classify([]) == []


def test_a_crop_is_read_alike_alone_and_in_company(analyzer):
    face, blank = data.astronaut()[65:180, 165:290], np.zeros((48, 48), np.uint8)
    (alone,), (_, together) = analyzer.classify([face]), analyzer.classify([blank, face])
    assert together.probabilities == pytest.approx(alone.probabilities, abs=1e-4)
