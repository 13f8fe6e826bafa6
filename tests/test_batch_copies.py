"""Which annotated copies stand for their pictures, and which are made anew."""

import hashlib
import json
import tracemalloc

import PIL.Image
import pytest
from PIL.PngImagePlugin import PngInfo

from fer_live.batch import copies
from fer_live.batch.copies import Copies, digest
from fer_live.batch.tasks import Task
from fer_live.errors import UserError
from fer_live.sinks.picture import KEY


@pytest.fixture(autouse=True)
def weights(tmp_path, monkeypatch):
    """A weight file for every name, that holds the name."""

    def find(name):
        (tmp_path / name).write_text(name)
        return tmp_path / name

    monkeypatch.setattr(copies.cards, "find_weights", find)
    monkeypatch.setattr(copies, "names_of", lambda model: model.split(","))


@pytest.fixture
def task(tmp_path):
    (tmp_path / "a.png").write_bytes(b"picture")
    return Task(tmp_path / "a.png", tmp_path / "out.png")


def save(task, record):
    told = PngInfo()
    told.add_text(KEY, json.dumps({"faces": []} | record))
    PIL.Image.new("RGB", (8, 8)).save(task.target, pnginfo=told)


def made(**options):
    usual = {"model": "one", "heatmap": True, "abstain": None, "exact": False, "again": False}
    return Copies(**usual | options)


def copied(task, by=None, **record):
    """A copy of the task's picture."""
    save(task, {"source": str(task.path)} | record | (by or made()).origin(digest(task.path)))


def test_a_copy_gives_the_reading_without_how_it_was_made(task):
    copied(task)
    found = made().reading(task, whole=True)
    assert found == {"faces": [], "source": str(task.path)}


@pytest.mark.parametrize(("whole", "there"), [(True, False), (False, True)])
def test_a_copy_with_a_part_of_a_crowd_serves_where_no_log_wants_the_rest(task, whole, there):
    copied(task, faces_left_out=3)
    found = made()
    assert (found.reading(task, whole) is not None) is there
    assert found.renewed == 0


@pytest.mark.parametrize(
    "by",
    [{"model": "two"}, {"model": "one,two"}, {"heatmap": False}, {"abstain": 0.0}, {"exact": True}],
)
def test_a_copy_that_was_made_otherwise_is_made_anew(task, by):
    copied(task, made(**by))
    found = made()
    assert found.reading(task, whole=False) is None
    assert found.renewed == 1


def test_a_copy_of_a_picture_that_moved_serves_and_of_one_that_changed_is_made_anew(task, tmp_path):
    copied(task)
    moved = Task(task.path.rename(tmp_path / "b.png"), task.target)
    assert made().reading(moved, whole=True)
    task.path.write_bytes(b"another")
    found = made()
    assert found.reading(task, whole=True) is None
    assert found.renewed == 1


def test_the_same_place_may_be_named_otherwise(task, monkeypatch):
    copied(task, source="a.png")
    monkeypatch.chdir(task.path.parent)
    task.path.write_bytes(b"another")
    assert made().reading(task, whole=True) is None


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"source": "b.png"}, r"out\.png is of another picture, b\.png; choose another"),
        ({}, r"out\.png is of another picture; choose another"),
        ({"source": 7}, r"out\.png is of another picture, 7; choose another"),
    ],
)
def test_another_pictures_copy_is_not_replaced_unasked(task, record, words):
    save(task, record)
    with pytest.raises(UserError, match=words):
        made().reading(task, whole=False)
    assert made(again=True).reading(task, whole=False) is None


def test_digests_are_long_enough_to_tell_pictures_apart(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(200)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]))
    assert len({digest(path) for path in paths}) == 200


def test_a_picture_that_was_read_is_known_by_all_of_its_content(task):
    """However it is taken in: copies from before stay valid."""
    task.path.write_bytes(bytes(copies.PART) + b"end")
    assert digest(task.path) == hashlib.sha256(task.path.read_bytes()).hexdigest()[:12]


def test_a_large_file_is_not_taken_into_memory(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(64 * copies.PART)
    tracemalloc.start()
    digest(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * copies.PART


def test_a_picture_that_cannot_be_had_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no\.png cannot be read \(No such file"):
        digest(tmp_path / "no.png")
