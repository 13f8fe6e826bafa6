"""What the live scan remembers between frames, and what the face model is shown, without a model."""

import numpy as np
import pytest

from fer_live.detect import MediaPipeDetector, blazeface
from fer_live.detect.blazeface import BlazeFace, View, shown
from fer_live.detect.found import SIDE, Found
from fer_live.detect.stream import SWEEP, Lost, Stream
from fer_live.detect.tiles import Tile, pyramid
from fer_live.types import Box, Face

TILE = Tile(0, 0, SIDE)
GREY = np.full((SIDE, SIDE, 3), 100, np.uint8)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (480, 640)])
def test_the_pyramid_is_gone_through_in_twelve_frames_again_and_again(size):
    stream = Stream()
    sweeps = [[stream.next_tiles(*size) for _ in range(12)] for _ in range(3)]
    for sweep in sweeps:
        assert [tile for tiles in sweep for tile in tiles] == pyramid(*size)
        assert max(map(len, sweep)) - min(map(len, sweep)) <= 1


@pytest.mark.parametrize(("every", "frames"), [(1, 12), (4, 3), (12, 1), (25, 1)])
def test_a_pyramid_takes_as_long_where_frames_are_left_out(every, frames):
    stream = MediaPipeDetector("live", every=every)._stream
    for _ in range(2):
        seen = [tile for _ in range(frames) for tile in stream.next_tiles(640, 480)]
        assert seen == pyramid(640, 480)


def test_a_short_pyramid_is_seen_whole_at_first_and_then_a_tile_at_a_time():
    stream, tiles = Stream(), pyramid(300, 300)
    assert 1 < len(tiles) < SWEEP
    assert stream.next_tiles(300, 300) == tiles
    assert [stream.next_tiles(300, 300) for _ in range(len(tiles))] == [[tile] for tile in tiles]


def test_frames_of_another_size_begin_anew():
    stream = Stream()
    for _ in range(5):
        stream.next_tiles(640, 480)
    box = Box(10, 10, 60, 60)
    stream.faces, stream.lost, stream.empty = [Face(box, 0.9)], [Lost(box)], {TILE: GREY}
    first = stream.next_tiles(480, 640)
    assert first == pyramid(480, 640)[: len(first)]
    assert (stream.faces, stream.lost, stream.empty) == ([], [], {})


def part(change, cells=1):
    """The grey tile, lighter or darker in a sixteenth of its width and height, or several."""
    picture = GREY.copy()
    picture[8:16, 8 : 8 + 8 * cells] = 100 + change
    return picture


@pytest.mark.parametrize(
    ("change", "due"), [(0, False), (4, False), (-4, False), (5, True), (-5, True)]
)
def test_an_empty_tile_is_due_where_a_sixteenth_of_it_changes_by_more_than_noise(change, due):
    stream = Stream()
    assert stream.is_due(TILE, GREY)
    assert stream.is_due(TILE, part(change)) is due


def test_a_tile_that_changes_slowly_is_compared_with_its_last_look():
    stream = Stream()
    seen = [stream.is_due(TILE, part(change)) for change in (0, 3, 6, 9, 12)]
    assert seen == [True, False, True, False, True]


def test_what_was_not_empty_is_due_in_every_sweep():
    stream = Stream()
    for _ in range(2):
        assert stream.is_due(TILE, GREY)
        del stream.empty[TILE]


def test_a_lost_face_is_looked_for_until_a_sweep_is_over_or_it_is_found():
    near, far = Box(10, 10, 60, 60), Box(300, 10, 350, 60)
    stream = Stream(lost=[Lost(near), Lost(far)])
    stream.forget()
    assert [lost.box for lost in stream.lost] == [near, far]
    stream.faces = [Face(Box(12, 10, 62, 60), 0.9)]
    for _ in range(SWEEP - 2):
        stream.forget()
        assert [lost.box for lost in stream.lost] == [far]
    stream.forget()
    assert stream.lost == []


