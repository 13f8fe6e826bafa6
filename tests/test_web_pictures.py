"""A visitor's pictures: read once, and anew where the page has others."""

import numpy as np
import PIL.Image
import pytest

from fer_live.errors import UserError
from fer_live.web.pile import MOST, Asked, Pile, Turn, known, read_pile, shown_pile

MODELS = ("fake",)


class FakeReaders:
    """Finds no face. `between`: called once, as soon as the first picture is being read."""

    def __init__(self, between=lambda: None):
        self.reads, self._between = 0, between

    def read(self, image, models):
        self.reads += 1
        if self.reads == 1:
            self._between()
        return []


@pytest.fixture
def pictures(tmp_path):
    paths = tuple(tmp_path / f"{i}.png" for i in range(3))
    for path in paths:
        PIL.Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    return paths


def names(pile):
    return [picture.name for picture in pile.pictures]


def test_a_reading_that_another_overtook_ends_and_is_of_no_use(pictures):
    turn, newer = Turn(), []
    readers = FakeReaders(lambda: newer.append(read_pile(readers, one, turn)))
    one = Asked(pictures[2:], MODELS)
    assert read_pile(readers, Asked(pictures[:2], MODELS), turn) is None
    assert names(newer[0]) == ["2.png"]
    assert readers.reads == 2
    assert turn == Turn(one)


@pytest.mark.parametrize("models", [MODELS, ("fake", "other")])
def test_pictures_or_models_that_are_not_the_pages_any_more_are_read_anew(pictures, models):
    readers, turn = FakeReaders(), Turn()
    pile = read_pile(readers, Asked(pictures, MODELS), turn)
    assert known(pile, readers, Asked(pictures, MODELS), turn) is pile
    paths = pictures[:1] if models == MODELS else pictures
    anew = known(pile, readers, Asked(paths, models), turn)
    assert names(anew) == [path.name for path in paths]


def test_what_is_being_read_is_not_read_beside(pictures):
    turn, asked, found = Turn(), Asked(pictures, MODELS), []
    readers = FakeReaders(lambda: found.append(known(Pile(), readers, asked, turn)))
    assert read_pile(readers, asked, turn)
    assert found == [None]
    assert readers.reads == len(pictures)


def test_a_button_below_pictures_that_are_gone_is_told(pictures):
    readers, turn = FakeReaders(), Turn()
    pile = read_pile(readers, Asked(pictures, MODELS), turn)
    with pytest.raises(UserError, match="not shown any more"):
        shown_pile(pile, readers, Asked(pictures[:1], MODELS), turn)


def test_a_pile_that_the_server_forgot_is_made_anew(pictures):
    found = shown_pile(Pile(), FakeReaders(), Asked(pictures, MODELS), Turn())
    assert names(found) == ["0.png", "1.png", "2.png"]


def test_too_many_pictures_are_told(pictures):
    with pytest.raises(UserError, match="13 pictures are too many at a time; drop up to 12"):
        read_pile(FakeReaders(), Asked(pictures[:1] * (MOST + 1), MODELS), Turn())


def test_a_picture_that_cannot_be_read_keeps_no_other_from_it(pictures):
    pictures[1].write_bytes(b"no picture")
    pile = read_pile(FakeReaders(), Asked(pictures, MODELS), Turn())
    assert names(pile) == ["0.png", "2.png"]
    assert pile.refused[0].startswith("1.png")
