"""OpenVINO: on CPUs several times as fast as torch. Models are converted once and kept in the user's cache."""

import hashlib
import os
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from platformdirs import user_cache_path
from torch import Tensor

from fer_live import card as cards
from fer_live import quiet_openvino
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.models import Network
from fer_live.runtimes.base import Flat, Scores, from_flat

MODEL = "model.xml"


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
    """A runtime that answers through `first` until another process has converted the weights.

    Then in the CPU's quickest precision.
    """

    own_threads = True

    def __init__(self, first: Any, weights: Path):
        self.device = first.device
        self._now = first
        self._folder = cache_folder(weights)
        self._process: subprocess.Popen[bytes] | None = None
        if (self._folder / MODEL).is_file():
            self._now = OpenVino(self._folder, precision=quiet_openvino.quickest())
        else:
            command = [sys.executable, "-m", "fer_live.runtimes.openvino", str(weights)]
            # Its own warnings are of no use to anyone; where it fails, torch goes on.
            self._process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    @property
    def name(self) -> str:
        return self._now.name

    def __call__(self, images: Tensor) -> Scores:
        if self._process is not None and self._process.poll() is not None:
            if self._process.returncode == 0:
                self._now = OpenVino(self._folder, precision=quiet_openvino.quickest())
            self._process = None
        return self._now(images)

    def wait(self) -> None:
        """Until the conversion has ended."""
        if self._process is not None:
            self._process.wait()

    def close(self) -> None:
        """Ends a conversion that is under way; it begins anew next time."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def cache_folder(weights: Path) -> Path:
    """Where the conversion of this weight file by this OpenVINO lies, or will."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:24]
    return user_cache_path("fer-live") / "openvino" / f"{digest}-{version('openvino')}"


def convert(weights: Path) -> Path:
    """Convert a weight file into the cache, whole or not at all; return its folder."""
    folder = cache_folder(weights)
    if (folder / MODEL).is_file():
        return folder
    network, card = cards.load(weights)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as part:
        made = Path(part) / "made"
        save(network, card, made / MODEL)
        try:
            made.rename(folder)
        except OSError:
            if not (folder / MODEL).is_file():  # another process may have been quicker
                raise
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
    with suppress(AttributeError, OSError):  # Windows has no such word
        os.nice(10)  # the pictures go on meanwhile
    try:
        convert(Path(sys.argv[1]))
    except (OSError, UserError) as error:
        sys.exit(str(error))
