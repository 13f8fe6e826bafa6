import pytest
import torch

from fer_live.errors import UserError
from tests.limits import small_disk
from tests.test_fit import RESUMING, ctrl_c_during, tiny
from train.checkpoints import WholeCheckpoints
from train.fit import FitOptions, fit

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
