import json
import os
import signal
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from subprocess import CompletedProcess

import pytest
import torch

from fer_live.bench import networks
from fer_live.bench import run as bench
from fer_live.bench.frames import FaceScene
from fer_live.bench.measure import WARM_UP, PathTimes, measure_path
from fer_live.errors import UserError
from fer_live.stopping import Stop
from tests.fakes import fake_analyzer
from tests.limits import small_disk


@pytest.mark.parametrize("faces", [1, 4, 16])
def test_a_scene_has_the_size_and_the_faces_asked_for(faces):
    with FaceScene((640, 480), faces, 3) as scene:
        images = [frame.image for frame in scene]
    assert [image.shape for image in images] == [(480, 640, 3)] * 3
    assert images[0].std() > 5
    assert (images[0] != images[2]).any()  # they sway


def test_the_path_counts_frames_after_its_warm_up():
    with FaceScene((640, 480), 1, WARM_UP + 5) as scene:
        times = measure_path("test", scene, fake_analyzer())
    assert times.frames == 5
    assert times.faces == 1
    assert {"capture", "detect", "crop", "classify", "heat-map", "track", "draw", "encode"} == set(
        times.stages
    )
    assert times.megabytes > 50


def test_a_path_no_longer_than_its_warm_up_is_counted_whole():
    with FaceScene((640, 480), 1, WARM_UP) as scene:
        times = measure_path("test", scene, fake_analyzer())
    assert (times.frames, times.faces) == (WARM_UP, 1)
    assert times.fps > 0


def test_a_table_has_each_number_under_its_stage():
    first = {"capture": (1, 1.5), "detect": (2, 2.5), "draw": (7, 7.5)}  # without a face
    later = {"detect": (2, 3), "crop": (3, 4), "classify": (4, 5), "heat-map": (5, 6)}
    rows = [PathTimes("a", 2, 0, 30, first, 100), PathTimes("b", 2, 1, 25, later, 101)]
    columns = {c.header: list(c.cells) for c in bench._path_table("median", rows, 0).columns}
    assert columns.pop("scene") == ["a", "b"]
    assert columns == {
        "faces": ["0", "1"],
        "fps": ["30", "25"],
        "MB": ["100", "101"],
        "capture": ["1.0", "-"],
        "detect": ["2.0", "2.0"],
        "crop": ["-", "3.0"],
        "classify": ["-", "4.0"],
        "heat-map": ["-", "5.0"],
        "track": ["-", "-"],
        "draw": ["7.0", "-"],
        "encode": ["-", "-"],
    }


class Beginning:
    """The first frames of a source, as all of them would take long."""

    def __init__(self, source):
        self.source = source

    def __enter__(self):
        self.source.__enter__()
        return self

    def __exit__(self, *raised):
        self.source.__exit__(*raised)

    def __iter__(self):
        return islice(iter(self.source), WARM_UP + 5)


def test_the_bench_writes_what_it_prints(monkeypatch, tmp_path, capsys):
    whole = bench.open_source
    monkeypatch.setattr(bench, "open_source", lambda path: Beginning(whole(path)))
    monkeypatch.setattr(bench, "SIZES", ((640, 480),))
    monkeypatch.setattr(bench, "FACES", (1,))
    output = tmp_path / "new [1]" / "[bold]bench[/x].json"
    options = bench.BenchOptions(model="cnn6", frames=WARM_UP + 5, json=output)
    assert bench.run(options) == 0
    found = json.loads(output.read_text())
    assert [path["scene"] for path in found["paths"]] == ["clip", "640x480"]
    assert all(path["fps"] > 0 for path in found["paths"])
    assert found["first_frame_seconds"] > 0
    printed = capsys.readouterr()
    assert f"written: {output}\n" in printed.out
    assert "frames" not in printed.err


@dataclass
class Long:
    text: str = 5000 * "x"


