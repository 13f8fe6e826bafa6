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
from train.run_folder import alone_in, begin, is_finished, resume

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
    with pytest.raises(UserError, match=r"another learning_rate \(0.0015, now 0.2\)"):
        resume(tiny("learning_rate=0.2"), tmp_path)


def test_a_run_of_an_older_version_can_be_resumed(tmp_path):
    content = tiny().to_dict()
    del content["align"]  # a field that its recipe did not have yet
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "last.ckpt").touch()
    assert resume(tiny(), tmp_path) == tmp_path / "last.ckpt"
    with pytest.raises(UserError, match=r"another align \(False, now True\)"):
        resume(tiny("align=true"), tmp_path)


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
