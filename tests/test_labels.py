"""What a reading is called. Probabilities not given are shared among the other expressions."""

import pytest

from fer_live.expressions import FEAR, HAPPY, NEUTRAL, SAD, SEVEN, SURPRISE
from fer_live.labels import Naming, honest_label, still_fits
from fer_live.track import Tracks
from fer_live.types import Box, Face, Prediction, Reading


def probabilities(**given: float):
    rest = (1 - sum(given.values())) / (len(SEVEN) - len(given))
    return {e: given.get(str(e), rest) for e in SEVEN}


@pytest.mark.parametrize(
    ("given", "abstain_below", "label"),
    [
        ({"sad": 0.8}, 0.6, (SAD,)),
        ({"sad": 0.55, "neutral": 0.2}, 0.6, (SAD, NEUTRAL)),  # not sure enough alone
        ({"sad": 0.55, "neutral": 0.2}, 0.0, (SAD,)),
        ({"sad": 0.44, "neutral": 0.46}, 0.0, (NEUTRAL, SAD)),  # sure enough, but close
        ({"sad": 0.35, "neutral": 0.2}, 0.6, ()),  # not even together
        ({"sad": 0.2, "neutral": 0.19}, 0.0, ()),  # rather neither
        ({"sad": 1.0}, 1.0, (SAD,)),
    ],
)
def test_a_label_says_no_more_than_is_sure(given, abstain_below, label):
    assert honest_label(probabilities(**given), abstain_below) == label


def test_a_model_of_one_expression_has_one_label():
    assert honest_label({HAPPY: 1.0}, 0.9) == (HAPPY,)


def test_a_label_stays_while_another_leads_for_a_moment():
    naming = Naming((HAPPY,))
    ahead = probabilities(neutral=0.5, happy=0.35)
    naming = naming.after(ahead, 0.0, 1.0)
    assert naming.label == (HAPPY,)
    naming = naming.after(probabilities(neutral=0.35, happy=0.5), 0.0, 1.2)
    assert naming == Naming((HAPPY,))  # no longer doubted
    naming = naming.after(ahead, 0.0, 1.3).after(ahead, 0.0, 1.5)
    assert naming.label == (HAPPY,)
    assert naming.after(ahead, 0.0, 1.56).label == (NEUTRAL,)  # doubted for 0.26 s


def test_a_clear_lead_need_not_wait():
    clear = probabilities(surprise=0.8, happy=0.1)
    assert Naming((HAPPY,)).after(clear, 0.0, 1.0).label == (SURPRISE,)


def test_a_second_name_waits():
    naming = Naming((SAD,)).after(probabilities(sad=0.5, neutral=0.3), 0.6, 1.0)
    assert naming == Naming((SAD,), doubted=1.0)


def test_a_lead_over_the_less_probable_of_two_is_none():
    naming = Naming((SAD, NEUTRAL)).after(probabilities(happy=0.5, sad=0.3), 0.0, 1.0)
    assert naming == Naming((SAD, NEUTRAL), doubted=1.0)


def test_one_of_two_that_clearly_leads_need_not_wait():
    clear = probabilities(happy=0.92, neutral=0.05)
    assert Naming((NEUTRAL, HAPPY)).after(clear, 0.82, 1.0).label == (HAPPY,)


def test_a_clear_lead_that_is_not_sure_enough_names_two():
    lead = probabilities(surprise=0.55, fear=0.25)
    assert Naming((HAPPY,)).after(lead, 0.6, 1.0).label == (SURPRISE, FEAR)


