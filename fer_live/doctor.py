"""`fer-live doctor`: what this computer has of what fer-live needs, a line each with the fix."""

import importlib
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from rich.console import Console

from fer_live import packaged
from fer_live.errors import UserError


class Finding(NamedTuple):
    """One part: `fine`, what was found, and the fix where it is not fine. Not all parts are needed."""

    part: str
    fine: bool
    found: str
    fix: str = ""
    needed: bool = True


def examine() -> int:
    """Print a line for each part; return 0, or 1 where something that is needed is missing."""
    console = Console()
    whole = True
    for finding in _findings():
        word, colour = "ok", "green"
        if not finding.fine:
            word, colour = ("missing", "red") if finding.needed else ("none", "yellow")
        fix = f"; fix: {finding.fix}" if finding.fix and not finding.fine else ""
        console.print(f"[{colour}]{word:<8}[/][bold]{finding.part:<12}[/]", end="")
        console.print(finding.found + fix, markup=False, highlight=False, soft_wrap=True)
        whole &= finding.fine or not finding.needed
    return 0 if whole else 1


def _findings() -> Iterator[Finding]:
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Python", _python),
        ("torch", _torch),
        ("mediapipe", _mediapipe),
        ("openvino", _openvino),
        ("cv2", _cv2),
        ("cameras", _cameras),
        ("weights", _weights),
        ("demo clip", _demo_clip),
        ("codecs", _codecs),
    ]
    for part, check in checks:
        try:
            yield from check()
        except ImportError as error:
            yield Finding(part, False, f"cannot be imported ({error})", "pip install fer-live")


def _python() -> Iterator[Finding]:
    fine = (3, 10) <= sys.version_info[:2] <= (3, 12)
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("Python", fine, found, "use Python 3.10, 3.11 or 3.12")


def _torch() -> Iterator[Finding]:
    import torch

    from fer_live.device import choose_device

    importlib.import_module("torchvision")
    device = choose_device("auto")
    name = torch.cuda.get_device_name() if device.type == "cuda" else str(device)
    found = f"{torch.__version__}, torchvision {version('torchvision')}, device {name}"
    yield Finding("torch", True, f"{found}, {torch.get_num_threads()} threads")


def _mediapipe() -> Iterator[Finding]:
    from fer_live.detect import MediaPipeDetector

    try:
        MediaPipeDetector().close()
    except (RuntimeError, UserError) as error:
        yield Finding("mediapipe", False, str(error), "pip install 'mediapipe>=0.10.14,<0.10.22'")
        return
    yield Finding("mediapipe", True, f"{version('mediapipe')} with its near face model")


def _openvino() -> Iterator[Finding]:
    from fer_live.quiet_openvino import is_installed

    if not is_installed():
        fix = "pip install openvino"
        yield Finding("openvino", False, "torch runs the network", fix, needed=False)
        return
    found = f"{version('openvino')}, telemetry off"
    weights = packaged.folder("weights") / f"{packaged.MODEL}.safetensors"
    if weights.is_file():  # if not, they have a line of their own
        from fer_live.runtimes.openvino import converted

        try:
            converted(weights)  # so that the first start finds it
        except UserError as error:
            yield Finding("openvino", False, str(error), needed=False)
            return
        found = f"{found}, {packaged.MODEL} converted"
    yield Finding("openvino", True, found)


def _cv2() -> Iterator[Finding]:
    import cv2

    from fer_live.sinks import gui_available

    available, reason = gui_available()
    builds = []
    for kind in ("python", "contrib-python", "python-headless", "contrib-python-headless"):
        with suppress(PackageNotFoundError):
            builds.append(f"opencv-{kind} {version(f'opencv-{kind}')}")
    yield Finding("cv2", True, f"{cv2.__version__} from {', '.join(builds)}")
    yield Finding("window", available, reason or "can open", "", needed=False)


def _cameras() -> Iterator[Finding]:
    from fer_live.sources.find import camera_name, find_cameras

    found = [f"{index} {camera_name(index) or ''}".strip() for index in find_cameras()]
    fix = "plug one in, or use --source FILE or --demo"
    yield Finding("cameras", bool(found), ", ".join(found) or "no camera found", fix, needed=False)


def _weights() -> Iterator[Finding]:
    from fer_live.weight_files import load

    folder = packaged.folder("weights")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        fix = "install fer-live again, or export weights with `python -m train export`"
        yield Finding("weights", False, f"none in {folder}", fix)
    for file in files:
        try:
            _, card = load(file)
        except UserError as error:
            yield Finding("weights", False, str(error), "install fer-live again")
            continue
        scored = "".join(f", {split} {100 * card.accuracy(split):.1f}%" for split in card.metrics)
        found = (
            f"{card.name}: {card.network}, {len(card.labels)} expressions, {card.dataset}{scored}"
        )
        yield Finding("weights", True, found)


def _demo_clip() -> Iterator[Finding]:
    clip = packaged.folder("assets") / "demo.mp4"
    found = str(clip) if clip.is_file() else f"not in {clip.parent}"
    yield Finding("demo clip", clip.is_file(), found, "install fer-live again")


def _codecs() -> Iterator[Finding]:
    import av

    names = {"libx264": "H.264", "mpeg4": "MPEG-4", "aac": "AAC"}
    found = [name for codec, name in names.items() if codec in av.codecs_available]
    fine = "H.264" in found or "MPEG-4" in found
    yield Finding("codecs", fine, f"{', '.join(found)} in PyAV {av.__version__}", "pip install av")
    ffmpeg = shutil.which("ffmpeg")
    yield Finding("ffmpeg", bool(ffmpeg), ffmpeg or "no command; not needed", "", needed=False)
