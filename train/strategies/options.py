"""What a recipe may ask of a strategy."""

import inspect
from collections.abc import Mapping
from math import inf, isfinite, nan
from typing import Any

from fer_live.errors import UserError

SHARE = (0.0, 1.0)
# Option -> the lowest and the highest value, where 0 or more is too much.
LIMITS = {
    "beta": (0.0, 0.999999),
    "deferred_from": SHARE,
    "high_share": SHARE,
    "mixing_from": SHARE,
    "relabel_from": SHARE,
    "relabel_margin": (-1.0, 1.0),  # of two probabilities
    "share": SHARE,
    "taught": SHARE,
}
POSITIVE = ("alpha", "temperature")  # they divide, or shape a distribution
# What is a share in one strategy and any factor in others.
OWN_LIMITS = {("distillation", "weight"): SHARE}


def check_options(strategy: type, name: str, options: Mapping[str, Any], where: str = "") -> None:
    """Raise UserError on the first option that the strategy called `name` does not have, or cannot have so."""
    known = dict(list(inspect.signature(strategy).parameters.items())[1:])  # the first is the task
    for option, value in options.items():
        if option not in known:
            raise UserError(
                f"{where}options: {option!r} is not one of strategy {name}'s: {', '.join(known) or 'none'}"
            )
        limits = OWN_LIMITS.get((name, option), LIMITS.get(option, (0.0, inf)))
        wanted = _what_is_wanted(option, value, known[option].default, limits)
        if wanted:
            raise UserError(f"{where}options.{option} is {value!r}: use {wanted}")


def _what_is_wanted(option: str, value: Any, default: Any, limits: tuple[float, float]) -> str:
    """Empty where the value can be that of an option with this default and these limits."""
    if isinstance(default, tuple):
        whole = isinstance(value, list | tuple) and value and all(map(_is_count, value))
        return "" if whole else "a list of whole numbers from 1"
    if isinstance(default, int):
        return "" if _is_count(value) else "a whole number from 1"
    number = value if _is_number(value) else nan  # in no limits
    if option in POSITIVE:
        return "" if number > 0 else "a number above 0"
    lowest, highest = limits
    upper = "or more" if highest == inf else f"to {highest:g}"
    return "" if lowest <= number <= highest else f"a number, {lowest:g} {upper}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
