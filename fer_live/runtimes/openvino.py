"""OpenVINO: on CPUs several times as fast as torch. Models are converted once and kept in the user's cache."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fer_live import quiet_openvino
from fer_live.errors import UserError
from fer_live.home import is_kept
from fer_live.precisions import Precision, hint, quickest
from fer_live.runtimes.base import CHANNEL_WEIGHTS, Explain, Runtime, Scores, from_flat
from fer_live.runtimes.cache import (
    EIGHT_BITS,
    MODEL,
    cache_folder,
    convert,
    discard,
    under_way,
    use,
)
from fer_live.types import FloatArray

# What a session of its own and `nice` are elsewhere; there are none but on Windows.
APART = getattr(subprocess, "CREATE_NO_WINDOW", 0)
LOW = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class OpenVino:
    """A converted model on the CPU, without torch where Grad-CAM has a closed form.

    `folder`: the conversion of `weights`. `threads`: 0 for as many as OpenVINO chooses. `precision`: "f32"
    says what torch says (within a millionth); "bf16" takes a third of the time on CPUs that compute in it,
    and moves probabilities by a hundredth at most, by a thousandth as a rule; "int8" takes half of it on
    others, and moves them by 0.004 on average, of one face in twenty by more than 0.015, where `offered`
    names it. Raises RuntimeError where the conversion is damaged.
    """

    device = "cpu"
    own_threads = True

    def __init__(
        self,
        folder: Path,
        weights: Path,
        threads: int = 0,
        precision: Precision = "f32",
    ):
        self.name = "openvino" if precision == "f32" else f"openvino {precision}"
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",  # one face at a time matters more than many
            "INFERENCE_PRECISION_HINT": hint(precision),
            "CACHE_DIR": str(folder),
            "CPU_RUNTIME_CACHE_CAPACITY": 16,  # kernels kept, one set for each number of faces
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        path = folder / (EIGHT_BITS if precision == "int8" else MODEL)
        self._model = quiet_openvino.core().compile_model(str(path), "CPU", settings)
        self._request = self._model.create_infer_request()
        use(folder)
        closed_form = any(output.any_name == CHANNEL_WEIGHTS for output in self._model.outputs)
        self._explain = None if closed_form else _explainer(weights)

    def __call__(self, images: FloatArray) -> Scores:
        found = self._request.infer([np.ascontiguousarray(images)], share_inputs=True)
        said = {output.any_name: found[output] for output in self._model.outputs}
        return from_flat(said, self._explain)

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass


def _explainer(weights: Path) -> Explain:
    """What makes heat-maps where the network itself must, in torch."""
    from fer_live import weight_files
    from fer_live.explain.grad_cam import GradCam

    network, _ = weight_files.load(weights)
    return GradCam(network, network.map_shape).arrays


def offered(folder: Path) -> list[Precision]:
    """In what a conversion can compute besides float32, from the more exact to the less."""
    return ["bf16", "int8"] if (folder / EIGHT_BITS).is_file() else ["bf16"]


class Converting:
    """A runtime that answers through what `begin` makes until a process of its own has converted the weights.

    Then in the CPU's quickest precision. That process goes on by itself after the program's end, for some
    seconds at low priority, so that however short the sessions are a later one finds it done, and does not
    call `begin` at all.
    """

    device = "cpu"
    own_threads = True

    def __init__(self, weights: Path, begin: Callable[[], Runtime]):
        self._weights = weights
        self._folder = cache_folder(weights)
        self._now: Runtime
        self._process: subprocess.Popen[bytes] | None = None
        self._converted = False
        self._stuck = False  # a conversion that can be neither used nor taken away
        if self._look():
            return
        self._now = begin()  # which fails where the weights cannot be used
        if not under_way(self._folder):
            command = [sys.executable, "-m", "fer_live.runtimes.cache", str(weights)]
            # Its own warnings are of no use to anyone; where it fails, torch goes on. In a session of
            # its own, Ctrl-C and a closed terminal do not reach it.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                creationflags=APART | LOW,
            )

    @property
    def name(self) -> str:
        return self._now.name

    def __call__(self, images: FloatArray) -> Scores:
        self._look()
        return self._now(images)

    def _look(self) -> bool:
        """Whether the conversion is there, and whole; then it is used."""
        if self._converted or self._stuck or not is_kept(self._folder / MODEL):
            return self._converted
        precision = quickest(*offered(self._folder))
        try:
            self._now = OpenVino(self._folder, self._weights, precision=precision)
            self._converted = True
        except UserError:  # the weights are gone, of which heat-maps may need the network itself
            self._stuck = True
        except RuntimeError:
            discard(self._folder)
            self._stuck = self._folder.exists()
        return self._converted

    def wait(self) -> None:
        """Until the conversion has ended, another program's too."""
        if self._process is not None:
            self._process.wait()
        while not self._look() and under_way(self._folder):
            time.sleep(0.1)

    def close(self) -> None:
        if self._process is not None:
            threading.Thread(target=self._process.wait, daemon=True).start()  # no zombie stays
            self._process = None


def converted(weights: Path, threads: int = 0, precision: Precision = "f32") -> OpenVino:
    """The weights' runtime; a conversion that is damaged is made once more.

    Raises UserError where the cache cannot be written, or what was written cannot be read.
    """
    folder = convert(weights)
    try:
        return OpenVino(folder, weights, threads, precision)
    except RuntimeError:
        discard(folder)
    try:
        return OpenVino(convert(weights), weights, threads, precision)
    except RuntimeError:
        raise UserError(
            f"OpenVINO cannot read the converted model in {folder}; delete that folder, "
            "or add --runtime torch"
        ) from None
