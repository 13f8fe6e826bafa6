"""The report of a reproduction: Markdown, CSV and HTML, with figures."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from train import recipe as recipes
from train.data import find
from train.gains import against_first
from train.origin import commits_of
from train.plan import rows_by_text
from train.plots import Result
from train.plots.curves import read_history
from train.recipe import Recipe
from train.report_figures import draw_figures
from train.report_pages import Page, write_html, write_markdown
from train.report_table import RowReport, comparison, numbers
from train.table import Table

CHANGED, COMMIT = "changed in every recipe", "commit"  # facts that no publication has


def is_whole(scored: Path) -> bool:
    """Whether an evaluation is there and can be read; a damaged one is to be made again."""
    try:
        _read_evaluation(scored)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def read_result(name: str, folders: Sequence[tuple[Path, Path]]) -> Result:
    """A row's runs and their evaluations, from (run folder, evaluation folder) of each seed."""
    found = [_read_evaluation(scored) for _, scored in folders]
    _, probabilities, true = found[0]
    seeds = tuple(scores for scores, _, _ in found)
    right = np.mean([each.argmax(1) == true for _, each, _ in found], axis=0)
    return Result(name, seeds, probabilities, true, right, read_history(folders[0][0]))


def _read_evaluation(folder: Path) -> tuple[dict[str, Any], NDArray, NDArray]:
    """Scores, probabilities (N, K) and true classes (N,)."""
    scores = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    table = pd.read_parquet(folder / "predictions.parquet")
    places = {label: i for i, label in enumerate(scores["labels"])}
    probabilities = np.stack(list(table["probabilities"])).astype(np.float64)
    return scores, probabilities, table["true"].map(places).to_numpy(np.int64)


def write_report(
    table: Table,
    rows: Sequence[RowReport],
    datasets: Mapping[str, Mapping[str, int]],
    changes: Sequence[str],
    output: Path,
) -> None:
    """Write `report.md`, `report.csv`, `report.html` and `figures/` to `output`.

    `datasets`: name -> class -> training faces. `changes`: what was changed in every recipe.
    """
    results = _different(rows)
    counts = next(iter(datasets.values()))
    page = Page(
        title=table.title,
        source=table.source,
        comparison=comparison(table, rows),
        first=results[0].name,
        against=against_first(results),
        protocol=_protocol(table, rows, datasets, changes),
        cites=table.cites,
        notes=rows_by_text(
            (note, row.row.name)
            for row in rows
            for note in (*row.notes, *([f"failed: {row.error}"] if row.error else []))
        ),
        figures=draw_figures(counts, results, table.compare, output / "figures"),
    )
    numbers(table, rows).to_csv(output / "report.csv", index=False)
    write_markdown(page, output / "report.md")
    write_html(page, output / "report.html")


def _different(rows: Sequence[RowReport]) -> list[Result]:
    """Each result once: rows that come to the same training would hide each other in figures."""
    found: list[Result] = []
    seen: list[tuple[Recipe, ...]] = []
    for row in rows:
        if row.result is not None and row.recipes not in seen:
            seen.append(row.recipes)
            found.append(replace(row.result, place=len(found)))
    return found


def _protocol(
    table: Table,
    rows: Sequence[RowReport],
    datasets: Mapping[str, Mapping[str, int]],
    changes: Sequence[str],
) -> pd.DataFrame:
    """What was published, where anything was, beside what was done here."""
    trained = [row for row in rows if row.result is not None]
    used = [recipe for row in trained for recipe in row.recipes]
    facts = [fact for row in trained for fact in row.facts]
    splits = _unique(
        f"{s['dataset']} {s['split']}, {s['n']:,} faces (also chose each run's epoch)"
        if s["split"] == find(s["dataset"]).selection
        else f"{s['dataset']} {s['split']}, {s['n']:,} faces"
        for row in trained
        if row.result
        for s in row.result.seeds
    )
    known = (fact.get("limit") for fact in facts)  # older versions did not say
    limits = sorted({limit for limit in known if limit is not None})
    faces = _unique(f"{sum(counts.values()):,}" for counts in datasets.values())
    ours = {
        "data set": splits,
        "training faces": faces + "".join(f" (a smoke run: limit {limit})" for limit in limits),
        "image size": _unique(
            f"{r.size}x{r.size}, {'grey' if r.channels == 1 else 'RGB'}" for r in used
        ),
        "start": _unique(map(_start, used)),
        "epochs": _unique(map(_epochs, used)),
        "batch size": _unique(str(r.batch_size) for r in used),
        **({CHANGED: "; ".join(changes)} if changes else {}),
        "seeds": str(max(len(row.result.seeds) for row in trained if row.result)),
        "device": _unique(_device(fact) for fact in facts) or "-",
        COMMIT: _unique(map(commits_of, facts)) or "-",
    }
    unknown = dict.fromkeys(ours, "not stated") | {CHANGED: "-", COMMIT: "-"}
    lines = [
        (key, table.protocol.get(key) or unknown[key], ours.get(key, "-"))
        for key in dict.fromkeys([*ours, *table.protocol])
    ]
    compared = pd.DataFrame(lines, columns=["", "published", "ours"])
    return compared if table.cites else compared.drop(columns="published")


def _device(fact: Mapping[str, Any]) -> str:
    """Older versions did not say the precision."""
    return ", ".join(str(fact[key]) for key in ("device", "precision") if key in fact)


def _start(recipe: Recipe) -> str:
    """Of its first stage."""
    if recipe.after:
        return _start(recipes.before(recipe))
    return recipe.pretrained or (f"the weights {recipe.init}" if recipe.init else "random")


def _epochs(recipe: Recipe) -> str:
    """Of all its stages."""
    earlier = f"{_epochs(recipes.before(recipe))} + " if recipe.after else ""
    return f"{earlier}{recipe.epochs}"


def _unique(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
