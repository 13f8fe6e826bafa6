"""Paths as people type them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from fer_live.home import at_home


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
