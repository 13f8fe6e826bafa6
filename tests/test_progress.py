"""What is said of the time that is left."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fer_live.errors import UserError
from tests.test_fit import tiny
from train import pace, progress
from train.fit import fit
from train.pace import STEPS, WARM_UP, Enough
from train.progress import RunBar, duration
from train.trainer import FitOptions

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3300, "55 min"), (7500, "2:05 h")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def bar(root, output, capfd, **options) -> list[str]:
    """The states of a training's bar."""
    fit(tiny(), root, output, FitOptions(limit=16, **options))
    return [line for line in re.split(r"[\r\n]", capfd.readouterr().out) if "Epoch" in line]


def test_the_bar_begins_with_the_epoch_and_the_times(fer2013_csv, tmp_path, capfd):
    told = bar(fer2013_csv, tmp_path / "run", capfd, afterwards=3600.0)
    assert {line.partition(":")[0] for line in told} == {"Epoch 1/2", "Epoch 2/2"}
    assert told[-1].startswith("Epoch 2/2: 100%")
    # A narrow terminal cuts off what comes later.
    assert re.search(
        r"\[[^,]*, left=0 s, all=1:00 h, loss=.*, accuracy=.*, macro_recall=", told[-1]
    )


def test_a_run_alone_has_no_time_for_all(fer2013_csv, tmp_path, capfd):
    assert ", all=" not in bar(fer2013_csv, tmp_path / "run", capfd)[-1]


def test_what_is_said_of_an_error_has_its_own_line(fer2013_csv, tmp_path, capfd):
    broken = tiny("learning_rate=1e30", "clip_norm=0")
    with pytest.raises(UserError):
        fit(broken, fer2013_csv, tmp_path / "run", FitOptions())
    assert capfd.readouterr().out.endswith("\n")


def test_the_bar_asks_for_the_loss_a_few_times_a_second(fer2013_csv, tmp_path, monkeypatch):
    def counted(bar, trainer, learner):
        asked.append(trainer.global_step)
        return whole(bar, trainer, learner)

    asked: list[int] = []
    whole = RunBar.get_metrics
    monkeypatch.setattr(RunBar, "get_metrics", counted)
    monkeypatch.setattr(progress, "REFRESH_SECONDS", 1000.0)
    fit(tiny("epochs=1", "batch_size=4"), fer2013_csv, tmp_path / "run", FitOptions())
    last = max(asked)
    assert last > 5
    assert set(asked) == {1, last}  # an epoch's first and last step


@pytest.mark.parametrize(
    ("small", "expected"),
    [({"small_size": 40, "small_until": 0.6}, 0.6 * 100 + 0.4 * 300), ({"small_size": 0}, 300)],
)
def test_small_faces_take_their_share_of_the_time(fits, tmp_path, small, expected):
    recipe = replace(tiny("epochs=10"), **small)
    assert pace.Paces(tmp_path, FitOptions()).seconds(recipe) == pytest.approx(expected)


@pytest.fixture
def fits(monkeypatch):
    """The recipes that are measured. Epochs have ten steps, of 1 second on small faces and 3 on others."""
    found = []

    def fit_in_no_time(recipe, root, output, options, callbacks):
        found.append(recipe)
        (watch,) = callbacks
        each = 1.0 if recipe.small_until else 3.0
        watch.steps, watch.started = 10 * recipe.epochs, 0.0
        watch.ends = [each * (i + 1) for i in range(STEPS + WARM_UP)]
        raise Enough

    monkeypatch.setattr(pace, "fit", fit_in_no_time)
    return found


def test_trainings_that_differ_in_numbers_alone_are_measured_once(fits, tmp_path):
    paces = pace.Paces(tmp_path, FitOptions())
    assert paces.seconds(tiny("epochs=1", "ema=0.9")) == pytest.approx(30)
    longer = tiny("epochs=4", "ema=0.99", "learning_rate=0.01", "augmentation.rotation=3", "seed=1")
    assert paces.knows(longer)
    assert paces.seconds(longer) == pytest.approx(120)
    assert len(fits) == 1


@pytest.mark.parametrize(
    "change", ["ema=0", "clip_norm=0", "batch_size=4", "augmentation.spoiling=0.5", "size=40"]
)
def test_what_takes_another_time_is_measured_for_itself(fits, tmp_path, change):
    paces = pace.Paces(tmp_path, FitOptions())
    paces.seconds(tiny("ema=0.9"))
    assert not paces.knows(tiny("ema=0.9", change))


def test_slow_steps_are_measured_for_a_while(monkeypatch):
    monkeypatch.setattr(pace.time, "monotonic", lambda: 10.0 * (WARM_UP + 5))
    monkeypatch.setattr(pace, "Learner", SimpleNamespace)
    watch = pace.StopWatch()
    watch.started, watch.ends = 0.0, [10.0 * (i + 1) for i in range(WARM_UP + 4)]
    with pytest.raises(Enough):
        watch.on_train_batch_end(None, SimpleNamespace(steps=100))
    assert watch.seconds == pytest.approx(1000)


def test_the_first_steps_do_not_count():
    watch = pace.StopWatch()
    watch.steps, watch.started = 10, 0.0
    watch.ends = [50.0 + max(i - WARM_UP + 1, 0) for i in range(STEPS + WARM_UP)]
    assert watch.seconds == pytest.approx(10)
    watch.ends = [2.0]  # a smoke run has no more
    assert watch.seconds == pytest.approx(20)
