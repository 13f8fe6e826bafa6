"""Two processes train one recipe: they share the faces of every batch, and score as one."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import MODELS
from tests.conftest import write_fer2013
from tests.test_fit import tiny
from train.data import FER2013
from train.data.batches import order_of
from train.fit import FitOptions, fit
from train.predict import predict

pytestmark = pytest.mark.usefixtures("small_networks")

ROOT = Path(__file__).parents[1]
OVERRIDES = ["epochs=1", "batch_size=8", "ema=0", "sampler=balanced"]
# Each process writes down the places of its batches, and the seed that its draws come from.
SCRIPT = """
import json, sys
from pathlib import Path
import torch
import pytest
from lightning.pytorch.callbacks import Callback
from tests.small_networks import use_small_networks
from tests.test_fit import tiny
from train.fit import FitOptions, fit

class Diary(Callback):
    def __init__(self):
        self.places, self.seeds = [], []
    def on_train_batch_end(self, trainer, learner, outputs, batch, index):
        self.places.append(batch.places.tolist())
        self.seeds.append(torch.initial_seed())
    def on_train_end(self, trainer, learner):
        path = Path(sys.argv[2]) / f"rank{trainer.global_rank}.json"
        path.write_text(json.dumps([self.places, self.seeds]))

use_small_networks(pytest.MonkeyPatch())
root, output, *overrides = sys.argv[1:]
options = FitOptions(accelerator="cpu", devices=2, parallel="ddp")
fit(tiny(*overrides), Path(root), Path(output) / "run", options, callbacks=[Diary()])
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(data set, folder with the run and the diaries of both processes)."""
    folder = tmp_path_factory.mktemp("distributed")
    data = write_fer2013(folder / "fer2013")
    script = folder / "script.py"
    script.write_text(SCRIPT)
    # What an outer launcher would have set.
    unset = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, script, data, folder, *OVERRIDES],
        env={
            **environment,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "XDG_CACHE_HOME": str(folder / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return data, folder


def diaries(folder):
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(2)]


def test_both_together_see_the_order_of_one(trained):
    data, folder = trained
    labels = torch.from_numpy(FER2013.load(data, "train").labels)
    order = list(order_of("balanced", labels, seed=0))
    (first, _), (second, _) = diaries(folder)
    for step, (own, others) in enumerate(zip(first, second, strict=True)):
        assert sorted(own + others) == sorted(order[8 * step : 8 * step + 8])
    assert len(first) == len(order) // 8


def test_each_process_draws_its_own_augmentation(trained):
    (_, first), (_, second) = diaries(trained[1])
    assert len({*first, *second}) == 2 * len(first)


def test_scores_are_of_all_faces(trained):
    data, folder = trained
    rows = [
        row
        for row in csv.DictReader((folder / "run/curves/version_0/metrics.csv").open())
        if row["val/accuracy"]
    ]
    faces = FER2013.load(data, "public")
    state = torch.load(folder / "run/last.ckpt", weights_only=True)["state_dict"]
    recipe = tiny(*OVERRIDES)
    network = MODELS[recipe.network](**recipe.network_arguments(7))
    network.load_state_dict(
        {k.removeprefix("network."): v for k, v in state.items() if "network." in k}
    )
    card = Card("", "", {}, faces.classes, 48, 1, FER2013.mean, FER2013.deviation)
    logits = predict(network, card, faces, torch.device("cpu")).logits
    labels = torch.from_numpy(faces.labels)
    assert float(rows[-1]["val/accuracy"]) == pytest.approx(
        (logits.argmax(1) == labels).float().mean().item()
    )
    loss = torch.nn.functional.cross_entropy(logits, labels).item()
    assert float(rows[-1]["val/loss"]) == pytest.approx(loss, rel=1e-4)


def test_one_process_writes_the_run(trained):
    run = trained[1] / "run"
    facts = json.loads((run / "run.json").read_text())
    assert (facts["processes"], facts["finished"]) == (2, True)
    assert [path.name for path in (run / "curves").iterdir()] == ["version_0"]
    assert len(list((run / "tensorboard").glob("events.*"))) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (FitOptions(accelerator="cpu", devices=3), "batch_size 8 is of all 3 processes"),
        (FitOptions(accelerator="cpu", devices=2, parallel="ddp_spawn"), "'ddp_spawn' is not one"),
        (FitOptions(accelerator="cpu", devices="many"), "--devices many"),
    ],
)
def test_devices_that_do_not_fit_are_told(fer2013_csv, tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        fit(tiny(), fer2013_csv, tmp_path / "run", options)


def test_alignment_needs_landmarks(fer2013_csv, tmp_path):
    with pytest.raises(UserError, match="fer2013 has no landmarks"):
        fit(tiny("align=true"), fer2013_csv, tmp_path / "run", FitOptions())
