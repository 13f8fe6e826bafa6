"""The models that a page offers, and their vote."""

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from fer_live.errors import UserError
from fer_live.packaged import names
from fer_live.web.explainers import Explainers
from fer_live.web.readers import Readers


@pytest.fixture
def pair(random_weights, tmp_path):
    """Two small weight files with the same labels, by their paths."""
    return [
        str(Path(random_weights(i)).rename(tmp_path / f"{'ab'[i]}.safetensors")) for i in (0, 1)
    ]


@pytest.fixture
def voters(pair):
    readers = Readers(",".join(pair), runtime="torch")
    yield readers
    readers.close()


def test_a_page_offers_the_asked_model_first_and_then_what_is_shipped():
    readers = Readers("cnn6")
    assert readers.names[0] == "cnn6"
    assert sorted(readers.names) == sorted(names())
    assert readers.weights == readers.names


def test_a_vote_is_offered_with_its_members_beside_it(voters):
    assert voters.names[:3] == ["a + b", "a", "b"]
    assert voters.weights == voters.names[1:]


def test_a_vote_reads_a_face_as_the_mean_of_its_members(voters):
    ((_, said),) = voters.read(data.astronaut(), ["a + b", "a", "b"])
    vote, *members = (list(opinion.prediction.probabilities.values()) for opinion in said)
    assert vote == pytest.approx(np.mean(members, 0), abs=1e-5)
    assert said[0].heatmaps.shape == said[1].heatmaps.shape
    assert voters.card("a + b").metrics == {}


def test_a_file_is_found_by_its_cards_name_the_asked_one_first(random_weights, tmp_path):
    theirs = Path(random_weights(name="cnn6")).rename(tmp_path / "mine.safetensors")
    readers = Readers(str(theirs), runtime="torch")
    assert readers.of_card("cnn6") == "mine"
    assert readers.of_card("cucn") == "cucn"
    assert readers.of_card("mine") is None
    theirs.write_bytes(b"")
    assert Readers(str(theirs)).of_card("cnn6") == "cnn6"


def test_methods_that_explain_one_network_name_the_members(voters):
    crop = np.zeros((48, 48, 3), np.uint8)
    label = voters.card("a").labels[0]
    with pytest.raises(
        UserError, match=r"a \+ b is a vote and not one network: choose one of a, b"
    ):
        Explainers(voters)("a + b", crop, "layercam", label)


def test_a_method_that_is_the_first_to_need_torch_leaves_the_cores_to_the_runtime(
    voters, monkeypatch
):
    told = []
    monkeypatch.setattr("fer_live.web.explainers.leave_cores_to", told.append)
    explain, label = Explainers(voters), voters.card("a").labels[0]
    for _ in range(2):
        explain("a", np.zeros((48, 48, 3), np.uint8), "HiResCAM", label)
    assert told == [voters.classifier("a").runtime]


def test_models_that_name_other_expressions_cannot_vote(pair):
    readers = Readers(f"{pair[0]},cucn-plus", runtime="torch")
    with pytest.raises(UserError, match="cannot vote"):
        readers.card(readers.names[0])


@pytest.mark.parametrize("model", ["cnn6,", "cnn6,cnn6"])
def test_a_list_with_gaps_or_repetitions_is_refused(model):
    with pytest.raises(UserError, match="several models are names with commas between"):
        Readers(model)
