"""A run becomes a weight file, or one line says why not."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fer_live import card as cards
from fer_live import weight_files
from fer_live.errors import UserError
from tests.small_sets import without_a_face, write_class_folders
from tests.test_fit import tiny
from train.data import FER2013
from train.export import export
from train.fit import FitOptions, fit

pytestmark = pytest.mark.usefixtures("small_networks")

CPU = torch.device("cpu")


@pytest.fixture
def run(fer2013_csv, tmp_path):
    """A finished run, of a recipe without epochs."""
    fit(tiny("epochs=0"), fer2013_csv, tmp_path / "run", FitOptions(limit=16))
    return tmp_path / "run"


@pytest.mark.parametrize("name", ["../a", "a/b", "/a", "..\\a", ""])
def test_a_name_stays_within_the_folder(fer2013_csv, tmp_path, name):
    with pytest.raises(UserError, match="is not a file's: leave / and"):
        export(tmp_path / "run", fer2013_csv, name, tmp_path / "out", CPU)


def test_a_checkpoint_that_was_cut_off_is_one_line(fer2013_csv, run, tmp_path):
    best = run / "best.ckpt"
    best.write_bytes(best.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"best\.ckpt is not a whole checkpoint"):
        export(run, fer2013_csv, "a", tmp_path / "out", CPU)


def test_a_finished_run_without_its_best_checkpoint_is_not_sent_to_a_fit_that_refuses_it(
    fer2013_csv, run, tmp_path
):
    (run / "best.ckpt").unlink()
    with pytest.raises(UserError, match=rf"has no best\.ckpt: delete {run} and train it again"):
        export(run, fer2013_csv, "a", tmp_path / "out", CPU)


def test_a_run_without_its_facts_is_one_line(fer2013_csv, run, tmp_path):
    (run / "run.json").write_text("")
    with pytest.raises(UserError, match=r"run\.json is broken: delete it"):
        export(run, fer2013_csv, "a", tmp_path / "out", CPU)
    (run / "run.json").unlink()
    with pytest.raises(UserError, match=r"run\.json is missing: .* --resume"):
        export(run, fer2013_csv, "a", tmp_path / "out", CPU)


def test_a_folder_that_takes_no_files_is_one_line(fer2013_csv, run):
    with pytest.raises(UserError, match="cannot write to /proc"):
        export(run, fer2013_csv, "a", Path("/proc"), CPU)


def test_the_weights_are_those_of_the_best_checkpoint_and_the_prior_that_of_training(
    fer2013_csv, run, tmp_path
):
    path = export(run, fer2013_csv, "a", tmp_path / "out", CPU)
    card, tensors = cards.load_card(path), weight_files.load_tensors(path)
    best = torch.load(run / "best.ckpt", weights_only=True)["state_dict"]
    expected = {name: best[f"network.{name}"] for name in tensors}
    for name, tensor in tensors.items():
        halved = expected[name].half() if tensor.is_floating_point() else expected[name]
        assert torch.equal(tensor, halved), name
    training = FER2013.load(fer2013_csv, "train", 16)
    counts = [(training.labels == place).sum() for place in range(7)]
    assert len(set(counts)) > 1
    assert card.prior == pytest.approx([count / 16 for count in counts], abs=1e-6)
    assert (card.labels, card.split_sizes) == (training.classes, {"train": 16, "public": 16})
    assert (card.mean, card.deviation, card.size) == (FER2013.mean, FER2013.deviation, 48)


def test_a_run_of_an_older_version_is_exported(fer2013_csv, run, tmp_path):
    (run / "run.json").write_text('{"device": "cpu"}')  # before there were limits
    assert export(run, fer2013_csv, "a", tmp_path / "out", CPU).is_file()


def test_data_of_other_classes_are_refused(tmp_path):
    for name, other in (("data", "sad"), ("others", "fear")):
        write_class_folders(tmp_path / name, {"happy": 12, other: 12})
    fit(tiny("epochs=0", "dataset=folder"), tmp_path / "data", tmp_path / "run", FitOptions())
    told = r"other training faces \(happy \d+, sad \d+; now fear \d+, happy \d+\): give the same --root"
    with pytest.raises(UserError, match=told):
        export(tmp_path / "run", tmp_path / "others", "a", tmp_path / "out", CPU)


def test_other_faces_than_those_that_it_learned_are_refused(fer2013_csv, run, tmp_path):
    """Their number and shares would be in the card."""
    with pytest.raises(UserError, match=r"is of other training faces .* the same --root"):
        export(run, without_a_face(fer2013_csv), "a", tmp_path / "out", CPU)
    assert not (tmp_path / "out").exists()


def test_a_class_that_the_selection_split_lacks_has_no_recall(tmp_path):
    write_class_folders(tmp_path / "data" / "train", {"happy": 4, "sad": 4})
    write_class_folders(tmp_path / "data" / "val", {"happy": 3})
    fit(tiny("epochs=0", "dataset=folder"), tmp_path / "data", tmp_path / "run", FitOptions())
    export(tmp_path / "run", tmp_path / "data", "a", tmp_path / "out", CPU)
    assert re.search(
        r"each class in %: happy \d+\.\d, sad -\n", (tmp_path / "out/README.md").read_text()
    )


def test_a_readme_that_others_wrote_stays(fer2013_csv, run, tmp_path, caplog):
    own = tmp_path / "out" / "README.md"
    own.parent.mkdir()
    own.write_text("# My face models\n")
    export(run, fer2013_csv, "a", own.parent, CPU)
    assert own.read_text() == "# My face models\n"
    assert f"{own} is not a list of model cards" in caplog.text
    own.unlink()
    for name in ("a", "b"):  # the second finds the list that the first made
        export(run, fer2013_csv, name, own.parent, CPU)
    assert "## a\n" in own.read_text()
    assert "## b\n" in own.read_text()


def test_a_list_that_cannot_be_written_costs_no_weights(fer2013_csv, run, tmp_path, caplog):
    (tmp_path / "README.md").mkdir()
    path = export(run, fer2013_csv, "a", tmp_path, CPU)
    assert "is replaced" not in caplog.text
    assert cards.load_card(path).name == "a"
    assert "README.md could not be written (Is a directory)" in caplog.text


def test_files_whose_cards_say_too_little_are_left_out_of_the_list(
    fer2013_csv, run, tmp_path, caplog, random_weights
):
    random_weights(0)  # without scores
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    export(run, fer2013_csv, "a", tmp_path, CPU)
    listed = re.findall("^## (.*)", (tmp_path / "README.md").read_text(), re.MULTILINE)
    assert listed == ["a"]
    assert "other.safetensors has no card" in caplog.text
    assert "random0.safetensors: its card is not whole" in caplog.text
