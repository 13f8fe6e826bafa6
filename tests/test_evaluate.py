"""What an evaluation counts, and what its folder keeps."""

import io
import json

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import torch

from fer_live.errors import UserError
from train.__main__ import main
from train.data import ferplus
from train.evaluate import EvaluateOptions, evaluate

pytestmark = pytest.mark.usefixtures("small_networks")

CPU = torch.device("cpu")


def test_a_folder_in_a_files_place_is_one_line(fer2013_csv, tmp_path, random_weights, capsys):
    (tmp_path / "out" / "metrics.json").mkdir(parents=True)
    arguments = ["--weights", random_weights(), "--root", str(fer2013_csv)]
    assert main(["evaluate", *arguments, "--output", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("metrics.json: Is a directory; name another place")


def test_faces_with_a_twin_in_training_are_not_clean(fer2013_csv, tmp_path, random_weights):
    lines = fer2013_csv.read_text().splitlines()
    twin = lines[1].replace("Training", "PublicTest")  # row 0 again, as a 22nd face of the split
    fer2013_csv.write_text("\n".join([*lines, twin]) + "\n")
    scores = evaluate([random_weights()], "fer2013", fer2013_csv, None, tmp_path / "out", CPU)
    assert (scores["n"], scores["clean"]["n"]) == (22, 21)
    assert np.array(scores["clean"]["confusion"]).sum() == 21


def test_a_smoke_run_tells_no_clean_score(fer2013_csv, tmp_path, random_weights):
    """Of all training faces it reads a few: a twin among the others would count as clean."""
    options = EvaluateOptions(limit=10)
    scores = evaluate([random_weights()], "fer2013", fer2013_csv, "public", tmp_path, CPU, options)
    assert scores["clean"] is None
    assert "smoke run" in scores["clean_reason"]


def test_the_training_split_has_no_clean_part(fer2013_csv, tmp_path, random_weights):
    scores = evaluate([random_weights()], "fer2013", fer2013_csv, "train", tmp_path / "out", CPU)
    assert scores["clean"] is None
    assert scores["clean_reason"] == "this is the training split itself"


def test_excluded_faces_do_not_count(fer2013_csv, tmp_path, random_weights, capsys):
    path = tmp_path / "exclude.txt"
    path.write_text("public 56\npublic 57\ntrain 0\n")
    arguments = ["evaluate", "--weights", random_weights(), "--root", str(fer2013_csv)]
    arguments += ["--exclude", str(path), "--output", str(tmp_path / "out")]
    assert main(arguments) == 0
    scores = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert scores["n"] == 19
    assert "less the excluded" in capsys.readouterr().out


def test_a_list_of_other_faces_is_warned_of(fer2013_csv, tmp_path, random_weights, caplog):
    path = tmp_path / "exclude.txt"
    path.write_text("pubic 56\npublic 0\n")  # a row is counted in the whole data set
    options = EvaluateOptions(exclude=path)
    root, output = fer2013_csv, tmp_path / "out"
    assert evaluate([random_weights()], "fer2013", root, None, output, CPU, options)["n"] == 21
    assert f"{path} names no face of the split public: none is left out" in caplog.text


def test_a_list_that_leaves_nothing_is_refused(fer2013_csv, tmp_path, random_weights):
    path = tmp_path / "exclude.txt"
    path.write_text("".join(f"public {row}\n" for row in range(56, 77)))
    with pytest.raises(UserError, match="leaves no face"):
        evaluate(
            [random_weights()],
            "fer2013",
            fer2013_csv,
            None,
            tmp_path / "out",
            CPU,
            EvaluateOptions(exclude=path),
        )


def test_the_folder_keeps_its_faces_and_their_votes(fer2013_csv, tmp_path, random_weights):
    votes = ["Usage,Image name," + ",".join(ferplus.COLUMNS)]
    for number, line in enumerate(fer2013_csv.read_text().splitlines()[1:]):
        votes.append(f"{line.rsplit(',', 1)[1]},fer{number}.png,1,8,0,0,0,0,0,0,1,0")
    (fer2013_csv.parent / ferplus.FILE).write_text("\n".join(votes) + "\n")
    arguments = ["evaluate", "--weights", random_weights(), "--root", str(fer2013_csv)]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    table = pd.read_parquet(tmp_path / "out" / "pictures.parquet")
    assert list(table["row"]) == list(range(56, 77))
    assert json.loads(table["votes"][0]) == {"neutral": 1, "happy": 8, "unknown": 1}
    first = np.array(PIL.Image.open(io.BytesIO(table["picture"][0])))
    pixels = fer2013_csv.read_text().splitlines()[57].split(",")[1]
    assert first.ravel().tolist() == list(map(int, pixels.split()))


def test_faces_stay_out_of_the_folder_when_asked(fer2013_csv, tmp_path, random_weights):
    arguments = [
        "evaluate",
        "--weights",
        random_weights(),
        "--root",
        str(fer2013_csv),
        "--no-pictures",
    ]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert not (tmp_path / "out" / "pictures.parquet").exists()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_refused_evaluation_leaves_the_one_before(fer2013_csv, tmp_path, random_weights, capsys):
    output = tmp_path / "out"
    arguments = ["evaluate", "--root", str(fer2013_csv), "--output", str(output), "--weights"]
    assert main([*arguments, random_weights()]) == 0
    before = contents(output)
    assert "metrics.json" in before
    assert main([*arguments, "nowhere"]) == 2
    assert main([*arguments, random_weights(), "--dataset", "nothing"]) == 2
    assert main([*arguments, random_weights(prior=()), "--logit-adjustment", "1"]) == 2
    assert contents(output) == before


def test_an_evaluation_that_breaks_off_leaves_the_one_before(
    fer2013_csv, tmp_path, random_weights, monkeypatch
):
    output, weights = tmp_path / "out", random_weights()
    evaluate([weights], "fer2013", fer2013_csv, None, output, CPU)
    before = contents(output)

    def broken(scores, path):
        raise ZeroDivisionError

    monkeypatch.setattr("train.evaluate.plot_confusion", broken)
    with pytest.raises(ZeroDivisionError):
        evaluate([weights], "fer2013", fer2013_csv, "private", output, CPU)
    assert contents(output) == before


def test_a_new_evaluation_takes_the_place_of_all_of_the_old_one(
    fer2013_csv, tmp_path, random_weights
):
    output, weights = tmp_path / "out", random_weights()
    kept = EvaluateOptions(pictures=True)
    evaluate([weights], "fer2013", fer2013_csv, None, output, CPU, kept)
    assert (output / "pictures.parquet").exists()
    evaluate([weights], "fer2013", fer2013_csv, "private", output, CPU)
    assert set(contents(output)) == {"metrics.json", "predictions.parquet", "confusion.png"}
    assert json.loads((output / "metrics.json").read_text())["split"] == "private"
