"""What is said of the time that is left."""

import re

import pytest

from fer_live.errors import UserError
from tests.test_fit import tiny
from train.fit import fit
from train.progress import duration
from train.trainer import FitOptions


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3300, "55 min"), (7500, "2:05 h")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def bar(root, output, capfd, **options):
    """The last state of a training's bar."""
    fit(tiny(), root, output, FitOptions(limit=16, **options))
    return [line for line in re.split(r"[\r\n]", capfd.readouterr().out) if "Epoch" in line][-1]


def test_the_bar_begins_with_the_epoch_and_the_times(fer2013_csv, tmp_path, capfd):
    told = bar(fer2013_csv, tmp_path / "run", capfd, afterwards=3600.0)
    assert told.startswith("Epoch 2/2: 100%")
    # A narrow terminal cuts off what comes later.
    assert re.search(r"\[[^,]*, left=0 s, all=1:00 h, loss=.*, accuracy=.*, macro_recall=", told)


def test_a_run_alone_has_no_time_for_all(fer2013_csv, tmp_path, capfd):
    assert ", all=" not in bar(fer2013_csv, tmp_path / "run", capfd)


def test_what_is_said_of_an_error_has_its_own_line(fer2013_csv, tmp_path, capfd):
    broken = tiny("learning_rate=1e30", "clip_norm=0")
    with pytest.raises(UserError):
        fit(broken, fer2013_csv, tmp_path / "run", FitOptions())
    assert capfd.readouterr().out.endswith("\n")