WHITE = np.full((100, 200, 3), 200, np.uint8)


@pytest.mark.parametrize(
    ("left", "top", "rows", "columns"),
    [
        (-30, -20, slice(20, 120), slice(30, 128)),  # beyond the left, the top and the bottom
        (150, 50, slice(0, 50), slice(0, 50)),  # beyond the right and the bottom
        (20, -60, slice(60, 128), slice(0, 128)),  # beyond the top
        (200, 0, slice(0, 0), slice(0, 0)),
        (0, 100, slice(0, 0), slice(0, 0)),
        (-128, 0, slice(0, 0), slice(0, 0)),
        (0, -128, slice(0, 0), slice(0, 0)),
        (900, -900, slice(0, 0), slice(0, 0)),
    ],
)
def test_a_tile_is_black_where_it_sticks_out_of_the_picture(left, top, rows, columns):
    expected = np.zeros((SIDE, SIDE, 3), np.uint8)
    expected[rows, columns] = 200
    found = shown(WHITE, View(Tile(left, top, SIDE)))
    np.testing.assert_array_equal(found, expected)


def test_a_mirrored_view_is_turned_left_to_right():
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    np.testing.assert_array_equal(shown(noise, View(TILE)), noise)
    np.testing.assert_array_equal(shown(noise, View(TILE, mirrored=True)), noise[:, ::-1])


@pytest.mark.parametrize("side", [4 * SIDE, 8 * SIDE])
def test_a_large_tile_is_averaged(side):
    columns = np.zeros((side, side, 3), np.uint8)
    columns[:, ::4] = 200  # what lies between would be missed
    assert shown(columns, View(Tile(0, 0, side))) == pytest.approx(50, abs=1)


def test_a_small_tile_is_enlarged_without_steps():
    columns = np.zeros((SIDE // 2, SIDE // 2, 3), np.uint8)
    columns[:, ::2] = 100
    assert np.unique(shown(columns, View(Tile(0, 0, SIDE // 2)))).tolist() == [0, 25, 75, 100]


class FakeModel:
    """Finds one face in every picture, and remembers how many were to be looked at roughly."""

    # The box, then the person's right and left eye, nose, mouth, right and left ear.
    places = np.array(
        [
            (0.2, 0.3),
            (0.6, 0.8),
            (0.3, 0.4),
            (0.5, 0.4),
            (0.4, 0.5),
            (0.4, 0.7),
            (0.2, 0.45),
            (0.6, 0.45),
        ]
    )

    def __init__(self, floor):
        self.floor = floor

    def __call__(self, pictures, rough=0):
        self.rough = rough
        return [[Found(0.9, self.places)] for _ in pictures]


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(blazeface.quiet_openvino, "is_installed", lambda: True)
    monkeypatch.setattr(blazeface, "Compiled", FakeModel)
    return BlazeFace(0.25)


def test_a_face_is_placed_in_the_picture_by_its_tile(model):
    views = [View(Tile(100, 50, 200)), View(Tile(100, 50, 200), mirrored=True)]
    (straight,), (mirrored,) = model(np.zeros((400, 400, 3), np.uint8), views)
    assert straight.box == pytest.approx((140, 110, 220, 210))
    assert np.array(straight.keypoints) == pytest.approx(
        np.array([(160, 130), (200, 130), (180, 150), (180, 190), (140, 140), (220, 140)])
    )
    # Seen in a mirror, what is on the right lies on the left, and each eye and ear is the other one.
    assert mirrored.box == pytest.approx((180, 110, 260, 210))
    assert np.array(mirrored.keypoints) == pytest.approx(
        np.array([(200, 130), (240, 130), (220, 150), (220, 190), (180, 140), (260, 140)])
    )
    assert straight.score == mirrored.score == 0.9


def test_the_model_hears_how_many_looks_may_be_rough(model):
    model.find([View(TILE)] * 3, [GREY] * 3, 2)
    assert (model._model.rough, model._model.floor) == (2, 0.25)
