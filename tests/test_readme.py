"""The README's examples run as they are printed."""

import json
import re

import pytest

import fer_live
from fer_live.sinks.log import FACE, PLACE
from fer_live.sinks.record import scene_record
from tests.commands import ROOT
from tests.scenes import scene

README = (ROOT / "README.md").read_text(encoding="utf-8")
PRINTED = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
# The page's example wants a page that runs; tests/test_web_api.py asks the same of one.
EXAMPLES = [example for example in PRINTED if "gradio_client" not in example]


def test_there_are_three_examples():
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs_and_prints(example, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)  # of its paths
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_all_that_a_log_holds_is_explained():
    rows = README.split("| in a log | is |")[1].split("\n\n")[0]
    told = {
        name for row in rows.splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])
    }
    assert told >= {*PLACE, *scene_record(scene())["faces"][0]}
    assert {*FACE} - told == {"top", "right"}  # between left and bottom


def test_the_line_of_a_log_is_that_of_the_clips_first_frame():
    (printed,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    clip = str(ROOT / "assets" / "demo.mp4")
    (scene,) = fer_live.stream(clip, runtime="torch", max_frames=1)
    (told,), (face,) = json.loads(printed)["faces"], scene_record(scene)["faces"]
    assert told.keys() == face.keys()
    assert told["box"] == pytest.approx(face["box"], abs=1)
    assert told["probabilities"] == pytest.approx(face["probabilities"], abs=0.01)
    assert told["uncertainty"] == pytest.approx(face["uncertainty"], abs=0.02)
