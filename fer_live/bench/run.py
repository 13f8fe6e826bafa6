"""The bench as a whole: which scenes and runtimes, and the tables."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

import fer_live
from fer_live import card as cards
from fer_live import packaged
from fer_live.bench.frames import FaceScene
from fer_live.bench.measure import STAGES, NetworkTimes, PathTimes, measure_path
from fer_live.device import choose_device, is_cpu
from fer_live.errors import UserError
from fer_live.packaged import MODEL
from fer_live.pipeline import Analyzer
from fer_live.progress import tell_written
from fer_live.runtimes import RuntimeName, leave_cores_to
from fer_live.sinks.base import claim, save_whole, unclaim
from fer_live.sources import Source, open_source
from fer_live.stopping import Stop, stoppable
from fer_live.voting import load_reader, names_of

SIZES = ((640, 480), (1280, 720), (1920, 1080))
FACES = (1, 4, 16)


@dataclass(frozen=True)
class BenchOptions:
    """`frames` of each scene; `soak`: so many more of one scene, for its memory. `compare`: the network's runtimes too."""

    model: str = MODEL
    device: str = "auto"
    runtime: RuntimeName = "auto"
    frames: int = 200
    soak: int = 0
    compare: bool = False
    json: Path | None = None


def run(options: BenchOptions) -> int:
    """Measure, print the tables, write the JSON; return the exit code. Raises UserError on bad input."""
    is_cpu(options.device)  # one that is not to be had is told at once
    # The first frame is measured by a program in another folder.
    paths = [str(cards.find_weights(name).absolute()) for name in names_of(options.model)]
    options = replace(options, model=",".join(paths))
    if options.compare and len(paths) > 1:
        raise UserError(f"--compare measures one network, and --model names {len(paths)}; name one")
    with _claimed(options.json), stoppable() as stop:
        # Whether they fit together; and what is measured is what later starts find.
        reader = load_reader(options.model, options.device, options.runtime)
        reader.runtime.wait()
        reader.close()
        _measure(options, stop)
    return 0


def _measure(options: BenchOptions, stop: Stop) -> None:
    """Raises KeyboardInterrupt where someone stops it, after the scene or the runtime in hand."""
    console = Console()
    found: dict[str, Any] = {
        "computer": _computer(options),
        "first_frame_seconds": _first_frame(options, stop),
    }
    console.print(f"{found['computer']}\nfirst frame after {found['first_frame_seconds']:.1f} s")
    times = list(stop.heeded(_paths(options)))
    found["paths"] = [asdict(one) for one in times]
    console.print(_path_table("median", times, 0))
    console.print(_path_table("95th percentile", times, 1))
    if options.soak:
        found["soak_megabytes"] = _soak(options, stop)
        console.print(f"memory over {options.soak} frames, MB: {found['soak_megabytes']}")
    if options.compare:
        from fer_live.bench.networks import measure_networks

        networks = list(stop.heeded(measure_networks(options.model, options.device)))
        console.print(_network_table(networks))
        found["networks"] = [asdict(times) for times in networks]
    if options.json is not None:
        save_whole({options.json: json.dumps(found, indent=2).encode()})
        tell_written((options.json,), console)


def _paths(options: BenchOptions) -> Iterator[PathTimes]:
    scenes: list[tuple[str, Source]] = [
        (f"{w}x{h}", FaceScene((w, h), n, options.frames)) for w, h in SIZES for n in FACES
    ]
    clip = open_source(packaged.folder("assets") / "demo.mp4")
    for name, source in track([("clip", clip), *scenes], "measuring", transient=True):
        with _analyzer(options) as analyzer, source:
            yield measure_path(name, source, analyzer)


@contextmanager
def _analyzer(options: BenchOptions) -> Iterator[Analyzer]:
    with Analyzer.load(options.model, options.device, "live", options.runtime) as analyzer:
        analyzer.classifier.runtime.wait()
        leave_cores_to(analyzer.classifier.runtime)
        yield analyzer


def _soak(options: BenchOptions, stop: Stop) -> list[float]:
    """Megabytes held at most in each tenth of a long run."""
    with _analyzer(options) as analyzer:
        tenths: list[float] = []
        for tenth in range(10):
            count = options.soak * (tenth + 1) // 10 - options.soak * tenth // 10
            with FaceScene((1280, 720), 1, count) as source:
                tenths.append(round(measure_path("soak", source, analyzer).megabytes))
            stop.heed()
    return tenths


def _first_frame(options: BenchOptions, stop: Stop) -> float:
    """Seconds from the command to the end of its first frame, imports and all."""
    command = [sys.executable, "-m", "fer_live", "--demo", "--no-window", "--max-frames", "1"]
    command += ["--model", options.model, "--device", options.device]
    command += ["--runtime", options.runtime, "--log", "log.jsonl"]
    # This very package, wherever it lies.
    environment = {**os.environ, "PYTHONPATH": str(Path(fer_live.__file__).parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=folder, env=environment
        )
        seconds = time.perf_counter() - began
    stop.heed()  # Ctrl-C is for that program, too
    if ended.returncode:
        told = ended.stderr.strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
        raise UserError(f"the first frame was not read: {told[0].removeprefix('fer-live: ')}")
    return seconds


def _computer(options: BenchOptions) -> str:
    if is_cpu(options.device):  # without torch, whose memory would count
        return f"{platform.platform()}, {os.cpu_count()} CPU threads"
    import torch

    device = choose_device(options.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return f"{platform.platform()}, {name}"


@contextmanager
def _claimed(path: Path | None) -> Iterator[None]:
    """Raises UserError where the file cannot be written; a new one that stays empty is taken away."""
    if path is None:
        yield
        return
    new = not path.exists()
    claim(path)
    try:
        yield
    finally:
        if new:
            unclaim(path)


def _path_table(which: str, rows: list[PathTimes], place: int) -> Table:
    """Narrow enough for a terminal of 80 columns; `place`: of the number in each stage's pair."""
    table = Table(
        title=f"The whole path: milliseconds a frame, {which}",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    table.add_column("scene")
    for column in ("faces", "fps", *STAGES, "MB"):
        table.add_column(column, justify="right")
    for row in rows:
        cells = [f"{row.stages[name][place]:.1f}" if name in row.stages else "-" for name in STAGES]
        table.add_row(
            row.scene, f"{row.faces:.0f}", f"{row.fps:.0f}", *cells, f"{row.megabytes:.0f}"
        )
    return table


def _network_table(rows: list[NetworkTimes]) -> Table:
    table = Table(title="The network alone: milliseconds, median")
    table.add_column("runtime")
    for batch in rows[0].milliseconds:
        table.add_column(f"{batch} faces", justify="right")
    for row in rows:
        table.add_row(row.runtime, *(f"{value:.1f}" for value in row.milliseconds.values()))
    return table
