"""What has to be trained for a table: each different training once, whichever rows ask for it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fer_live.errors import UserError
from train import recipe as recipes
from train.recipe import Recipe
from train.table import Row, Table

WORDS = ("description", "table", "row")  # fields that no training depends on
# Fields that each stage has of its own: how it learns, what of the network, and how it takes rare classes.
OWN = (
    *("after", "before", "trains", "strategy", "options", "teachers", "teaching"),
    *("class_weights", "weight_mode", "sampler"),
)
STARTS = {
    "imagenet": ("ImageNet weights", "--imagenet"),
    "msceleb": ("MS-Celeb-1M weights", "--msceleb FILE"),
}


@dataclass(frozen=True)
class PlanOptions:
    """How far a reproduction goes. `rows`: what stood between commas, all where empty; a name may hold commas itself.

    `changes`: of fields in every recipe, those before them too, but for a stage's OWN.

    `dataset` and `epochs`: the recipes' own where they are None. `msceleb`: a file of public weights.
    """

    dataset: str | None = None
    epochs: int | None = None
    seeds: int = 1
    rows: Sequence[str] = ()
    limit: int | None = None
    msceleb: Path | None = None
    imagenet: bool = False
    changes: Sequence[str] = ()


@dataclass(frozen=True)
class Run:
    """One training, after another one or none. `name`: of its folder, different for every training."""

    name: str
    recipe: Recipe
    before: "Run | None" = None

    def stages(self) -> "list[Run]":
        """All that has to be trained, in order; this run is the last."""
        return [*(self.before.stages() if self.before else []), self]


@dataclass(frozen=True)
class PlannedRow:
    """A row of the table with a run for each seed; none where it is cited only, or `error` says why not."""

    row: Row
    runs: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


def _sets_seed(change: str) -> bool:
    """A run's, or that of a stage before it."""
    key, _, value = change.partition("=")
    parts = key.split(".")
    return parts[-1] == "seed" or (parts[-1] == "before" and "seed" in value)


def plan(table: Table, options: PlanOptions) -> list[PlannedRow]:
    """The rows with their runs. Raises UserError where a row is asked for that the table lacks, or a seed is set."""
    asked = _asked(options.rows, [row.name for row in table.rows])
    changes = [*options.changes, *(change for row in table.rows for change in row.changes)]
    seed = next((change for change in changes if _sets_seed(change)), "")
    if seed:
        raise UserError(f"{seed} would be the seed of every run: leave it out, and use --seeds N")
    planned: list[PlannedRow] = []
    for row in table.rows:
        wanted = not asked or row.name in asked
        if not row.recipe:
            planned.append(PlannedRow(row, notes=("cited only",)))
        elif not wanted:
            planned.append(PlannedRow(row, notes=("not asked for",)))
        else:
            planned.append(_planned(row, options))
    return _with_sharing(planned)


def all_runs(planned: Sequence[PlannedRow]) -> list[Run]:
    """Every stage of every row once, each after those that it builds on."""
    runs = (stage for row in planned for run in row.runs for stage in run.stages())
    return list({run.name: run for run in runs}.values())


