"""Finding faces: MediaPipe on real pictures, and the geometry around it."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from skimage import data

from fer_live import quiet_openvino
from fer_live.detect import MediaPipeDetector, compiled
from fer_live.detect.blazeface import BlazeFace, View, shown
from fer_live.detect.compiled import Compiled
from fer_live.detect.graph import Graph
from fer_live.detect.tiles import Tile, pyramid
from fer_live.errors import UserError

FACE = (225, 122)  # centre of the face in data.astronaut()
SIDE = 102  # and its side


@pytest.fixture(scope="module")
def full():
    with MediaPipeDetector() as detector:
        yield detector


@pytest.fixture
def live():
    with MediaPipeDetector("live") as detector:
        yield detector


def scene(width, height, centre=None, side=100):
    """A grey frame, with the astronaut's face of that side where it is asked for."""
    frame = np.full((height, width, 3), 110, np.uint8)
    if centre is not None:
        head = data.astronaut()[20:230, 120:330]
        scale = side / SIDE
        head = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        left, top = round(centre[0] - 105 * scale), round(centre[1] - 102 * scale)
        frame[top : top + len(head), left : left + head.shape[1]] = head
    return frame


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
def test_the_astronaut_has_one_face(full, scale):
    picture = cv2.resize(data.astronaut(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = full(picture)
    assert face.box.centre == pytest.approx([scale * place for place in FACE], abs=8 * scale)
    assert face.box.width == pytest.approx(scale * SIDE, rel=0.1)
    assert 0.6 < face.score <= 1


def test_keypoints_are_left_and_right_as_the_viewer_sees(full):
    (face,) = full(data.astronaut())
    points = face.keypoints
    assert points.left_ear.x < points.left_eye.x < points.nose.x
    assert points.nose.x < points.right_eye.x < points.right_ear.x
    assert points.left_eye.y < points.nose.y < points.mouth.y


def test_a_face_that_fills_the_frame_is_found(full):
    (face,) = full(scene(1280, 720, (640, 360), side=340)[0:720, 440:840])
    assert face.box.width == pytest.approx(340, rel=0.1)


def test_a_small_picture_that_is_all_face_is_read(full):
    tight = cv2.resize(data.astronaut()[65:180, 165:290], (48, 48), interpolation=cv2.INTER_AREA)
    assert len(full(tight)) == 1


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "coins"])
def test_pictures_without_people_have_no_face(full, name):
    picture = getattr(data, name)()
    assert full(picture if picture.ndim == 3 else np.stack([picture] * 3, axis=-1)) == []


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (1, 1), (20, 20), (3, 300)])
def test_tiny_pictures_have_no_face(full, size):
    assert full(np.full((*size, 3), 200, np.uint8)) == []


def test_boxes_stay_inside_the_frame(full):
    picture = data.astronaut()[:, 195:]  # cuts the face's left side off
    (face,) = full(picture)
    assert face.box.left == 0
    assert face.box.right <= picture.shape[1]


@pytest.mark.parametrize("side", [40, 90, 250])
def test_a_new_face_appears_within_half_a_second(live, side):
    for _ in range(5):
        assert live(scene(1280, 720)) == []
    seen = [live(scene(1280, 720, (950, 430), side)) for _ in range(12)]
    assert len(seen[-1]) == 1
    assert seen[-1][0].box.centre == pytest.approx((950, 430), abs=0.12 * side)


@pytest.mark.parametrize("side", [128, 200, 256, 320])
def test_films_of_few_pixels_show_their_face_at_once_and_in_time(live, side):
    picture = cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_AREA)
    assert len(live(picture)) == 1
    empty = np.full_like(picture, 110)
    while live(empty):
        pass
    tiles = len(pyramid(side, side))
    assert any(live(picture) for _ in range(tiles))


def test_a_moving_face_is_seen_in_every_frame(live):
    for _ in range(12):
        live(scene(640, 480, (150, 200)))
    for step in range(10):
        (face,) = live(scene(640, 480, (150 + 25 * step, 200)))
        assert face.box.centre.x == pytest.approx(150 + 25 * step, abs=12)


def test_a_face_that_leaves_is_forgotten(live):
    for _ in range(12):
        live(scene(640, 480, (300, 200)))
    assert live(scene(640, 480)) == []


def test_a_face_that_appears_in_a_still_scene_is_seen_though_its_tiles_were_empty(live):
    for _ in range(24):
        assert live(scene(1280, 720)) == []
    faded = [scene(1280, 720, (300, 500), 60) * share for share in (0.25, 0.5, 0.75, 1)]
    for frame in faded:  # as slowly as a person comes out of the dark
        for _ in range(12):
            seen = live(frame.astype(np.uint8))
    assert len(seen) == 1


