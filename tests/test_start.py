"""Where the parameters of a new run's network come from."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from fer_live import weight_files
from fer_live.errors import UserError
from fer_live.expressions import CONTEMPT, SEVEN, Expression
from tests.small_sets import write_class_folders
from tests.test_fit import tiny
from train.export import export
from train.fit import FitOptions, fit
from train.start import build_network, start

pytestmark = pytest.mark.usefixtures("small_networks")


def test_a_run_can_start_from_a_weight_file(fer2013_csv, tmp_path):
    fit(tiny("epochs=1"), fer2013_csv, tmp_path / "first", FitOptions())
    weights = export(tmp_path / "first", fer2013_csv, "first", tmp_path, torch.device("cpu"))
    again = tiny("epochs=1", f"init={weights}", "learning_rate=0", "ema=0")
    fit(again, fer2013_csv, tmp_path / "second", FitOptions())
    state = torch.load(tmp_path / "second" / "best.ckpt", weights_only=True)["state_dict"]
    network, card = weight_files.load(weights)
    expected = network.state_dict()["classifier.weight"]
    torch.testing.assert_close(state["network.classifier.weight"], expected)
    facts = json.loads((tmp_path / "second" / "run.json").read_text())
    assert facts["note"] == f"from the weights of first (commit {card.commit})"


def started(recipe, classes=SEVEN):
    network = build_network(recipe, len(classes))
    start(network, recipe, classes, None)
    return network.state_dict()


def test_a_run_can_start_from_weights_for_other_expressions(random_weights, caplog):
    weights = Path(random_weights())
    with caplog.at_level("WARNING"):
        own = started(tiny(f"init={weights}"), classes=tuple(Expression))
    assert "classifier of the network start at random" in caplog.text
    expected = weight_files.load(weights)[0].state_dict()
    assert own["classifier.weight"].shape[0] == 8
    for name in (name for name in expected if not name.startswith("classifier.")):
        torch.testing.assert_close(own[name], expected[name])


def test_a_classifier_for_as_many_other_expressions_is_not_kept(random_weights, caplog):
    weights = Path(random_weights())
    others = (*SEVEN[:-1], CONTEMPT)
    with caplog.at_level("WARNING"):
        own = started(tiny(f"init={weights}"), others)
    assert "classifier starts at random" in caplog.text
    assert "is for angry, disgust, fear, happy, sad, surprise, neutral" in caplog.text
    expected = weight_files.load(weights)[0].state_dict()
    assert not torch.equal(own["classifier.weight"], expected["classifier.weight"])
    kept = dataclasses.replace(tiny(f"init={weights}", "epochs=1"), trains=["trunk"])
    with pytest.raises(UserError, match=r"for angry, .*begin with a file for the same classes"):
        started(kept, others)


@pytest.fixture
def fitted(random_weights):
    """A weight file whose classifier matrix scaling fitted, as far as its card knows."""
    return Path(random_weights(training={"matrix_scaling": {"split": "public"}}))


@pytest.mark.parametrize("trains", [[], ["classifier"], ["classifier.weight", "classifier.bias"]])
def test_a_classifier_that_the_selection_split_fitted_is_not_where_training_starts(
    fitted, caplog, trains
):
    with caplog.at_level("WARNING"):
        own = started(dataclasses.replace(tiny(f"init={fitted}"), trains=trains))
    assert "classifier starts at random" in caplog.text
    expected = weight_files.load(fitted)[0].state_dict()
    assert not torch.equal(own["classifier.weight"], expected["classifier.weight"])
    for name in (name for name in expected if not name.startswith("classifier.")):
        torch.testing.assert_close(own[name], expected[name])


@pytest.mark.parametrize(("epochs", "trains"), [(0, []), (1, ["crowd"]), (1, ["trunk"])])
def test_such_a_classifier_may_not_stay(fitted, epochs, trains):
    recipe = tiny(f"init={fitted}", f"epochs={epochs}")
    with_votes = {**recipe.arguments, "crowd": 8}
    with pytest.raises(UserError, match="from before its matrix scaling"):
        started(dataclasses.replace(recipe, arguments=with_votes, trains=trains))


def test_a_classifier_that_lost_its_prior_trains_on_and_does_not_stay(random_weights, caplog):
    weights = Path(random_weights(training={"logit_adjustment": 0.2}))
    recipe = tiny(f"init={weights}", "epochs=1")
    with caplog.at_level("WARNING"):
        own = started(recipe)
    assert not caplog.text
    expected = weight_files.load(weights)[0].state_dict()
    torch.testing.assert_close(own["classifier.weight"], expected["classifier.weight"])
    with pytest.raises(UserError, match=r"without some of its prior: .*before its logit adjust"):
        started(dataclasses.replace(recipe, trains=["trunk"]))


def test_other_expressions_are_told_once(fitted, caplog):
    with caplog.at_level("WARNING"):
        started(tiny(f"init={fitted}"), classes=tuple(Expression))
    assert caplog.text.count("start at random") + caplog.text.count("starts at random") == 1


def test_starting_from_another_network_is_refused(fer2013_csv, tmp_path, random_weights):
    other = tiny(f"init={random_weights()}", network="cucn")
    with pytest.raises(UserError, match="the recipe asks for cucn with"):
        fit(other, fer2013_csv, tmp_path / "run", FitOptions())


def test_a_single_class_is_nothing_to_learn(tmp_path):
    write_class_folders(tmp_path / "faces", {"happy": 12})
    recipe = tiny("dataset=folder", "epochs=1")
    with pytest.raises(UserError, match="folder has happy alone, and nothing to tell it from"):
        fit(recipe, tmp_path / "faces", tmp_path / "run", FitOptions())
