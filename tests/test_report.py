import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_live.expressions import SEVEN
from train import plots
from train.metrics import measure
from train.plots import Result
from train.plots.curves import read_history
from train.plots.roc import class_curves
from train.plots.style import CONTRAST, class_colour, contrast_to_white, legend_columns
from train.recipe import load
from train.report import _start, write_report
from train.report_table import RowReport, comparison, numbers
from train.table import Column, Row, Table

TABLE = Table(
    title="Rows & <columns>",
    source="nobody 2022",
    columns=[Column("first", "accuracy"), Column("second", "accuracy"), Column("F", "macro_f1")],
    rows=[
        Row("a|b*", "cnn6-fer2013", published={"first": 61.5, "F": 50}),
        Row("cited", published={"second": 70}),
    ],
    protocol={"data set": "RAF-DB"},
)
FACTS = {"device": "cpu (here)", "limit": None, "commits": ["begun", "resumed"]}
COUNTS = {str(expression): 10 * (i + 1) for i, expression in enumerate(SEVEN)}


def result(name, *seeds, faces=140):
    """Runs that are right for this share of the faces, each class alike."""
    found = []
    for share in seeds:
        true = np.arange(faces) % 7
        predicted = np.where(np.arange(faces) < share * faces, true, (true + 1) % 7)
        probabilities = np.full((faces, 7), 0.05)
        probabilities[np.arange(faces), predicted] = 0.7
        scores = measure(probabilities, true, SEVEN)
        words = {"weights": name, "dataset": "fer2013", "split": "public"}
        found.append(({**words, **scores, "clean": scores}, probabilities, true))
    epochs = np.array([[1.0, 0.5], [2.0, 0.6]])
    history = dict.fromkeys(("train/loss", "val/loss", "train/accuracy", "val/accuracy"), epochs)
    right = np.mean([each.argmax(1) == true for _, each, true in found], axis=0)
    return Result(name, tuple(scores for scores, _, _ in found), *found[0][1:], right, history)


@pytest.fixture
def rows():
    recipe = load("cnn6-fer2013")
    own = RowReport(TABLE.rows[0], (recipe,), result("a|b*", 0.5, 0.6), ("a note",), "", (FACTS,))
    return [own, RowReport(TABLE.rows[1])]


def test_published_numbers_stand_beside_mean_and_deviation(rows):
    line = comparison(TABLE, rows).iloc[0]
    assert line["first (published)"] == "61.50"
    assert line["second (published)"] == "-"
    assert line["accuracy (ours)"] == "55.00 ± 7.07"
    assert line["F (ours)"].startswith("55.00")
    # What the table has no column for is told all the same.
    assert line["macro recall (ours)"] == "55.00 ± 7.07"
    # sqrt(.55 * .45 / 140)
    assert line["standard error of accuracy"] == "4.20"


def test_a_table_of_our_own_has_no_empty_columns_for_published_numbers(rows, tmp_path):
    table = replace(TABLE, rows=[Row("a|b*", "cnn6-fer2013")], protocol={})
    own = replace(rows[0], row=table.rows[0])
    assert "first" not in "".join(comparison(table, [own]).columns)
    assert comparison(table, [own]).iloc[0]["accuracy"] == "55.00 ± 7.07"
    write_report(table, [own], {"fer2013": COUNTS}, [], tmp_path)
    said = (tmp_path / "report.md").read_text()
    assert "## How it was measured" in said
    assert "published" not in said + (tmp_path / "report.csv").read_text()


def test_clean_numbers_are_those_of_the_faces_without_twins(rows):
    seeds = tuple(
        {**scores, "clean": {"accuracy": share, "macro_recall": share + 0.1}}
        for scores, share in zip(rows[0].result.seeds, (0.2, 0.3), strict=True)
    )
    row = replace(rows[0], result=replace(rows[0].result, seeds=seeds))
    line = comparison(TABLE, [row]).iloc[0]
    assert line["clean accuracy (ours)"] == "25.00 ± 7.07"
    assert line["clean macro recall (ours)"] == "35.00 ± 7.07"
    csv = numbers(TABLE, [row]).iloc[0]
    assert (csv["clean_accuracy"], csv["clean_macro_recall"]) == pytest.approx((0.25, 0.35))
    without = tuple({**scores, "clean": None} for scores in seeds)
    row = replace(rows[0], result=replace(rows[0].result, seeds=without))
    assert comparison(TABLE, [row]).iloc[0]["clean accuracy (ours)"] == "-"


def test_rows_that_are_cited_have_no_numbers_of_ours(rows):
    line = comparison(TABLE, rows).iloc[1]
    assert line["second (published)"] == "70.00"
    assert line["accuracy (ours)"] == "-"


def test_the_csv_holds_numbers(rows):
    line = numbers(TABLE, rows).iloc[0]
    assert line["accuracy"] == pytest.approx(0.55)
    assert line["accuracy_deviation"] == pytest.approx(0.0707, abs=1e-4)
    assert line["published first %"] == 61.5


def test_the_report_escapes_and_shows_all_figures(rows, tmp_path):
    write_report(TABLE, rows, {"fer2013": COUNTS}, ["small_size=34", "seed=1"], tmp_path)
    html = (tmp_path / "report.html").read_text()
    assert "Rows &amp; &lt;columns&gt;" in html
    markdown = (tmp_path / "report.md").read_text()
    assert r"| a\|b\* |" in markdown
    assert (
        "| data set | RAF-DB | fer2013 public, 140 faces (also chose each run's epoch) |"
        in markdown
    )
    assert "| changed in every recipe | - | small\\_size=34; seed=1 |" in markdown
    assert "| commit | - | begun, then resumed |" in markdown
    assert r"- a\|b\*: a note" in markdown
    figures = sorted((tmp_path / "figures").iterdir())
    assert len(figures) == 7
    for figure in figures:
        assert f"figures/{figure.name}" in html
        assert f"figures/{figure.name}" in markdown
        assert figure.stat().st_size > 10_000
    assert len(pd.read_csv(tmp_path / "report.csv")) == 2


