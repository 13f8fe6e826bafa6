"""Where a run comes from: the code that trained it, and the weight files that it learned from."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_live import card as cards
from fer_live.card import Card
from train.recipe import Recipe


def commit() -> str:
    """Of the checkout that this file lies in, with "-dirty" where it holds other changes."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def commits_of(facts: Mapping[str, Any]) -> str:
    """Those that a run was trained by, one for each time that the code was another; for a person."""
    return ", then ".join(facts.get("commits", ["unknown"]))  # older versions did not say


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
            each = [f"{card.name} (commit {card.commit}{_fitted(card)})" for card in found]
            said.append(f"{how} {', '.join(each)}")
    return "; ".join(said)


def _fitted(card: Card) -> str:
    split = card.training.get("matrix_scaling", {}).get("split")
    return f", last layer fitted to {split}" if split else ""
