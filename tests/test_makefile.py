"""The commands that a newcomer begins with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LATER = """#!/bin/sh
exec "{python}" -c 'import sys; sys.version_info = (3, 13); exec(sys.argv[1])' "$2"
"""


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_python_that_will_not_do_is_refused_before_anything_is_made(tmp_path):
    """A virtual environment that it left behind would keep it, whatever Python is named the next time."""
    python = tmp_path / "python3"
    python.write_text(LATER.format(python=sys.executable))
    python.chmod(0o755)
    # As a person's shell starts it: `make test` tells the makes below it that they are, and with what options.
    told = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    shell = {name: value for name, value in os.environ.items() if name not in told}
    done = subprocess.run(
        ["make", "demo", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == (
        f"{python} is not Python 3.10, 3.11 or 3.12; name one that is, such as: "
        "make PYTHON=python3.12 demo\n"
    )
    assert not (tmp_path / "venv").exists()
