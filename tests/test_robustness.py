import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.small_sets import write_class_folders
from train import robustness
from train.__main__ import main
from train.corruptions import CORRUPTIONS, SEVERITIES

pytestmark = pytest.mark.usefixtures("small_networks")


def stop(*_):
    raise KeyboardInterrupt


def test_faces_are_what_varies_not_pictures():
    # Of two faces one is always right when spoilt, the other never, whatever the corruption.
    right = {("clean", 0): np.array([True, True])}
    right |= {("noise", severity): np.array([True, False]) for severity in range(1, 6)}
    better = {view: np.array([True, True]) for view in right}
    found = robustness._summaries({"a": right, "b": better})
    assert found["a"]["mean"] == {"value": 0.5, "standard_error": pytest.approx(0.5 / 2**0.5)}
    assert found["b"]["over_first"]["mean"]["value"] == 0.5
    assert found["b"]["over_first"]["clean"]["value"] == 0


def test_a_gain_that_all_faces_share_is_sure():
    def right(*until):
        views = {("noise", s): np.array([s <= last for last in until]) for s in SEVERITIES}
        return {("clean", 0): np.array([True, False])} | views

    found = robustness._summaries({"a": right(2, 4), "b": right(3, 5)})
    assert found["b"]["mean"]["standard_error"] > 0.1
    ahead = found["b"]["over_first"]
    assert ahead["mean"] == {"value": pytest.approx(0.2), "standard_error": pytest.approx(0)}
    assert ahead["clean"] == {"value": 0, "standard_error": 0}


def test_shares_of_a_corruption_by_hand():
    faces = SimpleNamespace(labels=np.array([0, 0, 0, 1]), classes=("angry", "happy"))
    right, one_class = np.array([0, 0, 0, 1]), np.zeros(4, int)
    said = {("clean", 0): right} | {("noise", s): one_class if s > 2 else right for s in SEVERITIES}
    cells = robustness._cells("a", said, faces)
    assert cells.iloc[3].tolist() == ["a", "noise", 3, 0.75, 0.5]
    (row,) = robustness.by_corruption(cells).to_dict("records")
    assert row.pop("model") == "a"
    assert row == {
        "corruption": "noise",
        "1": 100,
        "2": 100,
        "3": 75,
        "4": 75,
        "5": 75,
        "mean": pytest.approx(85),
        "macro recall": pytest.approx(70),
    }


def test_names_are_no_markup(fer2013_csv, tmp_path, capsys, random_weights):
    names = ("_mine", "a $^$ [/b]")
    weights = [random_weights(seed, name=name) for seed, name in enumerate(names)]
    arguments = ["--weights", *weights, "--root", str(fer2013_csv)]
    assert main(["robustness", *arguments, "--limit", "4", "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "robustness.png").stat().st_size > 0
    assert main(["evaluate", *arguments, "--output", str(tmp_path / "scored")]) == 0
    said = capsys.readouterr().out
    assert "a $^$ [/b]: clean" in said
    assert "_mine + a $^$ [/b] on fer2013 public" in " ".join(said.split())


def test_table_plot_and_summary_of_two_models(fer2013_csv, tmp_path, capsys, random_weights):
    output = tmp_path / "out"
    arguments = ["robustness", "--weights", random_weights(0), random_weights(1)]
    arguments += ["--root", str(fer2013_csv), "--limit", "6", "--output", str(output)]
    assert main(arguments) == 0
    cells = pd.read_csv(output / "robustness.csv")
    assert len(cells) == 2 * (1 + 5 * len(CORRUPTIONS))
    assert set(cells["corruption"]) == {"clean", *CORRUPTIONS}
    summary = json.loads((output / "robustness.json").read_text())
    spoilt = cells[(cells["model"] == "random1") & (cells["severity"] > 0)]
    mean = summary["models"]["random1"]["mean"]["value"]
    assert mean == pytest.approx(spoilt["accuracy"].mean())
    assert summary["n"] == 6
    assert "| random0 | noise |" in (output / "robustness.md").read_text()
    assert (output / "robustness.png").stat().st_size > 0
    assert "random1 less random0" in capsys.readouterr().out
    before = (output / "robustness.csv").read_bytes()
    assert main(arguments) == 0
    assert (output / "robustness.csv").read_bytes() == before


def test_results_stay_where_another_measurement_is_stopped(
    fer2013_csv, tmp_path, random_weights, monkeypatch
):
    output = tmp_path / "out"
    arguments = ["robustness", "--weights", random_weights(0), "--limit", "2"]
    arguments += ["--root", str(fer2013_csv), "--output", str(output)]
    assert main(arguments) == 0
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    monkeypatch.setattr(robustness, "plot_robustness", stop)
    assert main([*arguments, "--seed", "1"]) == 130
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


def test_a_class_that_a_model_lacks_is_told_before_the_work(tmp_path, capsys, random_weights):
    write_class_folders(tmp_path / "faces", {"happy": 12, "contempt": 12})
    arguments = ["robustness", "--weights", random_weights(0), "--dataset", "folder"]
    arguments += ["--root", str(tmp_path / "faces"), "--output", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "random0 has no class contempt" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", ["-1", "1.5"])
def test_a_seed_is_a_whole_number_from_0(seed, tmp_path, capsys):
    arguments = ["robustness", "--weights", "cnn6", "--output", str(tmp_path), "--seed", seed]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert f"'{seed}' is not a whole number from 0" in capsys.readouterr().err


def test_one_model_twice_is_refused(fer2013_csv, tmp_path, capsys, random_weights):
    arguments = ["robustness", "--weights", random_weights(0), random_weights(0)]
    arguments += ["--root", str(fer2013_csv), "--output", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "are called the same: random0, random0" in capsys.readouterr().err
