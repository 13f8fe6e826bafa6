"""Paths as people type them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_live.home import at_home, is_kept, kept_in


@pytest.mark.parametrize("system", ["posix", "nt"])
def test_a_name_of_nobody_is_a_file(monkeypatch, system):
    monkeypatch.setattr("fer_live.home.os", SimpleNamespace(name=system))
    assert at_home("~draft.jpg") == Path("~draft.jpg")
    assert at_home("film.mp4") == Path("film.mp4")


def test_windows_takes_no_name_for_a_users(monkeypatch):
    """There `expanduser` raises of none."""
    monkeypatch.setattr("fer_live.home.os", SimpleNamespace(name="nt"))
    assert at_home("~root/film.mp4") == Path("~root/film.mp4")
    assert at_home("~/film.mp4") == Path.home() / "film.mp4"


def test_a_user_without_a_home_keeps_nothing():
    def homeless(name):
        raise RuntimeError("could not determine the home directory")

    kept = kept_in(homeless)
    assert not is_kept(kept / "model.xml")
    with pytest.raises(OSError, match=r"(?i)not a directory|cannot find"):
        kept.mkdir(parents=True)
    assert kept_in(Path) == Path("fer-live")


def test_what_may_not_be_looked_at_is_not_kept(monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", closed)
    assert not is_kept(Path("model.xml"))