@pytest.mark.parametrize("frames", [1, 10], ids=["tenths", "seconds"])
def test_a_reading_at_the_threshold_does_not_flicker(frames):
    """Confidence that swings by 0.04 around the threshold keeps the first label, however long it is below."""
    naming, labels = Naming((SAD,)), set()
    for i in range(60):
        sure = 0.6 + (0.04 if i // frames % 2 else -0.04)
        naming = naming.after(probabilities(sad=sure, neutral=0.2), 0.6, i / 10)
        labels.add(naming.label)
    assert labels == {(SAD,)}


@pytest.mark.parametrize("frames", [1, 10], ids=["tenths", "seconds"])
def test_two_names_keep_their_order(frames):
    naming = Naming((SAD, NEUTRAL))
    for i in range(60):
        sad = 0.44 + (0.02 if i // frames % 2 else -0.02)
        naming = naming.after(probabilities(sad=sad, neutral=0.88 - sad), 0.0, i / 10)
    assert naming.label == (SAD, NEUTRAL)


@pytest.mark.parametrize(
    ("label", "abstain_below", "stays", "goes"),
    [
        ((SAD,), 0.6, {"sad": 0.56, "neutral": 0.2}, {"sad": 0.54, "neutral": 0.2}),
        ((SAD,), 0.0, {"sad": 0.36, "neutral": 0.32}, {"sad": 0.36, "neutral": 0.34}),
        # one of two is sure enough by now, and leads the other by enough
        ((SAD, NEUTRAL), 0.6, {"sad": 0.64, "neutral": 0.2}, {"sad": 0.66, "neutral": 0.2}),
        ((SAD, NEUTRAL), 0.0, {"sad": 0.5, "neutral": 0.38}, {"sad": 0.5, "neutral": 0.36}),
        # a third is more probable, or the two together are not sure enough any more
        (
            (SAD, NEUTRAL),
            0.6,
            {"sad": 0.44, "neutral": 0.2, "happy": 0.24},
            {"sad": 0.44, "neutral": 0.2, "happy": 0.26},
        ),
        ((SAD, NEUTRAL), 0.6, {"sad": 0.36, "neutral": 0.2}, {"sad": 0.34, "neutral": 0.2}),
        ((SAD, NEUTRAL), 0.0, {"sad": 0.24, "neutral": 0.22}, {"sad": 0.23, "neutral": 0.21}),
        # two together are sure enough by now
        ((), 0.6, {"sad": 0.44, "neutral": 0.2}, {"sad": 0.46, "neutral": 0.2}),
    ],
)
def test_a_label_stays_as_long_as_it_nearly_fits(label, abstain_below, stays, goes):
    assert still_fits(label, probabilities(**stays), abstain_below)
    assert not still_fits(label, probabilities(**goes), abstain_below)


def test_two_names_become_one_once_it_is_sure():
    naming, sure = Naming((SAD, NEUTRAL)), probabilities(sad=0.7, neutral=0.2)
    assert naming.after(sure, 0.6, 1.0).after(sure, 0.6, 1.3).label == (SAD,)


def test_unsure_becomes_a_name_at_once_if_it_clearly_leads():
    assert Naming(()).after(probabilities(happy=0.9), 0.6, 1.0).label == (HAPPY,)


def test_another_models_expressions_are_named_at_once():
    assert Naming((FEAR,)).after({HAPPY: 0.9, SAD: 0.1}, 0.0, 1.0).label == (HAPPY,)


def reading(**given: float) -> Reading:
    return Reading(Face(Box(0, 0, 90, 90), 0.9), Prediction(probabilities(**given)))


def test_tracks_name_each_reading():
    tracks = Tracks(abstain_below=0.6)
    (first,) = tracks.update([reading(sad=0.5, neutral=0.3)], 0.0)
    assert first.shown == (SAD, NEUTRAL)
    assert first.prediction.expression is SAD
    for i in range(1, 40):
        (last,) = tracks.update([reading(happy=0.95)], i / 20)
    assert last.shown == (HAPPY,)


def test_tracks_keep_a_label_that_does_not_fit_for_a_moment():
    tracks = Tracks(smoothing=1e-9, abstain_below=0.6)
    sure = [0.8, 0.5, 0.5, 0.8, 0.5, 0.5, 0.8]
    shown = [tracks.update([reading(sad=p)], 20 + i / 10)[0].shown for i, p in enumerate(sure)]
    assert shown == [(SAD,)] * 7


def test_a_threshold_can_change_in_the_middle():
    tracks = Tracks(smoothing=0, abstain_below=0.0)
    assert tracks.update([reading(sad=0.5, neutral=0.3)], 0.0)[0].shown == (SAD,)
    tracks.abstain_below = 0.6
    assert tracks.update([reading(sad=0.5, neutral=0.3)], 0.1)[0].shown == (SAD, NEUTRAL)


def test_a_reading_that_nobody_named_shows_the_most_probable():
    assert reading(fear=0.3).shown == (FEAR,)
