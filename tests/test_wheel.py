"""The wheel works by itself: its weights and its clip come with it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The folder a wheel of this checkout was unpacked into."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("fer_live-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def python(unpacked, folder, *arguments):
    """Run Python in `folder`, with the unpacked wheel before all other packages."""
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_the_app_and_not_the_workshop(unpacked):
    assert {path.name for path in unpacked.iterdir() if path.is_dir()} == {
        "fer_live",
        *(path.name for path in unpacked.glob("*.dist-info")),
    }
    modules = {path.relative_to(ROOT) for path in (ROOT / "fer_live").rglob("*.py")}
    assert modules <= {path.relative_to(unpacked) for path in unpacked.rglob("*.py")}
    assert (unpacked / "fer_live" / "py.typed").exists()  # its types count where it is imported
    weights = {path.name for path in (ROOT / "weights").glob("*.safetensors")}
    assert weights == {path.name for path in (unpacked / "fer_live").rglob("*.safetensors")}


def test_the_wheel_plays_its_own_demo(unpacked, tmp_path):
    done = python(
        unpacked,
        tmp_path,
        *("-m", "fer_live", "--demo", "--no-window", "--max-frames", "5", "--log", "out.jsonl"),
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == [0, 1, 2, 3, 4]


def test_the_wheels_files_lie_inside_it(unpacked, tmp_path):
    code = "from fer_live.packaged import folder as f; print(f('weights')); print(f('assets'))"
    done = python(unpacked, tmp_path, "-c", code)
    inside = unpacked / "fer_live"
    assert done.stdout.splitlines() == [str(inside / "weights"), str(inside / "assets")]
