"""What can be known to be wrong with a reproduction before anything is measured or trained."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from fer_live.errors import UserError
from train import recipe as recipes
from train.crowd import with_crowd
from train.data import Faces, find
from train.origin import origin
from train.outcome import Workshop, facts_of
from train.plan import PlannedRow, PlanOptions, Run, all_runs
from train.pretrained import read_tensors
from train.recipe import check_overrides
from train.run_folder import other_faces
from train.start import build, check_follows, start
from train.teach import check_same


def check_options(options: PlanOptions) -> None:
    """Raise UserError where what was asked for cannot be, whichever row it is for."""
    if options.dataset:
        find(options.dataset)
    check_overrides(options.changes)
    if options.msceleb:
        read_tensors(str(options.msceleb))


def check_rows(planned: Sequence[PlannedRow], changes: Sequence[str] = ()) -> None:
    """Raise UserError where no row can be trained, or `changes` of every recipe do not fit one.

    Others than these are a row's own, and cost that row alone.
    """
    errors = [row.error for row in planned if row.error]
    if any(row.runs for row in planned):
        for row in planned:
            if row.error and changes and _loads(row.row.recipe):
                raise UserError(
                    f"row {row.row.name}: {row.error}; --set is for every row: ask for those that it fits "
                    "with --rows"
                )
        return
    if not errors:
        raise UserError(
            "the rows that were asked for have no recipe, they are cited only: use others"
        )
    others = f"; none of the {len(errors)} rows can be trained" if len(errors) > 1 else ""
    raise UserError(f"{errors[0]}{others}")


def check_data(planned: Sequence[PlannedRow], workshop: Workshop) -> dict[str, Faces]:
    """The training faces of each data set. Raises UserError where none can be read; one of several fails
    with its own rows."""
    runs = {run.recipe.dataset: run for run in all_runs(planned)}
    errors = []
    found = {}
    for name, run in runs.items():
        dataset = find(name)
        try:
            # What is scored comes first: a split's name that is wrong is told before a long reading.
            for split in dict.fromkeys((workshop.scored(run), dataset.selection, dataset.training)):
                faces = dataset.load(workshop.root, split, workshop.limit)
            found[name] = faces  # the training split is the last
        except UserError as error:
            errors.append(error)
    if errors and len(errors) == len(runs):
        raise errors[0]
    return found


def check_runs(
    planned: Sequence[PlannedRow], training: Mapping[str, Faces], workshop: Workshop
) -> None:
    """Raise UserError where a run that is there already learned from other faces than these, or other weight files."""
    for run in all_runs(planned):
        folder, recipe = workshop.folder(run), run.recipe
        facts = facts_of(folder)
        known = recipe.dataset in training
        other = other_faces(facts, training[recipe.dataset]) if known else ""
        if other:
            raise UserError(
                f"{folder} is of {other}: give the same --root, or choose another --output"
            )
        if facts:
            check_same(recipe.teachers, facts.get("teachers", {}), folder)
            check_same([recipe.init] if recipe.init else [], facts.get("init", {}), folder)


def built(
    planned: Sequence[PlannedRow], training: Mapping[str, Faces], root: Path
) -> list[PlannedRow]:
    """The rows; those that cannot be built for the `training` faces in `root` have an error instead of runs."""
    errors: dict[str, str] = {}
    with_votes = cache(lambda name: with_crowd(training[name], root))
    found = []
    for row in planned:
        stages = (stage for run in row.runs for stage in run.stages())
        told = [_error(stage, training, with_votes, errors) for stage in stages]
        error = next(filter(None, told), "")
        found.append(replace(row, runs=(), error=error) if error else row)
    return found


def _error(
    run: Run,
    training: Mapping[str, Faces],
    with_votes: Callable[[str], Faces],
    errors: dict[str, str],
) -> str:
    """Why it cannot be built, empty where it can.

    `with_votes`: the training faces of a data set for those that learn votes. `errors`: of those that were tried,
    seeds alike.
    """
    recipe = replace(run.recipe, seed=0)
    facts = json.dumps(recipe.to_dict(), sort_keys=True)
    if facts not in errors and recipe.dataset in training:
        try:
            faces_of = with_votes if recipe.learns_votes else training.__getitem__
            faces = faces_of(recipe.dataset)
            network, _ = build(recipe, faces)
            if run.before:
                check_follows(network, recipe, run.before.recipe, len(faces.classes))
            start(network, recipe, faces.classes, None)
            origin(recipe)
            errors[facts] = ""
        except UserError as error:
            errors[facts] = str(error)
    return errors.get(facts, "")


def _loads(recipe: str) -> bool:
    try:
        recipes.load(recipe)
    except UserError:
        return False
    return True
