"""The folder of a run: who may write to it, and what it says of the run."""

import contextlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
import torch
import yaml
from filelock import FileLock, Timeout
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from fer_live.errors import UserError
from train.checkpoints import LAST
from train.data import Faces
from train.origin import commit
from train.recipe import Recipe
from train.teach import check_same, digests

# Whoever starts several processes tells each of them its number by one of these.
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
RECIPE = "recipe.yaml"
FACTS = "run.json"
BEFORE = "before"  # the folder of the run that a recipe comes after


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder, made where it is not there, until the end of the block.

    Processes that train together hold it through their first one. Raises UserError where it is another's.
    """
    if any(os.environ.get(name, "0") != "0" for name in RANKS):
        yield
        return
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{folder} is in use by another process: wait for its end, or choose another --output"
        ) from None
    except OSError as error:
        raise UserError(
            f"cannot write to {folder} ({error.strerror}): choose another --output"
        ) from None
    try:
        yield
    finally:
        lock.release()


def begin(recipe: Recipe, output: Path) -> None:
    """Note the recipe in the folder. Raises UserError where it holds a run already."""
    if is_finished(output):
        raise UserError(f"{output} holds a finished run: choose another --output")
    if (output / LAST).exists():
        raise UserError(f"{output} holds a run already: add --resume, or choose another --output")
    _write(output / RECIPE, yaml.safe_dump(recipe.to_dict(), sort_keys=False))
    _forget(output / FACTS)  # of one that never came to a checkpoint


def resume(recipe: Recipe, output: Path, limit: int | None) -> Path | None:
    """The checkpoint to go on from; None for a run that was stopped in its first stage, or is finished without.

    Raises UserError where there is none, or where the run has another recipe, limit or teacher.
    """
    begun = _begun(output)
    if not begun and not is_finished(output):
        raise UserError(f"{output} has no {LAST} to resume: leave --resume out")
    facts = read_facts(begun[0] if begun else output)
    before = {"limit": facts.get("limit", limit)}  # older versions did not say
    begun_as = _recipe_of(output)
    if recipe.precision == "auto":  # which goes on with what the run has, see `as_begun`
        begun_as["precision"] = "auto"
    changed = differences(recipe, before | begun_as, {"limit": limit})
    if changed:
        raise UserError(
            f"{output} was trained otherwise, {changed}: resume with the same recipe and --limit, "
            "or choose another --output"
        )
    own = read_facts(output)
    if not own.get("finished"):
        check_same(recipe.teachers, own.get("teachers", {}), output)
    return output / LAST if (output / LAST).is_file() else None


def as_begun(recipe: Recipe, output: Path) -> Recipe:
    """The recipe with the precision that its run was begun in, if that was left to the device.

    Without the weights that it began from, once a checkpoint holds what became of them.
    """
    facts = read_facts(output)
    known = facts.get("precision", _recipe_of(output).get("precision"))
    if recipe.precision == "auto" and known:
        recipe = replace(recipe, precision=known)
    if (output / LAST).is_file() and "note" in facts:  # which tells of them
        recipe = replace(recipe, init="")
    return recipe


def check_faces(output: Path, training: Faces) -> None:
    """Raise UserError where the run was begun with other training faces."""
    other = other_faces(read_facts(output), training)
    if other:
        raise UserError(
            f"{output} was begun with {other}: resume with the same --root, or choose another --output"
        )


def other_faces(facts: Mapping[str, Any], training: Faces) -> str:
    """How a run's training faces differ from these; empty where they do not, or older versions did not say."""
    before, now = facts.get("faces"), training.counts_by_name()
    if before in (None, now):
        return ""
    return f"other training faces ({_said(before)}; now {_said(now)})"


def _said(faces: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in faces.items())


def is_begun(output: Path) -> bool:
    """Whether there is something to resume, of the run or of the one before it."""
    return bool(_begun(output))


def _begun(output: Path) -> list[Path]:
    return [folder for folder in (output, output / BEFORE) if (folder / LAST).is_file()]


def differences(recipe: Recipe, before: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """The fields of a recipe, and facts beside it, that have other values than before; empty where none has."""
    now = recipe.to_dict() | dict(facts)
    # What a recipe of an older version does not say, it left as it is by default.
    then = Recipe(recipe.network).to_dict() | dict(before)
    changed = (key for key in sorted(now) if now[key] != then.get(key))
    return ", ".join(f"{key} ({then.get(key)!r}, now {now[key]!r})" for key in changed)


def _recipe_of(output: Path) -> dict[str, Any]:
    path = output / RECIPE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        content = None
    if isinstance(content, dict):
        return content
    state = "is not a recipe" if path.exists() else "is missing"
    raise UserError(
        f"{path} {state}: put the run's recipe there, or delete {output} and train it again"
    )


def is_finished(output: Path) -> bool:
    """Whether the run in this folder has come to its end. Raises UserError as `read_facts` does."""
    return bool(read_facts(output).get("finished", False))


def read_facts(output: Path) -> dict[str, Any]:
    """What `write_facts` wrote; empty where it has not. Raises UserError where it cannot be read."""
    path = output / FACTS
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        facts = None
    if not isinstance(facts, dict):
        raise UserError(f"{path} is broken: delete it, and training on with --resume writes it")
    return facts


def write_facts(
    output: Path,
    trainer: lightning.Trainer,
    training: Faces,
    limit: int | None,
    note: str,
) -> dict[str, Any]:
    """Begin `run.json`, or go on with it: where the numbers of this run come from, for its card. Returns it.

    `note`: see `train.origin`. It and what the run learns from stay as they were when it was begun. The code is that
    of each start: a checkout may go on while it trains.
    """
    begun = read_facts(output) or _beginning(_recipe_of(output), note)
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    commits, now = begun.get("commits", ["unknown"]), commit()  # older versions did not say
    facts: dict[str, Any] = {
        "device": f"{device.type} ({name})",
        "processes": trainer.world_size,
        "threads": torch.get_num_threads(),
        "precision": trainer.precision,
        "torch": torch.__version__,
        "commits": commits if now in commits[-1:] else [*commits, now],
        "limit": limit,
        "faces": training.counts_by_name(),
        "finished": False,
    }
    facts |= {key: begun[key] for key in ("note", "teachers", "init") if begun.get(key)}
    _write(output / FACTS, json.dumps(facts, indent=2))
    return facts


def finish(output: Path, facts: Mapping[str, Any]) -> None:
    """Note that the run is finished; `facts`: those of its last start."""
    _write(output / FACTS, json.dumps({**facts, "finished": True}, indent=2))


def _beginning(recipe: Mapping[str, Any], note: str) -> dict[str, Any]:
    init = recipe.get("init")
    return {
        "note": note,
        "commits": [],
        "teachers": digests(recipe["teachers"]),
        "init": digests([init] if init else []),
    }


@rank_zero_only
def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


@rank_zero_only
def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise UserError(
            f"cannot write {path} ({error.strerror}): make room, or choose another --output"
        ) from None
