"""What a card's fields may hold: a reading with a deviation of 0 or a temperature in words would be none."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_live.card import Card

PERCENTILES = 101  # 0th to 100th


def check_fields(card: "Card") -> None:
    """Raises ValueError, which names the first field that no reading could be made with."""
    values = vars(card) | {f"crop.{name}": value for name, value in asdict(card.crop).items()}
    for names, right, expected in RULES:
        for name in names.split():
            if not right(values[name]):
                raise ValueError(f"{name} is {shortened(values[name])}, not {expected}")
    for name in ("size", "channels"):
        given = card.arguments.get(name, values[name])
        if given != values[name]:
            raise ValueError(f"{name} is {values[name]}, and {shortened(given)} in its arguments")


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # which nan is not


def _positive(value: Any) -> bool:
    return _finite(value) and value > 0


def _count(value: Any) -> bool:
    return type(value) is int and value > 0


def _share(value: Any) -> bool:
    return _finite(value) and 0 <= value <= 1


def _shares(values: tuple[Any, ...]) -> bool:
    return all(map(_share, values))


def _distinct(values: tuple[Any, ...]) -> bool:
    return len(set(values)) == len(values)


def _quantiles(values: tuple[Any, ...]) -> bool:
    return len(values) in (0, PERCENTILES) and all(map(_finite, values)) and _ascend(values)


def _ascend(values: tuple[Any, ...]) -> bool:
    return list(values) == sorted(values)


RULES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("name network dataset licence commit", _is(str), "a text"),
    ("arguments split_sizes recipe training metrics versions", _is(dict), "an object"),
    ("mean crop.offset_x crop.offset_y", _finite, "a finite number"),
    ("deviation temperature tta_temperature crop.margin", _positive, "a finite number above 0"),
    ("size", _count, "a whole number above 0"),
    ("channels", lambda value: _count(value) and value in (1, 3), "1 or 3"),
    ("crop.align", _is(bool), "true or false"),
    ("abstain_below", _share, "a number from 0 to 1"),
    ("labels", _distinct, "each expression once"),
    ("prior", _shares, "numbers from 0 to 1"),
    ("uncertainty_quantiles", _quantiles, f"{PERCENTILES} numbers that ascend, or none"),
)