def rows_by_text(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """(what is said, of which row) -> each text once, with its rows."""
    found: dict[str, list[str]] = {}
    for text, row in pairs:
        found.setdefault(text, []).append(row)
    return found


def _asked(parts: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names of rows, each the longest that the parts from there on give."""
    known = {
        tuple(part.strip() for part in name.split(",") if part.strip()): name for name in names
    }
    found: list[str] = []
    while parts:
        starts = (tuple(parts[:count]) for count in range(len(parts), 0, -1))
        start = next((start for start in starts if start in known), None)
        if start is None:
            raise UserError(f"row {parts[0]!r} is not in the table: use {', '.join(names)}")
        found.append(known[start])
        parts = parts[len(start) :]
    return found


def _planned(row: Row, options: PlanOptions) -> PlannedRow:
    notes = [f"recipe with {', '.join(row.changes)}"] if row.changes else []
    start = ""
    if row.pretrained != "none":
        given = {"imagenet": "imagenet" if options.imagenet else "", "msceleb": options.msceleb}
        start = str(given[row.pretrained] or "")
        if not start:
            weights, flag = STARTS[row.pretrained]
            notes.append(f"from scratch: no {weights} were given ({flag})")
    try:
        runs = tuple(_run(row, start, seed, options) for seed in range(options.seeds))
        own = _own_changes(options.changes)
        if own and runs[0].before:
            alone = f"{', '.join(own)} in its last stage alone"
            notes.append(f"{alone}: before.KEY=VALUE is for the one before")
    except UserError as error:
        return PlannedRow(row, error=str(error))
    return PlannedRow(row, runs, tuple(notes))


def _run(row: Row, start: str, seed: int, options: PlanOptions) -> Run:
    fields: dict[str, Any] = {"seed": seed}
    if row.pretrained != "none":  # else it is the recipe's own affair
        fields["pretrained"] = start
    if options.dataset:
        fields["dataset"] = options.dataset
    recipe = recipes.load(row.recipe, [*row.changes, *options.changes], fields)
    recipe = _in_all_stages(recipe, options.changes, recipes.overridden(options.changes))
    if row.pretrained != "none":
        recipe = _begun_from(recipe, recipe.pretrained)
    if row.pretrained != "none" and not start and not recipe.after:
        recipe = replace(recipe, trains=[])  # a frozen trunk that knows nothing would stay so
    return _with_stages(row.recipe, shortened(recipe, options.epochs), options.limit)


def _begun_from(recipe: Recipe, start: str) -> Recipe:
    """The recipe with these public weights in every stage: a later one's give way to what the one before trained."""
    fields: dict[str, Any] = {"pretrained": start}
    if start and recipe.arguments.get("cbam"):
        # Fresh gates would divide every pretrained residual by four.
        fields["arguments"] = {**recipe.arguments, "cbam_init": "identity"}
    if recipe.after:
        earlier = recipes.before(recipe)
        fields["before"] = {**recipe.before, **_changes(earlier, _begun_from(earlier, start))}
    return replace(recipe, **fields)


def _in_all_stages(recipe: Recipe, changes: Sequence[str], said: Mapping[str, Any]) -> Recipe:
    """The recipe with its `changes` in those before it as well.

    `said`: the fields that they set; what they say of a stage before has the last word there.
    """
    if not recipe.after:
        return recipe
    said = said.get("before", {})
    shared = [one for one in changes if _field(one) not in (*OWN, *said)]
    changed = _in_all_stages(recipes.before(recipe, shared), shared, said)
    fields = _changes(recipes.before(recipe), changed)
    return replace(recipe, before={**recipe.before, **fields})


def _own_changes(changes: Sequence[str]) -> list[str]:
    """Those of a stage's own fields that do not say of which stage they are."""
    return [one for one in changes if _field(one) in OWN and _field(one) != "before"]


def _field(change: str) -> str:
    return change.partition("=")[0].partition(".")[0]


def shortened(recipe: Recipe, epochs: int | None) -> Recipe:
    """The recipe with its whole schedule in `epochs`, and those before it too; none stays none."""
    if epochs is None:
        return recipe
    fields: dict[str, Any] = {}
    if recipe.epochs:
        share = epochs / recipe.epochs
        fields["epochs"] = epochs
        fields["warmup_epochs"] = recipe.warmup_epochs * min(share, 1)
        fields["ema"] = recipe.ema ** (1 / share)  # else it would still remember the random start
        if recipe.plateau_patience:  # else it would hardly run out
            fields["plateau_patience"] = max(round(recipe.plateau_patience * min(share, 1)), 1)
        if recipe.schedule == "step":
            every = max(round(recipe.decay_every * min(share, 1)), 1)
            fields["decay_every"] = every
            # So that it ends as low, also where there are fewer stairs.
            fields["decay"] = recipe.decay ** (every / (share * recipe.decay_every))
    if recipe.after:
        earlier = recipes.before(recipe)
        fields["before"] = {**recipe.before, **_changes(earlier, shortened(earlier, epochs))}
    return replace(recipe, **fields)


def _changes(old: Recipe, new: Recipe) -> Mapping[str, Any]:
    before, after = old.to_dict(), new.to_dict()
    return {key: after[key] for key in after if after[key] != before[key]}


def _with_stages(name: str, recipe: Recipe, limit: int | None) -> Run:
    before = None
    if recipe.after:
        before = _with_stages(recipe.after, recipes.before(recipe), limit)
    facts = {key: value for key, value in recipe.to_dict().items() if key not in WORDS}
    text = json.dumps([facts, limit, before and before.name], sort_keys=True)
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Run(f"{Path(name).stem}-seed{recipe.seed}-{mark}", recipe, before)


def _with_sharing(planned: Sequence[PlannedRow]) -> list[PlannedRow]:
    """Say which rows come to the same training as one above them."""
    seen: dict[tuple[str, ...], str] = {}
    found = []
    for one in planned:
        names = tuple(run.name for run in one.runs)
        if names and names in seen:
            one = replace(one, notes=(*one.notes, f"the same training as {seen[names]}"))
        elif names:
            seen[names] = one.row.name
        found.append(one)
    return found
