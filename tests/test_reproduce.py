import logging
from pathlib import Path

import pytest

from tests.crowds import SPLIT, UNANIMOUS, write_votes
from tests.interrupting import ctrl_c
from tests.reproducing import TINY, command_for, draw_nothing, rows_of, write_table
from tests.small_sets import without_a_face
from train import recipe as recipes
from train.__main__ import Once, main
from train.strategies.supervised import Supervised

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path)


@pytest.fixture
def undrawn(monkeypatch):
    draw_nothing(monkeypatch)


def test_one_lost_row_does_not_cost_the_others(table, fer2013_csv, tmp_path, capsys):
    output = tmp_path / "out"
    command = command_for(table, fer2013_csv, output)
    assert main(command) == 2
    assert "1 of 4 rows failed" in capsys.readouterr().err
    rows = rows_of(output)
    assert 0 <= float(rows["plain"]["accuracy"]) <= 1
    assert float(rows["plain"]["faces"]) == 21
    assert rows["today"]["error"] == ""
    assert "no-such-recipe" in rows["lost"]["error"]
    assert rows["cited"]["published overall %"] == "82.69"
    assert rows["cited"]["accuracy"] == ""
    assert "57.23" in (output / "report.md").read_text()
    assert len(list((output / "figures").iterdir())) == 7


@pytest.mark.usefixtures("undrawn")
def test_a_row_that_breaks_is_told_in_a_line_and_mends(
    table, fer2013_csv, tmp_path, capsys, monkeypatch
):
    def fail(*_):
        raise RuntimeError("Dynamo failed " + "to run this node " * 200)

    output = tmp_path / "out"
    command = command_for(table, fer2013_csv, output)
    command += ["--rows", "plain,today"]
    with monkeypatch.context() as broken:
        broken.setattr(Supervised, "loss", fail)
        assert main(command) == 2
    told = capsys.readouterr()
    (line,) = told.err.strip().splitlines()[-1:]
    # Both rows have it, and it is said once.
    assert line.startswith("train: 2 of 4 rows failed")
    assert "plain, today (RuntimeError: Dynamo failed to run" in line
    assert len(line) < 400
    (path,) = (output / "runs").glob("report-baseline-*/error.txt")
    assert f"(all of it in {path})" in told.out
    assert path.read_text().count("to run this node") >= 200
    assert main(command) == 0
    assert not path.exists()


@pytest.mark.usefixtures("undrawn")
def test_a_table_does_not_go_on_with_other_faces(table, fer2013_csv, tmp_path, capsys):
    output = tmp_path / "out"
    assert main([*command_for(table, fer2013_csv, output), "--rows", "plain"]) == 0
    report = (output / "report.md").read_text()
    other = command_for(table, without_a_face(fer2013_csv), output)
    assert main([*other, "--rows", "plain,today"]) == 2
    told = capsys.readouterr().err
    assert "is of other training faces (angry 8, " in told
    assert "give the same --root, or choose another --output" in told
    assert (output / "report.md").read_text() == report


@pytest.mark.usefixtures("undrawn")
def test_a_table_does_not_go_on_from_another_weight_file(
    table, fer2013_csv, tmp_path, capsys, random_weights
):
    begun = Path(random_weights())
    command = [*command_for(table, fer2013_csv, tmp_path / "out"), "--rows", "today"]
    command += ["--set", f"init={begun}", "--set", "arguments={}"]
    assert main(command) == 0
    Path(random_weights(seed=1)).replace(begun)
    assert main(command) == 2
    assert f"was begun with another weight file {begun} (sha256 " in capsys.readouterr().err


@pytest.mark.usefixtures("undrawn")
def test_a_stopped_table_goes_on_by_the_same_command(table, fer2013_csv, tmp_path, capsys):
    output = tmp_path / "out"
    command = command_for(table, fer2013_csv, output)
    command += ["--rows", "plain,today", "--epochs", "2"]
    # Both are measured first, so that the fourth training to get there is the second row's own.
    with ctrl_c(step=4, training=4):
        assert main(command) == 130
    assert "give the same command to go on" in capsys.readouterr().err
    assert rows_of(output)["plain"]["accuracy"]
    assert rows_of(output)["today"]["notes"] == "not finished yet"
    (first,) = (output / "runs").glob("report-baseline-*/best.ckpt")
    written = first.stat().st_mtime_ns
    assert main(command) == 0
    assert first.stat().st_mtime_ns == written
    assert rows_of(output)["today"]["accuracy"]
    (second,) = (output / "runs").glob("cnn6-fer2013-*")
    assert len(list(second.glob("curves/version_*"))) == 2  # it went on, in its own folder


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("damaged", ["last.ckpt", "run.json"])
def test_a_damaged_run_does_not_cost_the_other_rows(table, fer2013_csv, tmp_path, capsys, damaged):
    output = tmp_path / "out"
    command = command_for(table, fer2013_csv, output)
    with ctrl_c(step=1, training=2):  # the first is the measuring
        assert main([*command, "--rows", "plain"]) == 130
    (run,) = (output / "runs").iterdir()
    (run / damaged).write_bytes((run / damaged).read_bytes()[:20])
    assert main([*command, "--rows", "plain,today"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(
        f"train: 1 of 4 rows failed, the same command tries them again: plain ({run}"
    )
    assert f"delete {run} and train it again" in line or f"{damaged} is broken: delete it" in line
    assert rows_of(output)["today"]["accuracy"]
    assert rows_of(output)["plain"]["error"]


def test_a_dry_run_says_how_long_each_row_takes_and_trains_none(
    table, fer2013_csv, tmp_path, capsys
):
    output = tmp_path / "out"
    command = command_for(table, fer2013_csv, output)
    assert main([*command, "--rows", "plain", "--dry-run"]) == 0
    assert "trainings: 1, time: " in capsys.readouterr().out
    assert not output.exists()


def test_a_row_that_learns_votes_is_planned_where_there_are_votes(fer2013_csv, tmp_path, capsys):
    command = ["reproduce", "multitask-ablation", "--root", str(fer2013_csv), *TINY]
    command += ["--set", "size=32", "--set", "small_until=0", "--rows", "labels and votes"]
    command += ["--output", str(tmp_path / "out"), "--dry-run"]
    assert main(command) == 2
    assert "fer2013new.csv does not exist" in capsys.readouterr().err
    write_votes(fer2013_csv.parent, [UNANIMOUS, SPLIT])
    assert main(command) == 0
    assert "trainings: 1, time: " in capsys.readouterr().out


def test_the_same_warning_is_given_once():
    once = Once()
    records = [logging.LogRecord("train", 30, "", 0, text, (), None) for text in ("a", "b", "a")]
    assert [once.filter(record) for record in records] == [True, True, False]


def test_rows_that_are_cited_only_cannot_be_trained(table, fer2013_csv, tmp_path, capsys):
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--rows", "cited"]
    assert main([*command, "--output", str(tmp_path / "out")]) == 2
    assert "cited only" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_recipes_are_listed_with_table_and_row(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("fer2013-report")
    assert "  report-vgg11: VGG11" in lines[first:]
    assert "  cucn-r18: ResNet18#; ResNet18*" in lines[:first]
    assert "  focal" in lines[lines.index("in no table") :]


def test_every_recipe_is_listed(capsys):
    assert main(["recipes"]) == 0
    told = capsys.readouterr().out
    assert [name for name in recipes.names() if f"\n  {name}" not in told] == []
