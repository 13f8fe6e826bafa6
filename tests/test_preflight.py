import pytest
import yaml

from fer_live.errors import UserError
from tests.test_reproduce import TINY
from train import pace, preflight
from train.__main__ import main
from train.plan import PlanOptions, plan
from train.preflight import check_rows
from train.table import Column, Row, Table

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture
def command(fer2013_csv, tmp_path):
    content = {
        "title": "Two of ours",
        "source": "nobody 2022",
        "columns": [{"name": "overall", "metric": "accuracy"}],
        "rows": [
            {"name": "plain", "recipe": "report-baseline"},
            {"name": "today", "recipe": "cnn6-fer2013"},
        ],
    }
    table = tmp_path / "small.yaml"
    table.write_text(yaml.safe_dump(content))
    output = ["--output", str(tmp_path / "out")]
    return ["reproduce", str(table), "--root", str(fer2013_csv), *output, *TINY]


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (["--root", "nowhere"], "nowhere does not exist"),
        (["--dataset", "foo"], "dataset 'foo' is not one of fer2013, "),
        (["--set", "foo=1"], "--set: there is no field 'foo'"),
        (["--set", "foo"], "--set 'foo' is not of the form key=value"),
        (["--set", "epochs=x"], "; none of the 2 rows can be trained"),
        (
            ["--set", "options.foo=1"],
            "'foo' is not one of strategy supervised's: none; none of the 2",
        ),
        (["--set", "class_weights=[1, 2]"], "class_weights has 2 weights, the data set 7 classes"),
        (["--set", "strategy=ldam"], "strategy ldam needs cosines"),
        (["--set", "init=nowhere"], "nowhere"),
        (["--msceleb", "nope.pth"], "nope.pth is no file"),
        (["--split", "foo"], "split 'foo' is not fer2013's: use train, public, private"),
    ],
)
@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_a_mistake_is_told_at_once_in_one_line(command, mistake, told, how, tmp_path, capsys):
    assert main([*command, *mistake, *how]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not (tmp_path / "out").exists()


def test_a_scored_split_that_the_data_lacks_is_told_at_once(command, fer2013_csv, capsys):
    lines = fer2013_csv.read_text().splitlines()
    fer2013_csv.write_text("\n".join(line for line in lines if "Private" not in line))
    assert main([*command, "--split", "private"]) == 2
    said = capsys.readouterr()
    assert "no face of the split 'private'" in said.err
    assert not said.out


def test_a_dry_run_that_could_measure_nothing_is_no_success(command, capsys, monkeypatch):
    def fail(*_, **__):
        raise UserError("no luck")

    monkeypatch.setattr(pace, "fit", fail)
    assert main([*command, "--dry-run"]) == 2
    assert "none of the 2 trainings could be measured" in capsys.readouterr().err


def test_the_votes_are_read_once_for_all_rows_that_learn_them(monkeypatch, tmp_path):
    read = []

    def with_crowd(faces, root):
        read.append(root)
        return faces

    def not_built(recipe, faces):
        raise UserError("enough")

    monkeypatch.setattr(preflight, "with_crowd", with_crowd)
    monkeypatch.setattr(preflight, "build", not_built)
    two = [Row("a", "cucn-multitask"), Row("b", "cucn-multitask", changes=["class_weights=0"])]
    planned = plan(Table("t", "s", [Column("x", "auc")], two), PlanOptions())
    found = preflight.built(planned, {"fer2013": object()}, tmp_path)
    assert [row.error for row in found] == ["enough", "enough"]
    assert read == [tmp_path]


def rows(tmp_path, **recipes):
    """A table's file with a row for each recipe."""
    table = tmp_path / "rows.yaml"
    columns = [{"name": "overall", "metric": "accuracy"}]
    each = [{"name": name, "recipe": recipe} for name, recipe in recipes.items()]
    table.write_text(
        yaml.safe_dump({"title": "t", "source": "s", "columns": columns, "rows": each})
    )
    return str(table)


def test_a_change_that_does_not_fit_a_row_is_told_before_another_trains(command, tmp_path, capsys):
    command[1] = rows(tmp_path, plain="report-baseline", bright="focal")
    assert main([*command, "--set", "options.gamma=1"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("train: row plain: recipe report-baseline: options: 'gamma' is not")
    assert said.err.endswith("ask for those that it fits with --rows\n")
    assert not said.out
    assert main([*command, "--set", "options.gamma=1", "--rows", "bright", "--dry-run"]) == 0


def test_a_recipe_with_an_unknown_option_is_told_in_the_plan_and_is_not_trained(
    command, tmp_path, capsys
):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("network: cnn6\noptions: {gama: 2}\n")
    command[1] = rows(tmp_path, plain="report-baseline", wrong=str(wrong))
    kept = [part for part in command if part not in ("--set", "batch_size=16", "precision=32-true")]
    assert main([*kept, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"- wrong: recipe {wrong}: options: 'gama' is not one of strategy supervised's" in said
    assert "trainings: 1" in said


def test_one_row_that_can_be_trained_is_enough():
    rows = [Row("a", "basic"), Row("b", "no-such-recipe")]
    check_rows(plan(Table("t", "s", [Column("x", "auc")], rows), PlanOptions()))
