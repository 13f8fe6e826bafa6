"""What a run that goes on needs of the weight files that it began with."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch

from fer_live.card import load_card
from fer_live.errors import UserError
from tests.interrupting import ctrl_c
from tests.test_fit import RESUMING, tiny
from train.checkpoints import LAST, best_of, read_checkpoint
from train.export import export
from train.fit import FitOptions, fit
from train.learner import Learner
from train.run_folder import begin

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture
def weights(tmp_path, random_weights) -> Path:
    """A weight file of random parameters."""
    return Path(random_weights()).rename(tmp_path / "mine.safetensors")


def short(*overrides):
    return tiny("epochs=1", *overrides)


def begin_and_stop(recipe, root, run):
    with ctrl_c(step=2), pytest.raises(KeyboardInterrupt):
        fit(recipe, root, run, FitOptions())


def note(run):
    return json.loads((run / "run.json").read_text())["note"]


def test_the_weights_that_it_began_from_are_told_of_and_needed_no_more(
    fer2013_csv, tmp_path, weights
):
    whole, broken, recipe = tmp_path / "whole", tmp_path / "broken", short(f"init={weights}")
    fit(recipe, fer2013_csv, whole, FitOptions())
    begin_and_stop(recipe, fer2013_csv, broken)
    weights.unlink()
    fit(recipe, fer2013_csv, broken, RESUMING)
    expected, found = (read_checkpoint(run / LAST)["state_dict"] for run in (whole, broken))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor)
    assert note(broken) == note(whole)
    assert note(whole).startswith("from the weights of random0 (commit ")


def test_the_code_of_each_start_is_told_of_whatever_the_checkout_is_later(
    fer2013_csv, tmp_path, monkeypatch
):
    run, recipe = tmp_path / "run", short()
    codes = iter(["first", "second", "that of its end"])
    monkeypatch.setattr("train.run_folder.commit", lambda: next(codes))
    begin_and_stop(recipe, fer2013_csv, run)
    fit(recipe, fer2013_csv, run, RESUMING)
    file = export(run, fer2013_csv, "mine", tmp_path, torch.device("cpu"))
    assert load_card(file).commit == "first, then second"


def test_code_that_an_older_version_did_not_note_is_unknown(fer2013_csv, tmp_path, monkeypatch):
    run, recipe = tmp_path / "run", short()
    monkeypatch.setattr("train.run_folder.commit", lambda: "now")
    begin_and_stop(recipe, fer2013_csv, run)
    facts = json.loads((run / "run.json").read_text())
    assert facts.pop("commits") == ["now"]
    (run / "run.json").write_text(json.dumps(facts))
    fit(recipe, fer2013_csv, run, RESUMING)
    assert json.loads((run / "run.json").read_text())["commits"] == ["unknown", "now"]


def test_other_weights_in_their_place_are_not_told_of(
    fer2013_csv, tmp_path, weights, random_weights
):
    run, recipe = tmp_path / "run", short(f"init={weights}")
    begin_and_stop(recipe, fer2013_csv, run)
    Path(random_weights(seed=1)).replace(weights)
    fit(recipe, fer2013_csv, run, RESUMING)
    assert note(run).startswith("from the weights of random0 ")


def test_they_are_read_again_where_the_facts_were_lost(fer2013_csv, tmp_path, weights):
    run, recipe = tmp_path / "run", short(f"init={weights}")
    begin_and_stop(recipe, fer2013_csv, run)
    (run / "run.json").unlink()
    fit(recipe, fer2013_csv, run, RESUMING)
    assert note(run).startswith("from the weights of random0 ")


def test_a_stop_while_an_epoch_is_scored_does_not_forget_its_score(
    fer2013_csv, tmp_path, monkeypatch
):
    scores, scored = [0.2, 0.6, 0.4], []

    def score(self):
        self.log("val/selection", scores[self.current_epoch])
        scored.append(self.current_epoch)
        if scored == [0, 1]:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Learner, "on_validation_epoch_end", score)
    recipe, run = tiny("epochs=3"), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, fer2013_csv, run, FitOptions())
    fit(recipe, fer2013_csv, run, RESUMING)
    assert scored == [0, 1, 2]
    assert best_of(run) == (2, pytest.approx(0.6))


def test_another_teacher_is_refused(fer2013_csv, tmp_path, weights, random_weights):
    run, recipe = tmp_path / "run", short("strategy=distillation", f"teachers=[{weights}]")
    begin_and_stop(recipe, fer2013_csv, run)
    content = weights.read_bytes()
    Path(random_weights(seed=1)).replace(weights)
    told = rf"{run} was begun with another weight file {weights} \(sha256 \w+, now \w+\): put that file back"
    with pytest.raises(UserError, match=told):
        fit(recipe, fer2013_csv, run, RESUMING)
    weights.write_bytes(content)
    fit(recipe, fer2013_csv, run, RESUMING)
    assert note(run).startswith("taught by random0 ")


def test_a_new_run_tells_nothing_of_one_that_came_to_no_checkpoint(tmp_path):
    (tmp_path / "run.json").write_text('{"note": "from the weights of others"}')
    begin(tiny(), tmp_path)
    assert not (tmp_path / "run.json").exists()