def reported(name, recipe, share):
    return RowReport(Row(name, recipe), (load(recipe),), result(name, share), facts=(FACTS,))


@pytest.fixture
def shown(monkeypatch):
    """What each figure was given: its function's name -> names of rows and their colours' places."""
    found = {}
    for name in ("plot_class_lines", "plot_confusions"):

        def take(*arguments, name=name):
            results = next(a for a in arguments if isinstance(a, list))
            found[name] = [(one.name, one.place) for one in results]

        monkeypatch.setattr(plots, name, take)
    return found


def test_rows_that_are_one_training_are_drawn_once(tmp_path, shown):
    rows = [
        reported("hash", "cucn-r18", 0.5),
        reported("star", "cucn-r18", 0.5),
        reported("whole", "cucn-r18-w", 0.6),
    ]
    write_report(TABLE, rows, {"fer2013": COUNTS}, [], tmp_path)
    assert shown["plot_class_lines"] == [("hash", 0), ("whole", 1)]
    markdown = (tmp_path / "report.md").read_text()
    assert markdown.count("| star |") == 1  # in the table, and not among the differences
    assert markdown.count("| whole |") == 2


def test_few_rows_are_those_that_the_table_compares(tmp_path, shown):
    rows = [
        reported("first", "cucn-plain", 0.5),
        reported("before", "cucn-r18", 0.5),
        reported("after", "cucn-r18-w", 0.6),
        reported("last", "cucn-r50", 0.6),
    ]
    table = replace(TABLE, compare=["before", "after"])
    write_report(table, rows, {"fer2013": COUNTS}, [], tmp_path)
    assert shown["plot_confusions"] == [("before", 1), ("after", 2)]
    write_report(table, [rows[0], rows[1], rows[3]], {"fer2013": COUNTS}, [], tmp_path)
    assert shown["plot_confusions"] == [("first", 0), ("last", 2)]


def test_epochs_are_of_all_stages(tmp_path):
    write_report(TABLE, [reported("two", "crt", 0.5)], {"fer2013": COUNTS}, [], tmp_path)
    assert "| epochs | not stated | 40 + 10 |" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(("length", "columns"), [(10, 3), (30, 2), (60, 1), (300, 1)])
def test_a_legend_has_as_many_columns_as_fit(length, columns):
    assert legend_columns(["x" * length] * 5, 9.0) == columns


def test_one_row_has_one_column():
    assert legend_columns(["x"], 9.0) == 1


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """What a plot function draws with these arguments: the figure that it would save."""

    def draw(plot, *arguments):
        module = sys.modules[plot.__module__]
        found = []
        monkeypatch.setattr(module, "save", lambda picture, _: found.append(picture))
        plot(*arguments, tmp_path / "a.png")
        return found[0]

    return draw


def test_equal_rows_are_drawn_side_by_side(drawn):
    rows = [replace(result("a", 0.5), place=place) for place in range(3)]
    (axes,) = drawn(plots.plot_class_lines, COUNTS, rows).axes
    places = [line.get_xdata()[0] for line in axes.lines]
    assert places == pytest.approx([-0.07, 0, 0.07])


def test_coverage_starts_at_one_percent(drawn):
    (axes,) = drawn(plots.plot_coverage, [result("a", 0.5, faces=1400)]).axes
    shown = axes.lines[0].get_xdata()
    assert (shown[0], shown[-1]) == (1, 100)


def test_rows_have_markers_and_classes_none(drawn):
    rows, classes = drawn(plots.plot_roc, [result("a", 0.5)], result("a", 0.5)).axes
    assert [line.get_marker() for line in rows.lines] == ["o", "None"]  # the last is chance
    assert {line.get_marker() for line in classes.lines} == {"None"}


@pytest.mark.parametrize("expression", list(SEVEN))
def test_class_colours_stand_out_on_white(expression):
    assert contrast_to_white(class_colour(str(expression))) >= CONTRAST


def test_every_class_has_a_curve_that_ends_at_all():
    curves = class_curves(result("a", 0.5))
    assert list(curves) == [str(expression) for expression in SEVEN]
    assert all(curve[-1] == 1 for curve in curves.values())


def test_faces_of_one_class_have_no_curve(drawn):
    one = result("a", 1.0, faces=1)
    for axes in drawn(plots.plot_roc, [one], one).axes:
        assert [line.get_label() for line in axes.lines] == ["chance: AUC 0.5"]


def test_the_start_is_that_of_the_first_stage():
    recipe = replace(load("crt"), before={"pretrained": "imagenet"})
    assert _start(recipe) == "imagenet"


def test_history_is_by_epoch_and_what_was_done_last_counts(tmp_path):
    for start, text in enumerate(
        (
            "epoch,step,train/loss,val/loss\n0,9,4.0,\n0,19,2.0,\n0,19,,1.5\n1,29,9.0,\n",
            "epoch,step,train/loss,val/loss\n1,29,1.0,\n1,39,,1.2\n",
        )
    ):
        folder = tmp_path / "curves" / f"version_{start}"
        folder.mkdir(parents=True)
        (folder / "metrics.csv").write_text(text)
    history = read_history(tmp_path)
    assert history["train/loss"].tolist() == [[1, 3], [2, 1]]
    assert history["val/loss"].tolist() == [[1, 1.5], [2, 1.2]]
    assert read_history(tmp_path / "nowhere") == {}
