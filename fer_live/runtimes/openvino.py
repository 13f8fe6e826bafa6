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
import warnings
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from platformdirs import user_cache_path
from torch import Tensor

from fer_live import card as cards
from fer_live import quiet_openvino
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.runtimes.base import Flat, Scores, from_flat

logger = logging.getLogger(__name__)

MODEL = "model.xml"
LONGEST = 600  # seconds that a conversion may take, which nobody may be there to stop
LOOK = 1.0  # seconds: longer than others hold the lock to see whether it is free
# What a session of its own and `nice` are elsewhere; there are none but on Windows.
APART = getattr(subprocess, "CREATE_NO_WINDOW", 0)
LOW = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class OpenVino:
    """A converted model on the CPU. `threads`: 0 for as many as OpenVINO chooses.

    `precision`: "f32" says what torch says (within a millionth); "bf16" takes a third of the time on CPUs
    that compute in it, and moves probabilities by a hundredth at most, by a thousandth as a rule.
    """

    device = torch.device("cpu")
    own_threads = True

    def __init__(self, folder: Path, threads: int = 0, precision: quiet_openvino.Precision = "f32"):
        self.name = "openvino" if precision == "f32" else f"openvino {precision}"
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",  # one face at a time matters more than many
            "INFERENCE_PRECISION_HINT": precision,
            "CACHE_DIR": str(folder),
            "CPU_RUNTIME_CACHE_CAPACITY": 16,  # kernels kept, one set for each number of faces
        }
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._model = quiet_openvino.core().compile_model(str(folder / MODEL), "CPU", settings)
        self._request = self._model.create_infer_request()

    def __call__(self, images: Tensor) -> Scores:
        found = self._request.infer([images.contiguous().numpy()], share_inputs=True)
        return from_flat([torch.from_numpy(found[output]) for output in self._model.outputs])

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass


class Converting:
    """A runtime that answers through `first` until a process of its own has converted the weights.

    Then in the CPU's quickest precision. That process goes on by itself after the program's end, for some
    seconds at low priority, so that however short the sessions are a later one finds it done.
    """

    own_threads = True

    def __init__(self, first: Any, weights: Path):
        self.device = first.device
        self._now = first
        self._folder = cache_folder(weights)
        self._process: subprocess.Popen[bytes] | None = None
        self._converted = False
        self._stuck = False  # a damaged conversion that cannot be taken away
        if not self._look() and not under_way(self._folder):
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

    def __call__(self, images: Tensor) -> Scores:
        self._look()
        return self._now(images)

    def _look(self) -> bool:
        """Whether the conversion is there, and whole; then it is used."""
        if self._converted or self._stuck or not (self._folder / MODEL).is_file():
            return self._converted
        precision = quiet_openvino.quickest()
        try:
            self._now = OpenVino(self._folder, precision=precision)
            self._converted = True
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
        return OpenVino(folder, threads, precision)
    except RuntimeError:
        discard(folder)
    try:
        return OpenVino(convert(weights), threads, precision)
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
    return user_cache_path("fer-live") / "openvino" / f"{digest}-{version('openvino')}"


def convert(weights: Path) -> Path:
    """Convert a weight file into the cache, whole or not at all; return its folder.

    Raises UserError where the cache cannot be written.
    """
    folder = cache_folder(weights)
    if (folder / MODEL).is_file():
        return folder
    network, card = cards.load(weights)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as part:
            made = Path(part) / "made"
            save(network, card, made / MODEL)
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


def save(network: Network, card: Card, path: Path) -> None:
    """Write the network as OpenVINO's .xml and .bin, straight from torch.

    Raises UserError where they cannot be written.
    """
    openvino = quiet_openvino.imported()
    example = torch.zeros(2, card.channels, card.size, card.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's tracer warns of shapes that never change here
        model = openvino.convert_model(
            Flat(network), example_input=example, input=[-1, *example.shape[1:]]
        )
    try:
        openvino.save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:  # it has no others, and keeps the system's reason for itself
        raise UserError(f"{path} cannot be written ({error}); free some space there") from None


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