def test_a_disk_that_is_full_at_the_end_is_told(tmp_path, monkeypatch):
    for name, made in {"_first_frame": 1.0, "_paths": [Long()], "_path_table": ""}.items():
        monkeypatch.setattr(bench, name, lambda *arguments, made=made: made)
    with small_disk(1000), pytest.raises(UserError, match=r"bench\.json cannot be written"):
        bench.run(bench.BenchOptions(model="cnn6", json=tmp_path / "bench.json"))
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_refused_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "load_reader", lambda *arguments: pytest.fail("loads"))
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="save to another place"):
        bench.run(bench.BenchOptions(json=tmp_path / "file" / "bench.json"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "cnn6,cucn-plus"], "cannot vote"),
        (["--model", "broken.safetensors"], "broken.safetensors is not a whole"),
        (["--model", "cnn6,cucn", "--compare"], "--compare measures one network"),
    ],
)
def test_models_that_cannot_be_measured_are_refused_before_anything_is(
    refusal, tmp_path, arguments, words
):
    (tmp_path / "broken.safetensors").write_text("no weights")
    assert words in refusal("bench", *arguments, "--json", "bench.json")
    assert not (tmp_path / "bench.json").exists()


def test_the_network_is_compared_in_what_this_cpu_computes_in(monkeypatch):
    monkeypatch.setattr(networks, "able", lambda: ["int8"])
    monkeypatch.setattr(networks.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(networks, "measure_network", lambda name, runtime, *_: (name, runtime))
    rows = dict(networks.measure_networks("cnn6", "cpu"))
    assert [name.rpartition(", ")[0] for name in rows if name.endswith("1 threads")] == [
        *("torch fp32", "torch bf16", "openvino f32", "openvino int8", "onnx fp32")
    ]
    assert rows["openvino f32, 1 threads"].name == "openvino"
    assert rows["openvino int8, 1 threads"].name == "openvino int8"


def test_a_first_frame_that_is_not_read_says_why():
    with pytest.raises(UserError, match="not read: no weight file 'nowhere'"):
        bench._first_frame(bench.BenchOptions(model="nowhere"), Stop())


def test_the_first_frame_is_read_by_the_runtime_that_is_measured(monkeypatch):
    begun = []

    def run(command, **options):
        begun.extend(command)
        return CompletedProcess(command, 0)

    monkeypatch.setattr(bench.subprocess, "run", run)
    bench._first_frame(bench.BenchOptions(runtime="torch"), Stop())
    assert begun[begun.index("--runtime") + 1] == "torch"


@pytest.mark.parametrize(
    ("device", "told"), [("mps", "mps"), ("cuda:1", "H200 of cuda:1"), ("cpu", "CPU threads")]
)
def test_the_computer_is_told_by_what_reads(monkeypatch, device, told):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: device != "mps")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda which=None: f"H200 of {which}")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: device == "mps")
    assert bench._computer(bench.BenchOptions(device=device)).endswith(told)


@pytest.mark.parametrize("before", [None, "", "{}"])
def test_a_bench_that_is_stopped_leaves_the_place_of_its_numbers_as_it_was(
    tmp_path, monkeypatch, before
):
    def ended(command, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return CompletedProcess(command, 130)  # it was asked to end, too

    monkeypatch.setattr(bench.subprocess, "run", ended)
    output = tmp_path / "bench.json"
    if before is not None:
        output.write_text(before)
    with pytest.raises(KeyboardInterrupt):
        bench.run(bench.BenchOptions(model="cnn6", json=output))
    assert (output.read_text() if output.exists() else None) == before


def test_a_soak_tells_the_memory_of_each_tenth_of_all_its_frames(monkeypatch):
    counted = []
    monkeypatch.setattr(bench, "_analyzer", lambda options: nullcontext())
    monkeypatch.setattr(bench, "FaceScene", lambda size, faces, count: nullcontext(count))

    def measured(scene, count, analyzer):
        counted.append(count)
        return PathTimes(scene, count, 1, 25, {}, 100.4)

    monkeypatch.setattr(bench, "measure_path", measured)
    assert bench._soak(bench.BenchOptions(soak=25), Stop()) == [100] * 10
    assert (sum(counted), min(counted)) == (25, 2)
