"""Faces that are shrunk for the first part of a training, and networks that cannot take them."""

import pytest
import torch

from fer_live.errors import UserError
from train import recipe as recipes
from train.__main__ import main
from train.start import build_network, check_small_faces
from train.strategies import Task, build_strategy, criterion


def check(name, *overrides):
    recipe = recipes.load(name, overrides)
    network = build_network(recipe, 7)
    labels = torch.arange(7)
    loss = criterion.build(labels.bincount(), 0.0, "loss", 0.0)
    strategy = build_strategy(recipe.strategy, Task(7, labels, loss, network), recipe.options)
    check_small_faces(network, strategy, recipe)
    assert network.training
    assert network.trunk.training


@pytest.mark.parametrize("size", [1, 32, 49])
def test_a_size_that_gives_another_map_is_refused_with_those_that_fit(size):
    with pytest.raises(UserError) as caught:
        check("cucn-plain", f"small_size={size}")
    assert str(caught.value) == (
        f"small_size {size} does not fit network cucn, built for 48 pixels: use 33 to 48, or 0 for none"
    )


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("cucn-plain", 33),  # 3x3 places from here to 48
        ("cnn6-fer2013", 44),
        ("basic", 16),  # the mean over the map takes any
    ],
)
def test_a_size_that_fits_is_taken(name, size):
    check(name, f"small_size={size}", "small_until=0.5")


def test_layers_of_the_strategy_count_too():
    with pytest.raises(UserError, match="use 33 to 48"):
        check("dacl", "small_size=16", "options={hidden: [8, 8]}")


def test_a_size_that_is_never_used_does_not_matter():
    check("cucn-plain", "small_size=32", "small_until=0")


def test_the_command_ends_with_one_line_before_it_trains(fer2013_csv, tmp_path, capsys):
    places = ["--root", str(fer2013_csv), "--output", str(tmp_path / "run"), "--device", "cpu"]
    assert main(["fit", "--recipe", "cucn-plain", *places, "--set", "small_size=32"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "small_size 32" in told
    assert not (tmp_path / "run" / "last.ckpt").exists()
