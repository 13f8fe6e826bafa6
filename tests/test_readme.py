"""The README's examples run as they are printed."""

import re

import pytest

from tests.commands import ROOT

PRINTED = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
# The page's example wants a page that runs; tests/test_web_api.py asks the same of one.
EXAMPLES = [example for example in PRINTED if "gradio_client" not in example]


def test_there_are_three_examples():
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs_and_prints(example, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)  # of its paths
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()
