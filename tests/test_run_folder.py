"""Who may write to a run's folder, and when."""

import json

import pytest
import yaml
from lightning.pytorch.callbacks import Callback

from fer_live.errors import UserError
from tests.interrupting import ctrl_c
from tests.test_fit import RESUMING, tiny
from train.__main__ import main
from train.fit import FitOptions, fit
from train.origin import origin
from train.recipe import load
from train.run_folder import alone_in, begin, is_finished, resume

pytestmark = pytest.mark.usefixtures("small_networks")

SIXTEEN = FitOptions(limit=16)


def test_a_second_run_at_the_same_time_is_refused(fer2013_csv, tmp_path):
    told = pytest.raises(UserError, match=r"run is in use by another process")
    with alone_in(tmp_path / "run"), told:
        fit(tiny("epochs=1"), fer2013_csv, tmp_path / "run", SIXTEEN)
    fit(tiny("epochs=1"), fer2013_csv, tmp_path / "run", SIXTEEN)


@pytest.mark.parametrize("command", ["reproduce", "tune"])
def test_a_second_search_or_table_at_the_same_time_is_refused(
    fer2013_csv, tmp_path, capsys, command
):
    options = {"reproduce": ["fer2013-report"], "tune": ["--recipe", "cnn6-fer2013", "--trials=1"]}
    places = ["--root", str(fer2013_csv), "--output", str(tmp_path / "out"), "--device", "cpu"]
    with alone_in(tmp_path / "out"):
        assert main([command, *options[command], *places]) == 2
    assert "out is in use by another process" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"])
def test_processes_that_train_together_share_the_folder(tmp_path, monkeypatch, name):
    with alone_in(tmp_path):
        monkeypatch.setenv(name, "1")
        with alone_in(tmp_path):
            monkeypatch.setenv(name, "0")


def test_the_folder_is_free_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), alone_in(tmp_path):
        raise ZeroDivisionError
    with alone_in(tmp_path):
        assert tmp_path.is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write to .*file"), alone_in(tmp_path / "file"):
        pass


def test_a_second_run_into_the_same_folder_is_refused(fer2013_csv, tmp_path):
    run = tmp_path / "run"
    with ctrl_c(step=0), pytest.raises(KeyboardInterrupt):
        fit(tiny("epochs=1"), fer2013_csv, run, SIXTEEN)
    with pytest.raises(UserError, match="holds a run already: add --resume"):
        fit(tiny("epochs=1"), fer2013_csv, run, SIXTEEN)
    fit(tiny("epochs=1"), fer2013_csv, run, FitOptions(limit=16, resume=True))
    with pytest.raises(UserError, match="holds a finished run: choose another --output"):
        fit(tiny("epochs=1"), fer2013_csv, run, SIXTEEN)


def test_resuming_with_another_recipe_is_refused_with_the_difference(tmp_path):
    begin(tiny(), tmp_path)
    (tmp_path / "last.ckpt").touch()
    with pytest.raises(UserError, match=r"otherwise, learning_rate \(0.0015, now 0.2\)"):
        resume(tiny("learning_rate=0.2"), tmp_path, None)


def test_a_run_of_an_older_version_can_be_resumed(tmp_path):
    content = tiny().to_dict()
    del content["align"]  # a field that its recipe did not have yet
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "last.ckpt").touch()
    assert resume(tiny(), tmp_path, 16) == tmp_path / "last.ckpt"
    with pytest.raises(UserError, match=r"otherwise, align \(False, now True\)"):
        resume(tiny("align=true"), tmp_path, 16)


def test_resuming_nothing_is_refused_and_leaves_nothing(fer2013_csv, tmp_path):
    with pytest.raises(UserError, match=r"no last\.ckpt to resume"):
        fit(tiny(), fer2013_csv, tmp_path / "empty", RESUMING)
    assert not (tmp_path / "empty").exists()


def test_a_run_says_whether_it_is_finished(fer2013_csv, tmp_path):
    run = tmp_path / "run"
    assert not is_finished(run)
    with ctrl_c(step=0), pytest.raises(KeyboardInterrupt):
        fit(tiny("epochs=1"), fer2013_csv, run, SIXTEEN)
    assert not is_finished(run)
    fit(tiny("epochs=1"), fer2013_csv, run, FitOptions(limit=16, resume=True))
    assert is_finished(run)
    assert json.loads((run / "run.json").read_text())["limit"] == 16


def test_a_stop_asked_for_in_the_last_step_is_heeded_once_the_run_is_finished(
    fer2013_csv, tmp_path
):
    with ctrl_c(step=0), pytest.raises(KeyboardInterrupt):
        fit(tiny("epochs=1", "batch_size=16"), fer2013_csv, tmp_path / "run", SIXTEEN)
    assert is_finished(tmp_path / "run")


