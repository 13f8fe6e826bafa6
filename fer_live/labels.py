"""What a reading is called: honest where classes are close, and steady from frame to frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fer_live.expressions import Expression

Label: TypeAlias = tuple[Expression, ...]  # one, two, or none where not even two are sure enough
Probabilities: TypeAlias = Mapping[Expression, float]

CLOSE = 0.08  # two expressions nearer than that are both named
SLACK = 0.05  # how much less sure a shown label may become
HOLD = 0.25  # seconds for which a shown label must be doubted before it changes
LEAP = 0.3  # a lead with which a new expression need not wait


def honest_label(probabilities: Probabilities, abstain_below: float) -> Label:
    """The most probable expression if it is sure enough and leads by CLOSE; else two, or none.

    `abstain_below`: the probability that what is named must reach, alone or as a pair.
    """
    first, *others = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    if not others:
        return (first,)
    second = others[0]
    sure, both = probabilities[first], probabilities[first] + probabilities[second]
    if sure >= abstain_below and sure - probabilities[second] >= CLOSE:
        return (first,)
    return (first, second) if both >= _enough_for_two(abstain_below) else ()


def still_fits(label: Label, probabilities: Probabilities, abstain_below: float) -> bool:
    """Whether a shown label may stay: it would be given if all were SLACK in its favour."""
    if not set(label) <= set(probabilities):
        return False
    named = sorted((probabilities[e] for e in label), reverse=True)
    other = max((p for e, p in probabilities.items() if e not in label), default=0.0)
    if len(label) == 1:
        lead = named[0] - other
        return named[0] >= abstain_below - SLACK and lead >= CLOSE - SLACK
    first, second = sorted(probabilities.values(), reverse=True)[:2]
    if first >= abstain_below + SLACK and first - second >= CLOSE + SLACK:
        return False  # one is sure enough by now
    if not label:
        return first + second < _enough_for_two(abstain_below) + SLACK
    still_first = named[1] >= other - SLACK
    return still_first and sum(named) >= _enough_for_two(abstain_below) - SLACK


def _enough_for_two(abstain_below: float) -> float:
    """Two of which the truth is rather neither are not worth naming."""
    return max(abstain_below, 0.5)


@dataclass(frozen=True)
class Naming:
    """A label over time. `doubted`: since when, in seconds, it fits no more; None while it fits."""

    label: Label
    doubted: float | None = None

    def after(self, probabilities: Probabilities, abstain_below: float, seconds: float) -> "Naming":
        """The same label while it fits and for HOLD seconds more; another at once if it clearly leads."""
        if still_fits(self.label, probabilities, abstain_below):
            return Naming(self.label)
        doubted = seconds if self.doubted is None else min(self.doubted, seconds)
        now = honest_label(probabilities, abstain_below)
        held = seconds - doubted >= HOLD
        if held or not set(self.label) <= set(probabilities) or self._overtaken(now, probabilities):
            return Naming(now)
        return Naming(self.label, doubted)

    def _overtaken(self, now: Label, probabilities: Probabilities) -> bool:
        """Whether a new expression leads all that are shown by a leap, or one of those shown the others."""
        fresh = [probabilities[e] for e in now if e not in self.label]
        if fresh:
            staying = [probabilities[e] for e in self.label]
        else:
            fresh = [probabilities[e] for e in now]
            staying = [probabilities[e] for e in self.label if e not in now]
        return max(fresh, default=0.0) - max(staying, default=0.0) >= LEAP
