"""What is measured: the whole path a frame takes, and the network alone."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from fer_live.overlay import Boxes, HeatMap, Hud, Overlay, Panels
from fer_live.pipeline import Analyzer
from fer_live.runtimes import Runtime
from fer_live.sinks import VideoFile
from fer_live.sources import Source
from fer_live.timing import StageTimes
from fer_live.track import Tracks

WARM_UP = 20  # frames until caches, tracks and clocks have settled
REPEATS = 30
STAGES = ("capture", "detect", "crop", "classify", "heat-map", "track", "draw", "encode")


@dataclass(frozen=True)
class PathTimes:
    """One scene's cost. `megabytes`: most memory held.

    `stages`: milliseconds, median and 95th percentile, of those of STAGES that there were, in their order.
    """

    scene: str
    frames: int
    faces: float
    fps: float
    stages: dict[str, tuple[float, float]]
    megabytes: float


@dataclass(frozen=True)
class NetworkTimes:
    """One runtime's milliseconds for batches of faces: batch size -> median."""

    runtime: str
    milliseconds: dict[int, float]


def measure_path(scene: str, source: Source, analyzer: Analyzer) -> PathTimes:
    """Read, draw and encode every frame of an entered source, one after the other."""
    analyzer.times = times = StageTimes()
    tracks, overlay = Tracks(), Overlay([HeatMap(), Boxes(), Panels(), Hud()])
    process, most, faces, counted = psutil.Process(), 0.0, 0, 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, VideoFile(Path(folder) / "bench.mp4", 30) as film:
        frames = iter(source)
        while True:
            started = time.perf_counter()
            frame = next(frames, None)
            if frame is None:
                break
            captured = 1000 * (time.perf_counter() - started)
            if frame.index == WARM_UP:  # not before: a shorter film is counted whole
                analyzer.times = times = StageTimes()
                began, faces, counted = started, 0, 0
            times.add("capture", captured)
            read = analyzer.read(frame, tracks, heatmaps=True)
            with times.measure("draw"):
                canvas = overlay(frame.image, read.readings)
            with times.measure("encode"):
                film.write(read, canvas)
            faces, counted = faces + len(read.readings), counted + 1
            most = max(most, process.memory_info().rss / 1e6)
    elapsed = time.perf_counter() - began
    middle, high = times.medians(), times.percentile(95)
    stages = {stage: (middle[stage], high[stage]) for stage in STAGES if stage in middle}
    return PathTimes(scene, counted, faces / max(counted, 1), counted / elapsed, stages, most)


def measure_network(
    name: str, runtime: Runtime, side: int, channels: int, batches: Sequence[int]
) -> NetworkTimes:
    """The network alone on batches of noise."""
    found = {}
    for batch in batches:
        noise = np.random.default_rng(0).normal(size=(batch, channels, side, side))
        images = noise.astype(np.float32)
        times = []
        for _ in range(3 + REPEATS):
            began = time.perf_counter()
            runtime(images)
            times.append(1000 * (time.perf_counter() - began))
        found[batch] = median(times[3:])
    return NetworkTimes(name, found)
