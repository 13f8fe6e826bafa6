"""Faces on the summary's page: none but those that someone asked for."""

import base64
import io
import xml.etree.ElementTree as Xml

import numpy as np
import PIL.Image
import pytest

from fer_live.summary import Summary, SummaryFile
from fer_live.summary.file import SIDE, thumbnail
from fer_live.summary.page import lay_out
from fer_live.summary.raster import FINE, picture
from fer_live.summary.shapes import Picture, Words
from fer_live.summary.svg import svg
from fer_live.types import Box
from tests.scenes import scene
from tests.test_summary import add, face


@pytest.mark.parametrize("thumbnails", [False, True])
def test_faces_are_kept_only_when_asked_for(tmp_path, thumbnails):
    path = tmp_path / "new" / "summary.html"
    with SummaryFile(path, "Expressions", thumbnails) as sink:
        for i in range(3):
            sink.write(scene(i, i / 10), np.zeros((4, 4, 3), np.uint8))
    assert ("data:image/jpeg" in path.read_text()) == thumbnails


def texts(page) -> list[str]:
    return [shape.text for shape in page.shapes if isinstance(shape, Words)]


def test_a_thumbnail_lies_below_its_person():
    summary = Summary()
    add(summary, 0, face(1, happy=0.9))
    record = {"frame": 1, "seconds": 10.0, "faces": [face(1, happy=0.99)]}
    summary.add(record, [np.full((SIDE, SIDE, 3), 77, np.uint8)])
    page = lay_out(summary, "")
    (shown,) = [shape for shape in page.shapes if isinstance(shape, Picture)]
    assert "happy 99%" in texts(page)
    y, x = (round(FINE * (v + shown.side / 2)) for v in (shown.top, shown.left))
    assert (picture(page)[y, x] == 77).all()
    (image,) = Xml.fromstring(svg(page)).iter("{http://www.w3.org/2000/svg}image")
    kind, encoded = image.get("href").split(",")
    assert kind == "data:image/jpeg;base64"
    assert (np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(encoded)))) == 77).all()


@pytest.mark.parametrize(
    ("box", "first", "middle", "last"),
    [
        (Box(40, 20, 60, 40), (37, 17), (50, 30), (62, 42)),
        (Box(-10, -5, 10, 15), (0, 0), (0, 5), (12, 17)),
        (Box(90, 85, 110, 105), (87, 82), (99, 95), (99, 99)),
    ],
)
def test_a_thumbnail_shows_the_face_and_a_little_more(box, first, middle, last):
    """Of a picture whose red tells the column, and green the row."""
    row, column = np.mgrid[:100, :100]
    small = thumbnail(np.stack([column, row, row], 2).astype(np.uint8), box)
    assert tuple(small[0, 0, :2]) == first
    assert tuple(small[SIDE // 2, SIDE // 2, :2]) == pytest.approx(middle, abs=1)
    assert tuple(small[-1, -1, :2]) == last


def test_a_thumbnail_is_square_even_beyond_the_frame():
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, :50] = 200
    small = thumbnail(image, Box(-20, 30, 40, 70))
    assert small.shape == (SIDE, SIDE, 3)
    assert (small[:, 0] == 200).all()  # the edge, repeated
    assert thumbnail(image, Box(500, 500, 520, 520)).shape == (SIDE, SIDE, 3)


def test_a_thumbnail_of_a_picture_names_its_file():
    summary = Summary()
    record = {"frame": 0, "seconds": 0.0, "source": "a.jpg", "faces": [face(None, happy=0.9)]}
    summary.add(record, [np.zeros((SIDE, SIDE, 3), np.uint8)])
    assert "a.jpg" in texts(lay_out(summary, ""))
