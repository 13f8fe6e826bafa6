"""Files of visitors go with them."""

import os
import threading
import time
from pathlib import Path

import pytest

from fer_live.web import leftovers as module
from fer_live.web.leftovers import LATER, SOON, Leftovers
from fer_live.web.run import _prepare


class Clock:
    """Starts with the files, and goes on when it is told to."""

    def __init__(self):
        self.seconds = time.time() + 1

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leftovers(tmp_path, clock):
    return Leftovers(tmp_path, clock)


def upload(folder: Path, name: str = "me.jpg") -> Path:
    path = folder / f"sum-of-{name}" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"me")
    return path


def test_files_that_a_page_shows_stay(tmp_path, leftovers, clock):
    path = upload(tmp_path)
    leftovers.hold("anna", 1, [str(path)])
    clock.seconds += 10 * LATER
    assert not leftovers.sweep()
    assert path.exists()


def test_the_folder_goes_by_its_own_name(tmp_path, monkeypatch):
    """Gradio follows links, so that what a page shows would not be known among the files there."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / "true").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "true")
    _prepare(tmp_path / "link")
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "true")


def test_files_go_soon_after_their_visitor(tmp_path, leftovers, clock):
    path = upload(tmp_path)
    leftovers.hold("anna", 1, [str(path)])
    leftovers.leave("anna")
    clock.seconds += SOON
    assert leftovers.sweep() == {path}


def test_a_file_that_was_taken_out_of_the_page_goes(tmp_path, leftovers, clock):
    old, new = upload(tmp_path), upload(tmp_path, "you.jpg")
    leftovers.hold("anna", 1, [str(old)])
    leftovers.hold("anna", 1, [str(new)])
    clock.seconds += SOON
    assert leftovers.sweep() == {old}


def test_a_file_that_cannot_go_yet_goes_with_the_next_look(tmp_path, leftovers, clock, monkeypatch):
    read, free = upload(tmp_path), upload(tmp_path, "you.jpg")
    unlink = Path.unlink

    def refuse(path, missing_ok=False):
        if path == read:
            raise PermissionError("it is being read")
        unlink(path, missing_ok)

    clock.seconds += LATER
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert leftovers.sweep() == {free}
    assert leftovers.sweep() == {read}


def test_a_visitor_who_left_holds_nothing_any_more(tmp_path, leftovers, clock):
    path = upload(tmp_path)
    leftovers.leave("anna")
    leftovers.hold("anna", 1, [str(path)])  # was on its way
    clock.seconds += LATER
    assert leftovers.sweep() == {path}


def test_a_page_that_slept_holds_its_files_when_it_is_back(tmp_path, leftovers, clock):
    leftovers.leave("anna")
    clock.seconds += SOON + 1
    leftovers.sweep()
    leftovers.hold("anna", 1, [str(upload(tmp_path))])
    clock.seconds += 10 * LATER
    assert not leftovers.sweep()


def test_a_folder_that_is_gone_holds_nothing(tmp_path, clock):
    assert Leftovers(tmp_path / "gone", clock).sweep() == set()


def test_after_a_look_that_failed_others_follow_and_it_is_told_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "LOOK", 0.001)
    leftovers, looks, removed = Leftovers(tmp_path), [], threading.Event()

    class Listed(set):
        def __isub__(self, gone):
            removed.set()
            return self

    def sweep():
        looks.append(1)
        if len(looks) < 4:
            raise OSError("the disk is ill")
        return {tmp_path / "me.jpg"}

    monkeypatch.setattr(leftovers, "sweep", sweep)
    leftovers.watch([Listed()])
    assert removed.wait(60)
    leftovers.close()
    assert caplog.text.count("visitors' files are not removed: the disk is ill") == 1


def test_what_another_visitor_handed_in_too_stays(tmp_path, leftovers, clock):
    path = upload(tmp_path)
    leftovers.hold("anna", 1, [str(path)])
    leftovers.hold("berta", 1, [str(path)])
    leftovers.leave("anna")
    clock.seconds += 10 * LATER
    assert not leftovers.sweep()


def test_files_of_programs_have_time_until_they_are_read(tmp_path, leftovers, clock):
    path = upload(tmp_path)
    clock.seconds += SOON
    assert not leftovers.sweep()
    clock.seconds += LATER
    assert leftovers.sweep() == {path}


def test_empty_folders_go_and_those_of_others_stay(tmp_path, leftovers, clock):
    film, example = tmp_path / "film-1", tmp_path / "examples"
    for folder in (film, example, tmp_path / "empty"):
        folder.mkdir()
    (film / "annotated.mp4").touch()
    clock.seconds += 2 * LATER
    assert not leftovers.sweep()
    assert sorted(os.listdir(tmp_path)) == ["examples", "film-1"]  # noqa: PTH208
