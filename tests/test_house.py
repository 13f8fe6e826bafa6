"""The rules of the house that a machine can hold."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What a model means and how it is fed: all that the workshop may know of the app.
SHARED = {
    "card",
    "card_fields",
    "colour",
    "device",
    "errors",
    "explain",
    "expressions",
    "home",
    "models",
    "packaged",
    "preprocess",
    "types",
    "weight_files",
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", sorted((ROOT / "train").rglob("*.py")), ids=str)
def test_the_workshop_imports_only_what_defines_a_model(path):
    parts = [name.split(".")[1] for name in imported(path) if name.startswith("fer_live.")]
    assert set(parts) <= SHARED


@pytest.mark.parametrize("path", sorted((ROOT / "fer_live").rglob("*.py")), ids=str)
def test_the_app_never_imports_the_workshop(path):
    assert not [name for name in imported(path) if name.split(".")[0] == "train"]


def test_no_text_is_in_the_systems_own_encoding():
    """On Windows that is not UTF-8: what was written there could not be read elsewhere."""
    paths = [path for half in ("fer_live", "train") for path in (ROOT / half).rglob("*.py")]
    calls = [
        (path, node)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("read_text", "write_text")
    ]
    assert calls
    assert not [
        f"{path}:{node.lineno}"
        for path, node in calls
        if not any(option.arg == "encoding" for option in node.keywords)
    ]


@pytest.mark.parametrize("module", ["fer_live", "fer_live.cli", "train.__main__", "train.fit"])
def test_no_detector_and_no_page_are_loaded_before_they_are_used(module):
    code = f"import sys, {module}; print([m for m in ('mediapipe', 'gradio') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("fer_live.live", ("torch", "mediapipe", "matplotlib", "pandas", "gradio")),
        ("fer_live.web.app", ("torch", "mediapipe", "matplotlib")),
    ],
)
def test_the_app_starts_without_what_it_does_not_need(module, heavy):
    code = f"import sys, {module}; sys.exit(str([m for m in {heavy} if m in sys.modules] or ''))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert found.stderr.strip() == ""
