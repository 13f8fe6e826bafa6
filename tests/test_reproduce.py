import csv
import logging
from dataclasses import replace

import pytest
import yaml

from fer_live.errors import UserError
from tests.interrupting import ctrl_c
from train import recipe as recipes
from train.__main__ import Once, main
from train.outcome import Progress
from train.plan import PlanOptions, all_runs, plan, shortened
from train.strategies.supervised import Supervised
from train.table import Column, Row, Table, load_table, table_names

TINY = ["--epochs", "2", "--set", "batch_size=16", "--set", "precision=32-true", "--device", "cpu"]
OVERALL = [Column("overall", "accuracy")]


def table_of(*rows):
    return Table("title", "source", OVERALL, list(rows))


@pytest.fixture
def table(tmp_path):
    """Two rows that train, one that asks for a recipe that is not there, one that is cited only."""
    content = {
        "title": "Two of ours",
        "source": "nobody 2022",
        "columns": [{"name": "overall", "metric": "accuracy"}],
        "rows": [
            {"name": "plain", "recipe": "report-baseline", "published": {"overall": 57.23}},
            {"name": "today", "recipe": "cnn6-fer2013"},
            {"name": "lost", "recipe": "no-such-recipe"},
            {"name": "cited", "published": {"overall": 82.69}},
        ],
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def rows_of(folder):
    return {row["model"]: row for row in csv.DictReader((folder / "report.csv").open())}


def test_one_lost_row_does_not_cost_the_others(table, fer2013_csv, tmp_path, capsys):
    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
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


def test_a_row_that_breaks_is_told_in_a_line_and_mends(
    table, fer2013_csv, tmp_path, capsys, monkeypatch
):
    def fail(*_):
        raise RuntimeError("Dynamo failed " + "to run this node " * 200)

    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
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


def test_a_stopped_table_goes_on_by_the_same_command(table, fer2013_csv, tmp_path, capsys):
    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
    command += ["--rows", "plain,today"]
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


@pytest.mark.parametrize("damaged", ["last.ckpt", "run.json"])
def test_a_damaged_run_does_not_cost_the_other_rows(table, fer2013_csv, tmp_path, capsys, damaged):
    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
    with ctrl_c(step=2, training=2):  # the first is the measuring
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


@pytest.mark.parametrize("damaged", ["metrics.json", "predictions.parquet"])
def test_a_damaged_evaluation_is_made_again(table, fer2013_csv, tmp_path, damaged):
    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
    command += ["--rows", "today"]
    assert main(command) == 0
    before = rows_of(output)["today"]
    (path,) = (output / "evaluations").glob(f"*/{damaged}")
    path.write_bytes(path.read_bytes()[:20])
    assert main(command) == 0
    after = rows_of(output)["today"]
    assert (after["accuracy"], after["error"]) == (before["accuracy"], "")


def test_scores_stay_in_the_report_when_the_facts_of_their_run_are_damaged(
    table, fer2013_csv, tmp_path
):
    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
    command += ["--rows", "today"]
    assert main(command) == 0
    before = rows_of(output)["today"]["accuracy"]
    (path,) = (output / "runs").glob("*/run.json")
    path.write_text("{")
    assert main(command) == 2
    assert rows_of(output)["today"]["accuracy"] == before


def test_a_dry_run_says_how_long_each_row_takes_and_trains_none(
    table, fer2013_csv, tmp_path, capsys
):
    output = tmp_path / "out"
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--output", str(output), *TINY]
    assert main([*command, "--rows", "plain", "--dry-run"]) == 0
    assert "trainings: 1, time: " in capsys.readouterr().out
    assert not output.exists()


def test_times_that_are_not_known_are_not_said_to_be_short():
    run, other = all_runs(plan(table_of(Row("a", "basic"), Row("b", "focal")), PlanOptions()))
    assert Progress().said([run]) == "unknown"
    assert Progress({run.name: 40.0}).said([run, other]) == "over 40 s"
    assert Progress({run.name: 40.0, other.name: 2.0}).said([run, other]) == "42 s"
    assert Progress().said([]) == "0 s"


def test_the_same_warning_is_given_once():
    once = Once()
    records = [logging.LogRecord("train", 30, "", 0, text, (), None) for text in ("a", "b", "a")]
    assert [once.filter(record) for record in records] == [True, True, False]


def test_rows_that_start_alike_share_one_training():
    rows = [
        Row("hash", "cucn-r18", "msceleb"),
        Row("star", "cucn-r18", "imagenet"),
        Row("other", "cucn-r18-w"),
    ]
    planned = plan(table_of(*rows), PlanOptions())
    assert planned[0].runs == planned[1].runs
    assert planned[0].notes == ("from scratch: no MS-Celeb-1M weights were given (--msceleb FILE)",)
    assert "the same training as hash" in planned[1].notes
    assert len(all_runs(planned)) == 2


def test_given_weights_part_the_rows_again_and_open_the_gates(tmp_path):
    rows = [
        Row("hash", "cucn-r18-w-cbam", "msceleb"),
        Row("star", "cucn-r18-w-cbam", "imagenet"),
    ]
    file = tmp_path / "msceleb.pth"
    planned = plan(table_of(*rows), PlanOptions(msceleb=file))
    assert planned[0].runs[0].recipe.pretrained == str(file)
    assert planned[0].runs[0].recipe.arguments["cbam_init"] == "identity"
    assert planned[1].runs[0].recipe.pretrained == ""
    assert planned[0].notes == ()
    assert len(all_runs(planned)) == 2


def test_a_row_can_change_its_recipe_and_a_flag_has_the_last_word():
    rows = (
        Row("all", "cucn-fer2013"),
        Row("less", "cucn-fer2013", changes=["ema=0", "label_smoothing=0"]),
    )
    whole, less = plan(table_of(*rows), PlanOptions(changes=["label_smoothing=0.2"]))
    assert less.runs[0].recipe == replace(whole.runs[0].recipe, ema=0, label_smoothing=0.2)
    assert less.runs[0].name != whole.runs[0].name
    assert less.notes == ("recipe with ema=0, label_smoothing=0",)


def test_a_trunk_that_would_stay_frozen_at_random_trains_from_scratch():
    row = Row("VGG11", "report-vgg11", "imagenet")
    assert plan(table_of(row), PlanOptions())[0].runs[0].recipe.trains == []
    frozen = plan(table_of(row), PlanOptions(imagenet=True))[0].runs[0].recipe.trains
    assert frozen == ["head", "classifier"]


def test_a_first_stage_is_trained_once_for_all_rows_and_each_seed():
    rows = [Row("Basic", "basic"), Row("Decoupling", "crt"), Row("tau", "tau-norm")]
    planned = plan(table_of(*rows), PlanOptions(seeds=2))
    names = [run.name.rsplit("-", 1)[0] for run in all_runs(planned)]
    assert names == [
        "basic-seed0",
        "basic-seed1",
        "crt-seed0",
        "crt-seed1",
        "tau-norm-seed0",
        "tau-norm-seed1",
    ]
    assert planned[1].runs[0].before == planned[0].runs[0]


def test_fewer_epochs_reach_the_first_stage_and_leave_none_at_none():
    recipe = shortened(recipes.load("crt"), 3)
    assert (recipe.epochs, recipes.before(recipe).epochs) == (3, 3)
    still = shortened(recipes.load("tau-norm"), 3)
    assert (still.epochs, recipes.before(still).epochs) == (0, 3)


def test_a_shortened_schedule_ends_as_low():
    recipe = replace(recipes.load("report-baseline"), epochs=40, decay=0.9, warmup_epochs=4.0)
    short = shortened(recipe, 10)
    assert short.warmup_epochs == 1
    assert short.decay**10 == pytest.approx(0.9**40)


def test_another_limit_or_field_is_another_training():
    rows = table_of(Row("a", "cnn6-fer2013"))
    options = [PlanOptions(), PlanOptions(limit=8), PlanOptions(changes=["epochs=7"])]
    assert len({plan(rows, one)[0].runs[0].name for one in options}) == 3


def test_rows_that_are_cited_only_cannot_be_trained(table, fer2013_csv, tmp_path, capsys):
    command = ["reproduce", str(table), "--root", str(fer2013_csv), "--rows", "cited"]
    assert main([*command, "--output", str(tmp_path / "out")]) == 2
    assert "cited only" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_row_names_the_known_ones():
    with pytest.raises(UserError, match="row 'b' is not in the table: use a"):
        plan(table_of(Row("a", "basic")), PlanOptions(rows=["b"]))


@pytest.mark.parametrize("name", table_names())
def test_every_row_of_the_published_tables_can_be_trained_or_is_cited(name):
    for row in plan(load_table(name), PlanOptions()):
        assert not row.error
        assert row.runs or row.row.published


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": [{"name": "x", "metric": "luck"}]}, "'luck' is not one of"),
        ({"rows": [{"name": "a", "published": {"y": 1}}]}, "which is not one of"),
        ({"rows": [{"name": "a"}, {"name": "a"}]}, "two rows are called 'a'"),
        ({"rows": [{"title": "a"}]}, "title"),
        ({"compare": ["a", "b"]}, "compare .* is not two of its rows"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path, change, message):
    good = {"title": "t", "source": "s", "columns": [{"name": "x", "metric": "auc"}], "rows": []}
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump({**good, **change}))
    with pytest.raises(UserError, match=message):
        load_table(str(path))


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
