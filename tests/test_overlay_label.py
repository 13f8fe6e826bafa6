"""A label beside a face: names, confidence, what is kept."""

from dataclasses import replace

import numpy as np
import pytest

from fer_live.expressions import HAPPY, NEUTRAL, SAD, SEVEN, SURPRISE, Expression
from fer_live.overlay import Boxes, Overlay, Panels, sprites
from fer_live.overlay.label import FORMS, Words, draw_label, label_size, words
from tests.drawing import frame, reading


def test_the_label_changes_with_identity_percentage_and_uncertainty():
    one = reading(200, 150, 300, 270)
    others = [
        replace(one, track=2),
        replace(one, track=None),
        replace(one, prediction=replace(one.prediction, uncertainty=0.9)),
        replace(one, prediction=replace(one.prediction, uncertainty=None)),
    ]
    pictures = {
        Overlay([Panels(bars=False)])(frame(level=255), [x]).tobytes() for x in (one, *others)
    }
    assert len(pictures) == 5


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shown", [(HAPPY,), (SAD, NEUTRAL), ()])
@pytest.mark.parametrize("rank", [None, 100])
def test_a_label_has_the_size_that_was_reckoned_with(form, shown, rank):
    content = Words(12, shown, 100, rank)
    sprite = draw_label(content, 16, form)
    assert (sprite.width, sprite.height) == label_size(content, 16, form)


def test_labels_say_how_sure_they_are_in_words():
    assert Words(1, (SAD, NEUTRAL), 80, None).name == "sad or neutral"
    assert Words(1, (), 0, None).name == "unsure"
    assert Words(1, (SAD, NEUTRAL), 80, None).abbreviation == "sad/neu"


def test_a_label_says_the_reading_in_whole_percents():
    one = reading(200, 150, 300, 270, track=7)
    assert words(one) == Words(7, (HAPPY,), 80, 31)
    assert words(replace(one, label=(HAPPY, SURPRISE))).percent == 86  # of both together


def test_what_is_unsure_has_no_percentage():
    one, other = (draw_label(Words(1, (), percent, 31), 16, 0) for percent in (0, 55))
    assert (one.colour == other.colour).all()


def test_a_label_whose_name_is_kept_tells_what_leads_by_now_in_the_same_room():
    one = reading(200, 150, 300, 270)
    assert words(one).leading is words(replace(one, label=())).leading is None
    assert words(replace(one, label=(SAD,))).leading == HAPPY
    narrow = Words(None, (SAD,), 33, 0)
    pictures = {draw_label(narrow._replace(leading=e), 16, 0).colour.tobytes() for e in SEVEN}
    assert len(pictures) == 7
    for size in (10, 14, 33):
        shown = draw_label(narrow, size, 0)
        for leading in Expression:
            sprite = draw_label(narrow._replace(leading=leading), size, 0)
            assert (sprite.width, sprite.height) == (shown.width, shown.height)


def test_what_leads_is_shorter_than_an_uncertainty():
    for size in (9, 12, 30):
        longest = max(sprites.text_width(f"{e} leads", size) for e in Expression)
        assert longest <= sprites.text_width("uncertainty 1/100", size)


def test_each_form_of_a_label_is_smaller_than_the_one_before():
    sizes = [label_size(Words(3, (HAPPY,), 80, 31), 14, form) for form in FORMS]
    assert sizes == sorted(sizes, reverse=True)
    assert [height for _, height in sizes] == sorted((h for _, h in sizes), reverse=True)


def test_a_label_does_not_grow_with_its_second_digit():
    nine, ten = (label_size(Words(1, (HAPPY,), p, 31), 14, 0) for p in (9, 10))
    assert nine == ten


def test_an_unsure_reading_has_muted_colours():
    sure = reading(200, 150, 300, 270)
    unsure = replace(sure, label=(HAPPY, SAD))
    yellow = [
        (np.abs(Overlay([Boxes()])(frame(), [x]).astype(int) - HAPPY.colour).max(2) < 9).any()
        for x in (sure, unsure)
    ]
    assert yellow == [True, False]
