"""A table that was reproduced, and the same command once more."""

import shutil

import pytest

from tests.conftest import write_fer2013
from tests.reproducing import command_for, draw_nothing, rows_of, write_table
from tests.small_networks import use_small_networks
from train.__main__ import main

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """A folder with a table, a data set, and the output of one row."""
    folder = tmp_path_factory.mktemp("reproduced")
    table, data = write_table(folder), write_fer2013(folder / "fer2013")
    with pytest.MonkeyPatch.context() as patch:
        use_small_networks(patch)
        draw_nothing(patch)
        assert main([*command_for(table, data, folder / "out"), "--rows", "today"]) == 0
    return folder


@pytest.fixture
def finished(reproduced, tmp_path, monkeypatch):
    """A copy of the output, and the command that made it."""
    draw_nothing(monkeypatch)
    output = shutil.copytree(reproduced / "out", tmp_path / "out")
    command = command_for(reproduced / "small.yaml", reproduced / "fer2013", output)
    return output, [*command, "--rows", "today"]


def test_a_row_that_is_not_asked_for_again_stays_in_the_report(finished, tmp_path):
    output, command = finished
    before = rows_of(output)["today"]
    others = [*command[:-1], "plain"]
    assert main(others) == 0
    both = rows_of(output)
    assert both["today"] == before
    assert 0 <= float(both["plain"]["accuracy"]) <= 1
    assert main([*others, "--set", "learning_rate=0.02"]) == 0
    assert rows_of(output)["today"]["accuracy"] == ""


@pytest.mark.parametrize("damaged", ["metrics.json", "predictions.parquet"])
def test_a_damaged_evaluation_is_made_again(finished, damaged):
    output, command = finished
    before = rows_of(output)["today"]
    (path,) = (output / "evaluations").glob(f"*/{damaged}")
    path.write_bytes(path.read_bytes()[:20])
    assert main(command) == 0
    after = rows_of(output)["today"]
    assert (after["accuracy"], after["error"]) == (before["accuracy"], "")


def test_a_run_that_is_trained_again_is_scored_again(finished):
    output, command = finished
    (run,) = (output / "runs").iterdir()
    (scores,) = (output / "evaluations").glob("*/metrics.json")
    written = scores.stat().st_mtime_ns
    shutil.rmtree(run)
    assert main(command) == 0
    assert scores.stat().st_mtime_ns > written


def test_scores_stay_in_the_report_when_the_facts_of_their_run_are_damaged(finished):
    output, command = finished
    before = rows_of(output)["today"]["accuracy"]
    (path,) = (output / "runs").glob("*/run.json")
    path.write_text("{")
    assert main(command) == 2
    assert rows_of(output)["today"]["accuracy"] == before
