"""What a training that diverges leaves behind: the last good weights, and a line that says where."""

import pytest
import torch
from torch import nn

from fer_live.errors import UserError
from tests.test_fit import TINY, tiny
from train.__main__ import main
from train.callbacks import LastCheckpoint
from train.export import export
from train.fit import FitOptions, fit
from train.learner import Learner

pytestmark = pytest.mark.usefixtures("small_networks")

RISING = ["warmup_epochs=0", "clip_norm=0", "ema=0"]
CPU = torch.device("cpu")


def spoil(network: nn.Module) -> None:
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))


def test_a_network_that_diverged_in_its_last_step_is_not_saved(fer2013_csv, tmp_path, capsys):
    changes = [*TINY, *RISING, "epochs=1", "batch_size=56", "learning_rate=1e30"]
    overrides = [part for change in changes for part in ("--set", change)]
    places = ["--root", str(fer2013_csv), "--output", str(tmp_path / "run"), "--device", "cpu"]
    assert main(["fit", "--recipe", "cnn6-fer2013", *places, *overrides]) == 2
    error = capsys.readouterr().err
    assert "the loss on the selection split is not finite in epoch 1, at step 1: lower" in error
    assert error.count("\n") == 1
    assert not list((tmp_path / "run").glob("*.ckpt"))
    assert '"finished": false' in (tmp_path / "run" / "run.json").read_text()


def test_the_last_good_checkpoints_stay(fer2013_csv, tmp_path, monkeypatch):
    run = tmp_path / "run"
    whole = Learner.on_train_batch_end

    def spoiling(self, *arguments):
        whole(self, *arguments)
        if self.global_step == 14:  # the last step of the second epoch
            spoil(self.network)

    monkeypatch.setattr(Learner, "on_train_batch_end", spoiling)
    with pytest.raises(UserError, match=r"epoch 2, at step 14: .* keeps what was saved before"):
        fit(tiny("ema=0"), fer2013_csv, run, FitOptions())
    for name in ("best.ckpt", "last.ckpt"):
        saved = torch.load(run / name, weights_only=True)
        assert saved["global_step"] == 7
        assert all(torch.isfinite(tensor).all() for tensor in saved["state_dict"].values())


def test_batches_without_a_loss_are_not_left_out(fer2013_csv, tmp_path, monkeypatch):
    monkeypatch.setattr("train.fit.VALIDATION_BATCH", 8)
    whole = Learner.validation_step

    def spoiling(self, batch, batch_index):
        if batch_index == 1:
            spoil(self.network)
        whole(self, batch, batch_index)

    monkeypatch.setattr(Learner, "validation_step", spoiling)
    with pytest.raises(UserError, match="is not finite in epoch 1"):
        fit(tiny("ema=0"), fer2013_csv, tmp_path / "run", FitOptions())


def test_weights_that_are_not_finite_are_not_saved_within_an_epoch(
    fer2013_csv, tmp_path, monkeypatch
):
    monkeypatch.setattr("train.callbacks.SAVE_EVERY_SECONDS", 0.0)
    whole = LastCheckpoint.on_train_batch_end

    def spoiling(self, trainer, *arguments):
        if trainer.global_step == 3:
            spoil(trainer.lightning_module.network)
        whole(self, trainer, *arguments)

    monkeypatch.setattr(LastCheckpoint, "on_train_batch_end", spoiling)
    with pytest.raises(UserError, match="the weights are not finite after step 3: lower"):
        fit(tiny("ema=0"), fer2013_csv, tmp_path / "run", FitOptions())
    assert torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)["global_step"] == 2


def test_weights_that_are_not_finite_are_not_exported(fer2013_csv, tmp_path):
    run = tmp_path / "run"
    fit(tiny("epochs=1"), fer2013_csv, run, FitOptions())
    saved = torch.load(run / "best.ckpt", weights_only=True)
    saved["state_dict"]["network.classifier.bias"][2] = 1e6  # more than fp16 holds
    torch.save(saved, run / "best.ckpt")
    with pytest.raises(UserError, match=r"best\.ckpt: classifier\.bias has .* learning_rate"):
        export(run, fer2013_csv, "x", tmp_path / "out", CPU)
    assert not (tmp_path / "out").exists()
