"""Letters that Pillow's own font lacks are drawn too, and all others as before."""

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from fer_live import fonts
from fer_live.overlay import sprites


@pytest.fixture(autouse=True)
def fresh():
    for cached in (fonts._parts, fonts._path):
        cached.cache_clear()
    yield
    for cached in (fonts._parts, fonts._path):
        cached.cache_clear()


def drawn(content, anchor="start", x=10):
    picture = PIL.Image.new("L", (300, 60))
    fonts.draw(PIL.ImageDraw.Draw(picture), (x, 40), content, 24, 255, anchor)
    return np.asarray(picture)


@pytest.mark.parametrize("pair", ["éè", "üö", "łć", "жш", "λπ", "אב"])
def test_letters_beyond_english_are_no_boxes(pair):
    one, other = (drawn(letter) for letter in pair)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, drawn(fonts.NOBODYS))


def test_a_text_is_in_one_font_where_one_has_all_of_it():
    ((font, part),) = fonts._parts("Müller", 24)
    assert (font.getname()[0], part) == ("DejaVu Sans", "Müller")
    ((font, _),) = fonts._parts("Muller…", 24)
    assert font.getname()[0] == "Aileron"


@pytest.fixture
def two_fonts(monkeypatch):
    """Pillow's own, which has all but c and é, and another that has c alone."""
    own, other = fonts._own(24), PIL.ImageFont.load_default(40)
    has = {id(own): "abd", id(other): "c"}
    monkeypatch.setattr(fonts, "_has", lambda font, letter: letter in has[id(font)])
    monkeypatch.setattr(fonts, "_others", lambda size: iter([other]))
    return own, other


def test_where_none_has_all_each_letter_is_in_the_first_that_has_it(two_fonts):
    own, other = two_fonts
    assert fonts._parts("abccédc", 24) == [(own, "ab"), (other, "cc"), (own, "éd"), (other, "c")]
    expected = (
        own.getlength("ab") + other.getlength("cc") + own.getlength("éd") + other.getlength("c")
    )
    assert fonts.length("abccédc", 24) == expected


@pytest.mark.parametrize(("anchor", "x"), [("start", 10), ("middle", 150), ("end", 290)])
def test_a_text_of_several_fonts_stands_where_its_anchor_is(two_fonts, anchor, x):
    columns = np.flatnonzero(drawn("abccédc", anchor, x).any(0))
    left = x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * fonts.length("abccédc", 24)
    assert columns[0] == pytest.approx(left, abs=3)
    assert columns[-1] == pytest.approx(left + fonts.length("abccédc", 24), abs=3)


def test_a_computer_without_other_fonts_draws_boxes(monkeypatch):
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)
    monkeypatch.setattr(fonts, "SYSTEMS", ("no-such-font.ttf",))
    assert np.array_equal(drawn("é"), drawn(fonts.NOBODYS))


def test_a_line_with_other_letters_is_as_high_as_any():
    assert sprites.text("Ünder 日本", 20).height == sprites.text("Under", 20).height
