"""A report's contents as Markdown and as HTML."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment

from train.report_figures import Drawn

CAUTION = (
    "Numbers in percent; after ± their deviation over seeds. The standard error is that of the test alone: "
    "differences under two of them are no evidence. `clean` leaves out faces with an exact twin in the training split."
)
GAINS = "After ± the standard error of the gain: of each face's difference, where both rows read the same faces."
TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ page.title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child, .text th, .text td { text-align: left }
th { vertical-align: bottom } figure { margin: 2rem 0 } img { max-width: 100% }
</style>
<h1>{{ page.title }}</h1>
<p>{{ page.source }}</p>
<p>{{ caution }}</p>
{% macro grid(table, kind) %}<div class="wide"><table class="{{ kind }}">
<tr>{% for name in table.columns %}<th>{{ name }}</th>{% endfor %}</tr>
{% for line in table.itertuples(index=False) %}<tr>{% for cell in line %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>{% endmacro %}
{{ grid(page.comparison, "numbers") }}
{% if page.notes %}<ul>{% for note, rows in page.notes.items() %}<li>{{ rows|join(", ") }}: {{ note }}</li>
{% endfor %}</ul>{% endif %}
{% if page.against|length %}<h2>Against {{ page.first }}, in points</h2>
<p>{{ gains }}</p>
{{ grid(page.against, "numbers") }}{% endif %}
<h2>{{ page.protocol_title }}</h2>
{{ grid(page.protocol, "text") }}
{% for figure in page.figures %}<figure><img src="figures/{{ figure.file }}" alt="{{ figure.caption }}">
<figcaption>{{ figure.caption }}</figcaption></figure>
{% endfor %}</html>
"""


@dataclass(frozen=True)
class Page:
    """What a report says. `first`: the row that `against` compares the others with; `notes`: note -> rows.

    `cites`: whether it answers to published numbers.
    """

    title: str
    source: str
    comparison: pd.DataFrame
    first: str
    against: pd.DataFrame
    protocol: pd.DataFrame
    cites: bool
    notes: Mapping[str, Sequence[str]]
    figures: Sequence[Drawn]

    @property
    def protocol_title(self) -> str:
        return "What differs from the publication" if self.cites else "How it was measured"


def write_markdown(page: Page, path: Path) -> None:
    """Tables, notes, and links to the figures."""
    parts = [
        f"# {_plain(page.title)}",
        _plain(page.source),
        CAUTION,
        _grid(page.comparison),
        "\n".join(
            f"- {_plain(', '.join(rows))}: {_plain(note)}" for note, rows in page.notes.items()
        ),
    ]
    if len(page.against):
        parts += [f"## Against {_plain(page.first)}, in points", GAINS, _grid(page.against)]
    parts += [f"## {page.protocol_title}", _grid(page.protocol, "---")]
    parts += [
        f"![{_plain(figure.caption)}](figures/{figure.file})\n\n*{_plain(figure.caption)}*"
        for figure in page.figures
    ]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def write_html(page: Page, path: Path) -> None:
    """The same, with pictures beside it in `figures/`."""
    template = Environment(autoescape=True).from_string(TEMPLATE)
    path.write_text(template.render(page=page, caution=CAUTION, gains=GAINS), encoding="utf-8")


def _grid(table: pd.DataFrame, column: str = "---:") -> str:
    lines = [list(table.columns), *table.itertuples(index=False)]
    rows = ["| " + " | ".join(_plain(str(cell)) for cell in line) + " |" for line in lines]
    rule = "|---|" + f"{column}|" * (len(table.columns) - 1)
    return "\n".join([rows[0], rule, *rows[1:]])


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_|<>#\[\]])", r"\\\1", text)