def test_a_still_empty_scene_is_not_searched_again(live, monkeypatch):
    noise = np.random.default_rng(0)
    looks = []
    find = BlazeFace.find
    monkeypatch.setattr(
        BlazeFace,
        "find",
        lambda self, views, pictures, rough=0: (
            looks.extend(views) or find(self, views, pictures, rough)
        ),
    )
    for frame in range(24):
        live(np.clip(scene(640, 480) + noise.normal(0, 5, (480, 640, 3)), 0, 255).astype(np.uint8))
        if frame == 11:
            assert len(looks) == 20
    assert len(looks) == 20


def test_a_stream_may_change_its_size(live):
    for _ in range(12):
        live(scene(640, 480, (500, 350)))
    for _ in range(12):
        faces = live(scene(320, 240, (160, 120), 80))
    (face,) = faces
    assert face.box.centre == pytest.approx((160, 120), abs=10)


def test_an_unknown_scan_is_refused():
    with pytest.raises(UserError, match=r"'fast'.*full or live"):
        MediaPipeDetector("fast")


@pytest.fixture
def no_compiled_model(monkeypatch):
    """Compiled for this process already, it would need no file any more."""
    monkeypatch.setattr(compiled, "compile_model", compiled.compile_model.__wrapped__)


def test_without_mediapipe_the_error_names_the_fix(monkeypatch, no_compiled_model):
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="mediapipe is not installed: pip install 'mediapipe"):
        MediaPipeDetector()


def test_without_the_model_in_mediapipes_wheel_the_error_names_the_fix(
    monkeypatch, no_compiled_model
):
    monkeypatch.setattr(compiled, "FACE_MODEL", "mediapipe/modules/other")
    with pytest.raises(UserError, match=r"no face model .*other\.tflite: pip install 'mediapipe"):
        MediaPipeDetector()


def test_without_openvino_mediapipe_itself_finds_the_same_faces(monkeypatch, full):
    monkeypatch.setattr(quiet_openvino, "is_installed", lambda: False)
    with MediaPipeDetector() as detector:
        (face,) = detector(data.astronaut())
    assert face.box == pytest.approx(full(data.astronaut())[0].box, abs=0.01)


def test_without_openvino_and_mediapipe_the_error_names_the_fix(monkeypatch):
    monkeypatch.setattr(quiet_openvino, "is_installed", lambda: False)
    monkeypatch.setitem(sys.modules, "mediapipe.python.solution_base", None)
    with pytest.raises(UserError, match="pip install 'mediapipe"):
        MediaPipeDetector()


def test_openvino_and_mediapipe_find_the_same_in_every_tile():
    picture = data.astronaut()
    views = [View(tile, mirrored) for tile in pyramid(512, 512) for mirrored in (False, True)]
    pictures = [shown(picture, view) for view in views]
    compared = 0
    for ours, theirs in zip(Compiled(0.25)(pictures), Graph(0.25)(pictures), strict=True):
        theirs.sort(key=lambda found: -found.score)
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            assert one.places == pytest.approx(other.places, abs=1e-4)
            compared += 1
    assert compared > 10


def test_a_rough_look_finds_the_same_faces_about_there():
    picture = data.astronaut()
    pictures = [shown(picture, View(tile)) for tile in pyramid(512, 512)]
    exact, rough = Compiled(0.25)(pictures), Compiled(0.25)(pictures, len(pictures))
    compared = 0
    for ours, theirs in zip(exact, rough, strict=True):
        for one in ours:
            near = [it for it in theirs if np.abs(it.places - one.places).max() < 0.02]
            assert len(near) == 1 or one.score < 0.35  # one below the floor may be missing
            compared += len(near)
    assert compared > 5
    mixed = Compiled(0.25)(pictures, 1)
    np.testing.assert_array_equal(mixed[0][0].places, exact[0][0].places)


def test_the_detector_is_silent(capfd):
    MediaPipeDetector().close()
    assert capfd.readouterr() == ("", "")


def test_it_may_be_closed_twice():
    with MediaPipeDetector() as detector:
        detector.close()


def test_importing_it_does_not_load_mediapipe():
    code = "import sys, fer_live.detect; sys.exit('mediapipe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_mirror_image_gives_the_same_face():
    model, tile = BlazeFace(0.6), Tile(120, 20, 210)
    (straight,), (mirrored,) = model(data.astronaut(), [View(tile), View(tile, mirrored=True)])
    assert mirrored.box == pytest.approx(straight.box, abs=12)
    for here, there in zip(straight.keypoints, mirrored.keypoints, strict=True):
        assert here == pytest.approx(there, abs=10)
