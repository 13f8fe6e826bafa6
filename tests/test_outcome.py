"""Where a reproduction's files lie, and what its report is told of each row."""

from pathlib import Path

import pytest
import torch

from fer_live.errors import UserError
from tests.conftest import COUNTS
from train import outcome
from train import recipe as recipes
from train.outcome import Progress, Workshop, first_error, report
from train.plan import PlannedRow, Run
from train.table import Column, Row, Table

ROW = Row("a", "cnn6-fer2013")
TABLE = Table("title", "source", [Column("overall", "accuracy")], [ROW])


def run(name):
    return Run(name, recipes.load("cnn6-fer2013"))


def shop(root=Path("data"), output=Path("out"), **options):
    return Workshop(root, output, torch.device("cpu"), **options)


@pytest.mark.parametrize(("split", "scored"), [(None, "public"), ("private", "private")])
def test_an_evaluation_is_of_the_selection_split_or_the_one_asked_for(split, scored):
    found = shop(split=split)
    assert found.scored(run("a")) == scored
    assert found.evaluation(run("a")) == Path("out/evaluations") / f"a-{scored}"


def test_evaluations_of_any_split_are_those_of_one_run(tmp_path):
    for name in ("a[1]-public", "a[1]-private", "a1-public", "b-public"):
        (tmp_path / "evaluations" / name).mkdir(parents=True)
    found = {path.name for path in shop(output=tmp_path).evaluations(run("a[1]"))}
    assert found == {"a[1]-public", "a[1]-private"}


def test_runs_are_trained_where_and_as_the_workshop_says():
    options = shop(limit=7, compiled=True).fit_options()
    assert (options.limit, options.accelerator, options.compiled) == (7, "cpu", True)


def test_runs_whose_time_is_not_known_do_not_count():
    progress = Progress({"a": 40.0, "b": 2.0})
    assert progress.left([run("a"), run("b"), run("c")]) == 42


def test_the_first_error_of_a_row_is_told_and_that_of_its_plan_before_all():
    planned = PlannedRow(ROW, (run("a"), run("b"), run("c")))
    progress = Progress(errors={"c": "third", "b": "second", "d": "of another row"})
    assert first_error(planned, progress) == "second"
    assert first_error(PlannedRow(ROW, planned.runs, error="no such recipe"), progress) == (
        "no such recipe"
    )
    assert first_error(planned, Progress()) == ""


@pytest.fixture
def told(monkeypatch):
    """A function that reports a row of which these runs are scored, and returns what the report was given."""

    def tell(planned, *scored, **options):
        given = []
        whole = {Path("out/evaluations") / f"{name}-public" for name in scored}
        monkeypatch.setattr(outcome, "is_whole", whole.__contains__)
        monkeypatch.setattr(outcome, "read_result", lambda name, folders: (name, folders))
        monkeypatch.setattr(outcome, "read_facts", facts)
        monkeypatch.setattr(outcome, "write_report", lambda *words: given.append(words))
        progress = Progress(errors=options.pop("errors", {}))
        report(TABLE, [planned], ["epochs=1"], shop(**options), progress)
        return given[0] if given else None

    def facts(folder):
        if folder.name == "damaged":
            raise UserError("run.json is damaged")
        return {"folder": folder}

    return tell


@pytest.mark.parametrize(
    ("scored", "errors", "notes"),
    [
        (["a", "b"], {}, ["planned"]),
        (["a"], {}, ["planned", "1 of 2 seeds"]),
        (["b"], {"a": "out of memory"}, ["planned", "1 of 2 seeds"]),
    ],
)
def test_a_row_tells_how_many_of_its_seeds_are_scored(told, fer2013_csv, scored, errors, notes):
    planned = PlannedRow(ROW, (run("a"), run("b")), ("planned",))
    _, (row,), *_ = told(planned, *scored, root=fer2013_csv, errors=errors)
    assert list(row.notes) == notes
    assert row.error == "".join(errors.values())
    folders = [(Path("out/runs") / a, Path("out/evaluations") / f"{a}-public") for a in scored]
    assert row.result == ("a", folders)
    assert [found["folder"] for found in row.facts] == [folder for folder, _ in folders]


def test_there_is_no_report_before_anything_is_scored(told):
    assert told(PlannedRow(ROW, (run("a"),))) is None


@pytest.mark.parametrize(
    ("planned", "notes"),
    [
        (PlannedRow(ROW, (run("c"),)), ["not finished yet"]),
        (PlannedRow(ROW, (run("broken"),)), []),
        (PlannedRow(ROW), []),  # cited
    ],
)
def test_a_row_without_scores_is_not_finished_unless_it_is_cited_or_broke(planned, notes):
    row = outcome._reported(planned, shop(), Progress(errors={"broken": "out of memory"}))
    assert (list(row.notes), row.result) == (notes, None)


def test_scores_are_reported_without_the_facts_of_a_damaged_folder(told, fer2013_csv):
    _, (row,), *_ = told(PlannedRow(ROW, (run("damaged"),)), "damaged", root=fer2013_csv)
    assert (row.facts, row.error) == ((), "")


@pytest.mark.parametrize("limit", [None, 5])
def test_a_report_counts_the_faces_that_were_trained_with(told, fer2013_csv, limit):
    planned = PlannedRow(ROW, (run("a"),))
    _, _, counts, changes, output = told(planned, "a", root=fer2013_csv, limit=limit)
    assert sum(counts["fer2013"].values()) == (limit or 7 * COUNTS["Training"])
    assert (changes, output) == (["epochs=1"], Path("out"))
