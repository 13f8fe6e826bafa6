"""How busy training keeps the device, measured on small data."""

import sys

import pytest

from scripts.training_speed import main

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture
def measured(fer2013_csv, monkeypatch):
    """A function that measures a recipe."""

    def run(*arguments: str) -> None:
        files = ["--root", str(fer2013_csv), "--device", "cpu"]
        monkeypatch.setattr(sys, "argv", ["training_speed", *files, *arguments])
        main()

    return run


@pytest.fixture
def recipe(tmp_path):
    """A function that writes a small recipe with these lines, and returns its path."""

    def write(*lines: str) -> str:
        path = tmp_path / "small.yaml"
        network = [] if any(line.startswith("network:") for line in lines) else ["network: cnn6"]
        path.write_text("\n".join([*network, "batch_size: 8", *lines]))
        return str(path)

    return write


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--turns", "0"], "'0' is not a whole number from 1"),
        (["--recipe", "no-such"], "recipe 'no-such' is neither"),
        (["--recipe", "tau-norm"], "recipe tau-norm has no epochs to measure"),
    ],
)
def test_what_cannot_be_measured_is_told(measured, capsys, arguments, told):
    with pytest.raises(SystemExit) as ended:
        measured(*arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]


def test_too_few_steps_are_told(measured, recipe, capsys):
    with pytest.raises(SystemExit) as ended:
        measured("--recipe", recipe("epochs: 2", "precision: 32-true"))
    assert ended.value.code == 2
    assert "a training of 14 steps is too short, 15 are the least" in capsys.readouterr().err


def test_a_second_stage_is_measured_without_the_first(measured, recipe, capsys):
    # The first could not be trained.
    second = recipe("epochs: 3", "after: no-such-recipe", "precision: 32-true")
    measured("--recipe", second, "--turns", "1")
    assert "medians of 5 steps" in capsys.readouterr().out


def test_a_head_of_several_layers_is_measured(measured, recipe, capsys):
    head = ("network: adcorre", "arguments: {depth: 18}", "size: 24", "strategy: adcorre")
    measured("--recipe", recipe(*head, "epochs: 3", "precision: 32-true"), "--turns", "1")
    assert "medians of 5 steps" in capsys.readouterr().out
