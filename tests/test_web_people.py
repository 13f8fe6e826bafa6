"""Who is who in a film on the page: names, merging, and taking apart."""

import pytest

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.summary.collect import Summary
from fer_live.web.video.people import People, key, track_of
from tests.clips import FRAMES, frames_of


def people(*tracks):
    summary = Summary()
    for one in frames_of(*tracks):
        summary.add(one)
    return People(summary.people)


def test_what_is_merged_is_added_up_and_can_be_taken_apart():
    everyone = people(1, 2, 3)
    everyone.rename(1, " Anna  B ")
    everyone.merge(2, into=1)
    everyone.merge(1, into=3)
    (one,) = everyone.everyone()
    assert (one.name, one.tracks[0], sorted(one.tracks)) == ("Person 3", 3, [1, 2, 3])
    assert one.person.readings == 3 * FRAMES
    assert one.person.shares[SEVEN[3]] == pytest.approx(1)
    everyone.split(2)
    assert sorted(one.name for one in everyone.everyone()) == ["Anna B", "Person 2", "Person 3"]
    assert all(one.person.readings == FRAMES for one in everyone.everyone())


def test_whoever_was_merged_has_one_name_and_merges_as_one():
    everyone = people(1, 2, 3)
    everyone.merge(2, into=1)
    everyone.rename(2, "Anna")
    assert [everyone.name(track) for track in (1, 2, 3)] == ["Anna", "Anna", "Person 3"]
    everyone.rename(2, "")
    assert everyone.name(1) == "Person 1"
    everyone.merge(3, into=2)
    (one,) = everyone.everyone()
    assert (one.tracks[0], sorted(one.tracks)) == (1, [1, 2, 3])
    with pytest.raises(UserError, match="one person already"):
        everyone.merge(2, into=3)


def test_who_is_taken_apart_shares_no_name_with_another():
    everyone = people(1, 2, 3)
    everyone.rename(1, "Ann")
    everyone.merge(1, into=2)
    everyone.rename(2, "Ann")
    everyone.split(2)
    assert sorted(one.name for one in everyone.everyone()) == ["Ann", "Person 1", "Person 3"]
    assert everyone.name(2) == "Ann"


@pytest.mark.parametrize("other", [1, 3])
def test_nobody_gets_the_name_that_another_goes_back_to(other):
    everyone = people(1, 2, 3)
    everyone.merge(2, into=1)
    with pytest.raises(UserError, match="called Person 2 already"):
        everyone.rename(other, "Person 2")


def test_people_are_listed_by_how_long_they_were_seen():
    summary = Summary()
    for one in [*frames_of(1, 2, 3), *frames_of(3, begin=3.0), *frames_of(2, count=2, begin=6.0)]:
        summary.add(one)
    assert [one.tracks[0] for one in People(summary.people).everyone()] == [3, 2, 1]


def test_a_name_may_be_given_again_and_be_forty_letters_long():
    everyone = people(1, 2)
    for name in ("Person 1", "Anna", "Anna", 40 * "a"):
        everyone.rename(1, name)
        assert everyone.name(1) == name


@pytest.mark.parametrize("track", [None, 0, 12])
def test_a_track_comes_back_from_the_page(track):
    assert track_of(key(track)) == track


def test_an_empty_name_takes_it_back():
    everyone = people(1)
    everyone.rename(1, "Anna")
    everyone.rename(1, "  ")
    assert everyone.name(1) == "Person 1"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (lambda everyone: everyone.rename(2, "Person 1"), "called Person 1 already"),
        (lambda everyone: everyone.rename(2, "=1+1"), "begin with a letter"),
        (lambda everyone: everyone.rename(2, "a\x07"), "begin with a letter"),
        (lambda everyone: everyone.rename(2, 41 * "a"), "at most 40"),
        (lambda everyone: everyone.rename(7, "Anna"), "no such person"),
        (lambda everyone: everyone.merge(1, into=1), "one person already"),
        (lambda everyone: everyone.merge(1, into=7), "no such person"),
        (lambda everyone: track_of("1; drop"), "no person"),
        (lambda everyone: track_of("abc"), "no person"),
        (lambda everyone: track_of("²"), "no person"),
        (lambda everyone: track_of(1), "no person"),
    ],
)
def test_a_name_or_person_that_will_not_do_is_told(wish, words):
    with pytest.raises(UserError, match=words):
        wish(people(1, 2))
