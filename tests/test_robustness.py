import json

import numpy as np
import pandas as pd
import pytest

from train import robustness
from train.__main__ import main
from train.corruptions import CORRUPTIONS


def test_faces_are_what_varies_not_pictures():
    # Of two faces one is always right when spoilt, the other never, whatever the corruption.
    right = {("clean", 0): np.array([True, True])}
    right |= {("noise", severity): np.array([True, False]) for severity in range(1, 6)}
    better = {view: np.array([True, True]) for view in right}
    found = robustness._summaries({"a": right, "b": better})
    assert found["a"]["mean"] == {"value": 0.5, "standard_error": pytest.approx(0.5 / 2**0.5)}
    assert found["b"]["over_first"]["mean"]["value"] == 0.5
    assert found["b"]["over_first"]["clean"]["value"] == 0


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


def test_one_model_twice_is_refused(fer2013_csv, tmp_path, capsys, random_weights):
    arguments = ["robustness", "--weights", random_weights(0), random_weights(0)]
    arguments += ["--root", str(fer2013_csv), "--output", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "are called the same: random0, random0" in capsys.readouterr().err
