"""The folder of a run: who may write to it, and what it says of the run."""

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
import yaml
from filelock import FileLock, Timeout
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from fer_live import card as cards
from fer_live.errors import UserError
from train.recipe import Recipe

# Whoever starts several processes tells each of them its number by one of these.
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
LAST = "last.ckpt"
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
    _write(output / "recipe.yaml", yaml.safe_dump(recipe.to_dict(), sort_keys=False))


def resume(recipe: Recipe, output: Path) -> Path | None:
    """The checkpoint to go on from; None for a run that was stopped in its first stage.

    Raises UserError where there is neither, or where the run has another recipe.
    """
    stages = [folder / LAST for folder in (output, output / BEFORE)]
    if not any(checkpoint.is_file() for checkpoint in stages):
        raise UserError(f"{output} has no {LAST} to resume: leave --resume out")
    now = recipe.to_dict()
    # What a recipe of an older version does not say, it left as it is by default.
    before = Recipe(recipe.network).to_dict()
    before |= yaml.safe_load((output / "recipe.yaml").read_text())
    changed = [
        f"{key} ({before.get(key)!r}, now {now[key]!r})"
        for key in sorted(now)
        if now[key] != before.get(key)
    ]
    if changed:
        raise UserError(
            f"{output} was trained with another {', '.join(changed)}: resume with the same recipe, "
            "or choose another --output"
        )
    return stages[0] if stages[0].is_file() else None


def is_finished(output: Path) -> bool:
    """Whether the run in this folder has come to its end."""
    facts = output / "run.json"
    return facts.is_file() and json.loads(facts.read_text())["finished"]


def write_facts(
    output: Path, trainer: lightning.Trainer, limit: int | None, note: str, finished: bool = False
) -> None:
    """`run.json`: where the numbers of this run come from, for its card. `note`: see `origin`."""
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    facts: dict[str, Any] = {
        "device": f"{device.type} ({name})",
        "processes": trainer.world_size,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "limit": limit,
        "finished": finished,
    }
    if note:
        facts["note"] = note
    _write(output / "run.json", json.dumps(facts, indent=2))


def origin(recipe: Recipe) -> str:
    """The weight files that a run learns from, as they are now: their names alone would mean others one day."""
    parts = {
        "from the weights of": [recipe.init] if recipe.init else [],
        "taught by": recipe.teachers,
    }
    said = []
    for how, names in parts.items():
        found = [cards.load_card(cards.find_weights(name)) for name in names]
        if found:
            each = [f"{card.name} (commit {card.commit})" for card in found]
            said.append(f"{how} {', '.join(each)}")
    return "; ".join(said)


@rank_zero_only
def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise UserError(
            f"cannot write {path} ({error.strerror}): make room, or choose another --output"
        ) from None
