"""What people call the expressions."""

import re

from fer_live.expressions import (
    ANGRY,
    CONTEMPT,
    DISGUST,
    FEAR,
    HAPPY,
    NEUTRAL,
    SAD,
    SURPRISE,
    Expression,
)

SYNONYMS: dict[Expression, tuple[str, ...]] = {
    ANGRY: ("anger",),
    DISGUST: ("disgusted",),
    FEAR: ("fearful", "afraid", "scared"),
    HAPPY: ("happiness", "joy"),
    SAD: ("sadness",),
    SURPRISE: ("surprised",),
    NEUTRAL: ("neutrality",),
    CONTEMPT: ("contemptuous",),
}
_BY_NAME = {
    name: expression
    for expression, others in SYNONYMS.items()
    for name in (expression.value, *others)
}


def expression_of(name: str) -> Expression | None:
    """The expression of that name, in any case and after a number ("3_Happiness"); None where there is none."""
    return _BY_NAME.get(re.sub(r"^\d+[\s._-]+", "", name.strip()).lower())


def known_names() -> str:
    """All names, for a message."""
    return ", ".join(_BY_NAME)