def test_a_stop_is_heeded_where_a_callback_ends_the_run_in_the_same_step(fer2013_csv, tmp_path):
    class Ending(Callback):
        def on_validation_end(self, trainer, learner):
            raise ZeroDivisionError  # as a trial that is pruned does

    run = tmp_path / "run"
    with ctrl_c(step=0), pytest.raises(KeyboardInterrupt):
        fit(tiny("batch_size=16"), fer2013_csv, run, SIXTEEN, callbacks=[Ending()])
    assert not is_finished(run)


def begun(run, facts='{"limit": 16, "finished": false}'):
    """The folder of a run that was broken off."""
    run.mkdir(exist_ok=True)
    begin(tiny(), run)
    (run / "last.ckpt").touch()
    (run / "run.json").write_text(facts)
    return run


def test_resuming_with_another_limit_is_refused(tmp_path):
    run = begun(tmp_path / "run")
    assert resume(tiny(), run, 16) == run / "last.ckpt"
    with pytest.raises(UserError, match=r"otherwise, limit \(16, now None\): .* --limit"):
        resume(tiny(), run, None)


def test_the_limit_of_a_first_stage_holds_for_the_second(tmp_path):
    run = begun(tmp_path / "run")
    (run / "before").mkdir()
    for name in ("last.ckpt", "run.json"):
        (run / name).rename(run / "before" / name)
    assert resume(tiny(), run, 16) is None
    with pytest.raises(UserError, match=r"otherwise, limit \(16, now 7\)"):
        resume(tiny(), run, 7)


def test_resuming_with_other_faces_is_refused(fer2013_csv, tmp_path):
    run = tmp_path / "run"
    with ctrl_c(step=0), pytest.raises(KeyboardInterrupt):
        fit(tiny(), fer2013_csv, run, FitOptions())
    lines = fer2013_csv.read_text().splitlines()
    fer2013_csv.write_text("\n".join([*lines, lines[1]]))
    with pytest.raises(UserError, match=r"other training faces \(angry 8, .*; now angry 9, "):
        fit(tiny(), fer2013_csv, run, RESUMING)


@pytest.mark.parametrize("facts", ["{}", '{"device": "cpu"}'])
def test_a_run_whose_facts_do_not_say_the_limit_can_be_resumed(tmp_path, facts):
    run = begun(tmp_path / "run", facts)
    assert resume(tiny(), run, 16) == run / "last.ckpt"
    assert not is_finished(run)


def test_resuming_a_finished_run_says_so(fer2013_csv, tmp_path, caplog):
    run = tmp_path / "run"
    fit(tiny("epochs=0"), fer2013_csv, run, SIXTEEN)
    before = (run / "best.ckpt").stat().st_mtime_ns
    fit(tiny("epochs=0"), fer2013_csv, run, FitOptions(limit=16, resume=True))
    assert f"{run} is finished: nothing is left to train" in caplog.text
    assert (run / "best.ckpt").stat().st_mtime_ns == before
    with pytest.raises(UserError, match=r"otherwise, limit \(16, now None\)"):
        fit(tiny("epochs=0"), fer2013_csv, run, RESUMING)


@pytest.mark.parametrize("facts", ["", "{", "[]", "null"])
def test_broken_facts_are_one_line(tmp_path, facts):
    run = begun(tmp_path / "run", facts)
    for use in (lambda: resume(tiny(), run, 16), lambda: is_finished(run)):
        with pytest.raises(UserError, match=r"run\.json is broken: delete it"):
            use()
    (run / "run.json").unlink()
    assert resume(tiny(), run, 16) == run / "last.ckpt"


@pytest.mark.parametrize(
    ("content", "state"),
    [(None, "is missing"), (b"", "is not a recipe"), (b"a: [", "is not"), (b"\xff\xfe", "is not")],
)
def test_a_recipe_that_cannot_be_read_is_one_line(tmp_path, content, state):
    run = begun(tmp_path / "run")
    (run / "recipe.yaml").unlink()
    if content is not None:
        (run / "recipe.yaml").write_bytes(content)
    with pytest.raises(UserError, match=f"recipe.yaml {state}.*: put the run's recipe there"):
        resume(tiny(), run, 16)


def test_a_teacher_whose_last_layer_knows_the_selection_split_is_told_of():
    said = origin(load("cnn6-distilled", ["teachers=[cucn, cucn-plus]"]))
    cucn, plus = said.split(", cucn-plus ")
    assert cucn.endswith(", last layer fitted to public)")
    assert "fitted" not in plus
