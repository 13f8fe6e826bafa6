"""Picture files and the readings in them."""

import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.sinks import PictureFile, embedded_record
from fer_live.sinks.record import scene_record
from tests.limits import small_disk
from tests.scenes import picture, scene


@pytest.mark.parametrize("name", ["saved.png", "saved.jpg"])
def test_a_picture_is_saved_in_rgb(tmp_path, name):
    with PictureFile(tmp_path / "new" / name) as sink:
        sink.write(scene(), picture())
    saved = np.asarray(PIL.Image.open(tmp_path / "new" / name)).astype(int)
    red = np.s_[:, :32]  # its left half
    assert np.abs(saved[red].mean((0, 1)) - picture()[red].mean((0, 1))).max() < 2


@pytest.mark.parametrize("name", ["saved.png", "saved.jpg"])
def test_a_picture_carries_its_reading(tmp_path, name):
    with PictureFile(tmp_path / name) as sink:
        sink.write(scene(5, 0.25), picture())
    assert embedded_record(tmp_path / name) == scene_record(scene(5, 0.25))


def test_a_pictures_reading_lies_where_the_standards_say(tmp_path):
    for name in ("saved.png", "saved.jpg"):
        with PictureFile(tmp_path / name) as sink:
            sink.write(scene(5), picture())
    record = json.dumps(scene_record(scene(5)))
    assert PIL.Image.open(tmp_path / "saved.png").text["fer-live"] == record
    exif = PIL.Image.open(tmp_path / "saved.jpg").getexif()
    assert exif.get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0" + record.encode()


def test_a_jpeg_of_a_crowd_carries_the_readings_that_fit(tmp_path):
    crowd = replace(scene(), readings=scene().readings * 500)
    with PictureFile(tmp_path / "crowd.jpg") as sink:
        sink.write(crowd, picture())
    record = embedded_record(tmp_path / "crowd.jpg")
    assert 200 < len(record["faces"]) < 500
    assert len(record["faces"]) + record["faces_left_out"] == 500


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_other_files_carry_no_reading(tmp_path, content):
    path = tmp_path / "other.png"
    path.write_bytes(content)
    assert embedded_record(path) is None


def test_a_picture_too_large_to_open_carries_no_reading(tmp_path, monkeypatch):
    PIL.Image.fromarray(picture()).save(tmp_path / "large.png")
    for limit in (picture().shape[0] * picture().shape[1] - 1, 10):  # Pillow warns; Pillow refuses
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", limit)
        assert embedded_record(tmp_path / "large.png") is None


@pytest.mark.parametrize(
    "comment",
    [
        b"ASCII\0\0\0taken at the sea",
        b'ASCII\0\0\0{"a": 1}',
        b'ASCII\0\0\0["faces"]',
        b'UNICODE\0{"faces": []}',
        b'{"faces": []}',
    ],
)
def test_other_peoples_pictures_carry_no_reading(tmp_path, comment):
    exif = PIL.Image.Exif()
    exif[0x8769] = {0x9286: comment}
    PIL.Image.fromarray(picture()).save(tmp_path / "photo.jpg", exif=exif)
    PIL.Image.fromarray(picture()).save(tmp_path / "photo.png")
    assert embedded_record(tmp_path / "photo.jpg") is None
    assert embedded_record(tmp_path / "photo.png") is None


def test_a_disk_that_is_full_keeps_the_older_picture(tmp_path):
    path = tmp_path / "saved.png"
    with PictureFile(path) as sink:
        sink.write(scene(1), picture())
        with (
            small_disk(1000),
            pytest.raises(UserError, match=r"saved\.png cannot be written \(File too large\)"),
        ):
            sink.write(scene(2), picture())
    assert embedded_record(path)["frame"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["saved.png"]
