"""OpenVINO: on CPUs several times as fast as torch. Models are converted once and kept in the user's cache."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from fer_live import quiet_openvino
from fer_live.errors import UserError
from fer_live.explain import channels
from fer_live.runtimes.base import Runtime, Scores
from fer_live.types import FloatArray

logger = logging.getLogger(__name__)

MODEL, CHANNELS = "model.xml", "channels.npy"
LAYOUT = 2  # of a conversion's folder; what earlier versions kept is not used
LONGEST = 600  # seconds that a conversion may take, which nobody may be there to stop
LOOK = 1.0  # seconds: longer than others hold the lock to see whether it is free
# What a session of its own and `nice` are elsewhere; there are none but on Windows.
APART = getattr(subprocess, "CREATE_NO_WINDOW", 0)
LOW = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class OpenVino:
    """A converted model on the CPU, without torch where Grad-CAM has a closed form.

    `folder`: the conversion of `weights`. `threads`: 0 for as many as OpenVINO chooses. `precision`: "f32"
    says what torch says (within a millionth); "bf16" takes a third of the time on CPUs that compute in it,
    and moves probabilities by a hundredth at most, by a thousandth as a rule. Raises RuntimeError where the
    conversion is damaged.
    """

    device = "cpu"
    own_threads = True

    def __init__(
        self,
        folder: Path,
        weights: Path,
        threads: int = 0,
        precision: quiet_openvino.Precision = "f32",
    ):
        self.name = "openvino" if precision == "f32" else f"openvino {precision}"
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",  # one face at a time matters more than many
            "INFERENCE_PRECISION_HINT": precision,
            "CACHE_DIR": str(folder),
            "CPU_RUNTIME_CACHE_CAPACITY": 16,  # kernels kept, one set for each number of faces
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        # First what may be damaged without OpenVINO's knowing: Windows moves no file that it has open.
        self._explain = _explainer(folder / CHANNELS, weights)
        self._model = quiet_openvino.core().compile_model(str(folder / MODEL), "CPU", settings)
        self._request = self._model.create_infer_request()

    def __call__(self, images: FloatArray) -> Scores:
        found = self._request.infer([np.ascontiguousarray(images)], share_inputs=True)
        logits, feature_map, *rest = (found[output] for output in self._model.outputs)
        return Scores(logits, rest[0] if rest else None, (partial(self._explain, feature_map),))

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass


def _explainer(kept: Path, weights: Path) -> Callable[[FloatArray], FloatArray]:
    """What makes heat-maps (B, K, h, w) of feature maps (B, C, h, w): the network itself only where it must.

    Raises RuntimeError where what is kept cannot be read.
    """
    if kept.is_file():
        try:
            return partial(channels.grad_cam, np.load(kept, allow_pickle=False))
        except Exception as error:  # numpy lets through what its parts raise, such as TokenError
            raise RuntimeError(f"{kept}: {error}") from None
    from fer_live import weight_files
    from fer_live.explain.grad_cam import GradCam

    network, _ = weight_files.load(weights)
    return GradCam(network, network.map_shape).arrays


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
            command = [sys.executable, "-m", "fer_live.runtimes.openvino", str(weights)]
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
        if self._converted or self._stuck or not (self._folder / MODEL).is_file():
            return self._converted
        precision = quiet_openvino.quickest()
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


def converted(
    weights: Path, threads: int = 0, precision: quiet_openvino.Precision = "f32"
) -> OpenVino:
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


def discard(folder: Path) -> None:
    """Take a conversion that OpenVINO cannot read out of the cache, whole, so that it can be made anew."""
    logger.warning(f"{folder} is damaged; the model is converted anew")
    with suppress(OSError), tempfile.TemporaryDirectory(dir=folder.parent) as away:
        folder.rename(Path(away) / "damaged")


def lock(folder: Path, patience: float) -> FileLock:
    """What a process holds while it converts for that folder: the system frees it however the process ends."""
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=patience)


def under_way(folder: Path) -> bool:
    """Whether some process is converting for that folder."""
    try:
        with lock(folder, 0):
            return False
    except Timeout:
        return True
    except OSError:  # a cache that cannot be written, or is not there yet
        return False


def cache_folder(weights: Path) -> Path:
    """Where the conversion of this weight file by this OpenVINO lies, or will."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:24]
    return user_cache_path("fer-live") / "openvino" / f"{digest}-{version('openvino')}-{LAYOUT}"


def convert(weights: Path) -> Path:
    """Convert a weight file into the cache, whole or not at all; return its folder.

    Raises UserError where the cache cannot be written.
    """
    folder = cache_folder(weights)
    if (folder / MODEL).is_file():
        return folder
    from fer_live.runtimes import conversion

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as part:
            made = Path(part) / "made"
            made.mkdir()
            conversion.write(weights, made)
            for path in made.iterdir():  # or a power cut could leave the names without the content
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            made.rename(folder)
    except OSError as error:
        if not (folder / MODEL).is_file():  # another process may have been quicker
            reason = os.strerror(error.errno or 0)
            raise UserError(
                f"the converted model cannot be kept in {folder.parent} ({reason}); free some space "
                "there, or add --runtime torch"
            ) from None
    return folder


if __name__ == "__main__":
    with suppress(AttributeError, OSError):  # Windows has no such words
        os.nice(10)  # the pictures go on meanwhile
        signal.alarm(LONGEST)
    its_weights = Path(sys.argv[1])
    try:
        place = cache_folder(its_weights)
        place.parent.mkdir(parents=True, exist_ok=True)
        with lock(place, LOOK):
            convert(its_weights)
    except (Timeout, OSError, UserError) as error:
        sys.exit(str(error))
