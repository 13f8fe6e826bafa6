import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from fer_live import Analyzer, weight_files
from fer_live import card as cards
from fer_live.card import Crop
from fer_live.classify import Classifier
from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from fer_live.runtimes.eager import Eager
from fer_live.voting import Voting, load_reader

CROPS = list(np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8))


@pytest.fixture
def member(random_weights):
    """A function that makes a classifier of random weights, with other facts in its card."""

    def make(seed=0, network="cnn6", **facts):
        network, card = weight_files.load(cards.find_weights(random_weights(seed, network=network)))
        return Classifier(dataclasses.replace(card, **facts), Eager(network))

    return make


def test_a_vote_is_the_mean_of_calibrated_probabilities(member):
    one, other = member(0, temperature=0.1), member(1, temperature=0.3)
    for voted, a, b in zip(Voting([one, other])(CROPS), one(CROPS), other(CROPS), strict=True):
        for label in SEVEN:
            mean = (a.probabilities[label] + b.probabilities[label]) / 2
            assert voted.probabilities[label] == pytest.approx(mean)


def test_uncertainty_is_the_mean_of_those_who_tell_it(member):
    told = {"uncertainty_score": "entropy", "uncertainty_quantiles": (0.0, 2.0)}
    one, silent = member(0, **told), member(1)
    expected = [prediction.uncertainty for prediction in one(CROPS)]
    assert [p.uncertainty for p in Voting([one, silent])(CROPS)] == pytest.approx(expected)
    assert Voting([silent, silent])(CROPS)[0].uncertainty is None


def test_two_who_tell_uncertainty_are_averaged(member):
    members = [
        member(seed, uncertainty_score="entropy", uncertainty_quantiles=(0.0, 2.0))
        for seed in (0, 1)
    ]
    one, other = (found(CROPS)[0].uncertainty for found in members)
    assert one != other
    assert Voting(members)(CROPS)[0].uncertainty == pytest.approx((one + other) / 2)


def test_maps_are_scaled_by_themselves_and_have_the_first_ones_size(member):
    one, other = member(0, network="cucn"), member(1)  # maps of (3, 3) and (5, 5)
    voting = Voting([one, other])
    found = voting.heatmaps(voting.score(CROPS))
    assert found.shape == (3, 7, 3, 3)
    assert found.dtype == np.float32
    alone = one.heatmaps(one.score(CROPS))
    scaled = alone / alone.max((1, 2, 3), keepdims=True)
    twice = Voting([one, one])
    np.testing.assert_allclose(twice.heatmaps(twice.score(CROPS)), scaled, rtol=1e-5)


def test_a_face_without_any_map_has_none(member):
    one = member()
    scores = one.score(CROPS)
    blank = scores._replace(explain=(lambda: np.zeros_like(scores.heatmaps()),))
    assert not Voting([one]).heatmaps([blank]).any()


def test_the_card_is_all_of_theirs(member):
    card = Voting([member(0, abstain_below=0.7), member(1, abstain_below=0.8, size=64)]).card
    assert (card.name, card.abstain_below, card.size) == ("random0 + random1", 0.8, 64)


def test_the_vote_keeps_no_ones_recipe(member):
    one, other = (member(seed, recipe={"name": "a recipe"}) for seed in (0, 1))
    assert Voting([one, other]).card.recipe == {}


@pytest.mark.parametrize(("others", "own"), [(True, True), (False, False)])
def test_only_where_all_compute_in_threads_of_their_own_are_torchs_in_their_way(
    member, others, own
):
    one, other = member(0), member(1)
    one.runtime = SimpleNamespace(name="openvino", own_threads=True)
    other.runtime = SimpleNamespace(name="torch", own_threads=others)
    assert Voting([one, other]).runtime.own_threads is own


def test_models_that_name_other_expressions_are_refused(member):
    other = member(1, labels=SEVEN[::-1])
    with pytest.raises(UserError, match="random0 and random1 cannot vote: they name other"):
        Voting([member(0), other])


def test_models_that_frame_faces_differently_are_refused(member):
    with pytest.raises(UserError, match="frame faces differently"):
        Voting([member(0), member(1, crop=Crop(1.5))])


@pytest.mark.parametrize(
    "name",
    ["cnn6,", "cnn6,cnn6", f"cnn6,{cards.find_weights('cnn6')}"],
    ids=["gap", "name", "file"],
)
def test_lists_that_are_none_are_refused(name):
    with pytest.raises(UserError, match="with commas between, each once"):
        load_reader(name, "cpu", "torch")


def test_the_analyzer_takes_several_names():
    with Analyzer.load("cnn6,cucn", "cpu", runtime="torch") as analyzer:
        (prediction,) = analyzer.classify([np.zeros((48, 48), np.uint8)])
        assert analyzer.classifier.card.name == "cnn6 + cucn"
        assert analyzer.classifier.runtime.name == "torch"
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
