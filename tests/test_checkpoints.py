import errno
import shutil

import pytest
import torch

from fer_live.errors import UserError
from tests.limits import small_disk
from tests.test_fit import RESUMING, ctrl_c_during, tiny
from train.__main__ import main
from train.checkpoints import WholeCheckpoints, best_of, read_checkpoint
from train.fit import FitOptions, fit

pytestmark = pytest.mark.usefixtures("small_networks")

SMALL = 64 << 10  # bytes: less than a checkpoint


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path):
    checkpoints, path = WholeCheckpoints(), tmp_path / "last.ckpt"
    checkpoints.save_checkpoint({"step": 1, "tensor": torch.zeros(50_000)}, path)
    assert not checkpoints.failure
    with small_disk(SMALL):
        checkpoints.save_checkpoint({"step": 2, "tensor": torch.zeros(50_000)}, path)
    assert f"{path} could not be written" in checkpoints.failure
    assert torch.load(path, weights_only=True)["step"] == 1
    assert [found.name for found in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_run_on_a_full_disk_stops_with_one_line_and_goes_on_later(fer2013_csv, tmp_path):
    recipe, run = tiny("epochs=1"), tmp_path / "run"
    with ctrl_c_during(2), pytest.raises(KeyboardInterrupt):
        fit(recipe, fer2013_csv, run, FitOptions())
    before = (run / "last.ckpt").read_bytes()
    told = pytest.raises(UserError, match=r"\.ckpt could not be written \(File too large\)")
    with small_disk(SMALL), told as caught:
        fit(recipe, fer2013_csv, run, RESUMING)
    assert "\n" not in str(caught.value)
    assert (run / "last.ckpt").read_bytes() == before
    fit(recipe, fer2013_csv, run, RESUMING)
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 7


def test_a_full_disk_ends_any_command_with_one_line(monkeypatch, capsys):
    def fail():
        raise OSError(errno.ENOSPC, "as the system calls it", "scores/metrics.json")

    monkeypatch.setattr("train.listing.print_recipes", fail)
    assert main(["recipes"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("train: scores/metrics.json could not be written (No space left")
    assert told.count("\n") == 1


def test_other_errors_of_the_system_are_not_hidden(monkeypatch):
    def fail():
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("train.listing.print_recipes", fail)
    with pytest.raises(OSError, match="broken"):
        main(["recipes"])


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_checkpoint_that_was_cut_off_is_one_line(tmp_path, share):
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {"bias": torch.zeros(1000)}}, path)
    whole = path.read_bytes()
    assert read_checkpoint(path)["state_dict"]["bias"].shape == (1000,)
    path.write_bytes(whole[: int(share * len(whole))])
    told = rf"last\.ckpt is not a whole checkpoint: delete {tmp_path} and train it again"
    with pytest.raises(UserError, match=told):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"junk", b"\x80\x02junk", b"PK\x03\x04junk" * 50])
def test_what_is_no_checkpoint_is_one_line(tmp_path, content):
    path = tmp_path / "best.ckpt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"best\.ckpt is not a whole checkpoint"):
        read_checkpoint(path)
    torch.save([1, 2], path)
    with pytest.raises(UserError, match=r"best\.ckpt is not a whole checkpoint"):
        read_checkpoint(path)


def test_a_run_whose_last_checkpoint_was_cut_off_goes_on_from_the_best(fer2013_csv, tmp_path):
    recipe, run = tiny("batch_size=16"), tmp_path / "run"
    with ctrl_c_during(4), pytest.raises(KeyboardInterrupt):
        fit(recipe, fer2013_csv, run, FitOptions())
    best, last = run / "best.ckpt", run / "last.ckpt"
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(UserError, match=f"{last} is not a whole checkpoint: copy {best} over it"):
        fit(recipe, fer2013_csv, run, RESUMING)
    shutil.copy(best, last)
    fit(recipe, fer2013_csv, run, RESUMING)
    assert read_checkpoint(last)["global_step"] == 6


def test_a_run_that_was_moved_keeps_its_best_epoch(fer2013_csv, tmp_path):
    recipe, run, moved = tiny("epochs=2", "ema=0"), tmp_path / "run", tmp_path / "moved"
    with ctrl_c_during(8), pytest.raises(KeyboardInterrupt):
        fit(recipe, fer2013_csv, run, FitOptions())
    last = read_checkpoint(run / "last.ckpt")
    state = next(s for s in last["callbacks"].values() if "best_model_score" in s)
    for name in ("best_model_score", "kth_value"):
        state[name] = torch.tensor(0.99)  # better than any epoch to come
    state["best_k_models"] = {state["best_model_path"]: torch.tensor(0.99)}
    torch.save(last, run / "last.ckpt")
    run.rename(moved)
    best = (moved / "best.ckpt").read_bytes()
    fit(recipe, fer2013_csv, moved, RESUMING)
    assert best_of(moved).epoch == 1
    assert (moved / "best.ckpt").read_bytes() == best
    assert not run.exists()
