"""What the window shows, and the keys that change it."""

from dataclasses import dataclass, replace
from enum import Enum

STRENGTHS = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95)  # of the heat-map


class Action(Enum):
    """What a key asks for; the value is what the help calls it."""

    QUIT = "quit"
    PAUSE = "pause, go on"
    PANEL = "panel for one face"
    SELECT = "next face (or click it)"
    HEATMAP = "heat-map"
    CLASS = "heat-map of that bar, from the top"
    PREDICTED = "heat-map of the predicted one"
    STRONGER = "stronger heat-map"
    WEAKER = "weaker heat-map"
    BARS = "bars"
    MODEL = "next model"
    RECORD = "record a video, stop"
    LOG = "write a log, stop"
    SNAPSHOT = "save a picture"
    FULLSCREEN = "full screen"
    HELP = "this help"


# Key, by the name that Window.poll gives it -> action. "close" is the window's close button.
KEYS = {
    "q": Action.QUIT,
    "esc": Action.QUIT,
    "close": Action.QUIT,
    "space": Action.PAUSE,
    "p": Action.PANEL,
    "tab": Action.SELECT,
    "g": Action.HEATMAP,
    **{str(number): Action.CLASS for number in range(1, 9)},
    "0": Action.PREDICTED,
    "+": Action.STRONGER,
    "=": Action.STRONGER,  # the same key without Shift
    "-": Action.WEAKER,
    "b": Action.BARS,
    "m": Action.MODEL,
    "r": Action.RECORD,
    "l": Action.LOG,
    "s": Action.SNAPSHOT,
    "f": Action.FULLSCREEN,
    "h": Action.HELP,
}
UNTOLD = ("close", "=")  # keys that the help leaves out


@dataclass(frozen=True)
class View:
    """What is shown. `strength`: the heat-map's opacity. `chosen`: the number of the expression, from 0,
    whose heat-map is shown; None for the predicted one's."""

    heatmap: bool = False
    bars: bool = True
    panel: bool = False
    help: bool = False
    paused: bool = False
    strength: float = 0.65
    chosen: int | None = None

    @property
    def needs_maps(self) -> bool:
        return self.heatmap or self.panel

    def after(self, action: Action | None) -> "View":
        """The view once the action is done; quitting, snapshots and their like do not change it."""
        if action is Action.HEATMAP:
            return replace(self, heatmap=not self.heatmap)
        if action is Action.BARS:
            return replace(self, bars=not self.bars)
        if action is Action.PANEL:
            return replace(self, panel=not self.panel)
        if action is Action.HELP:
            return replace(self, help=not self.help)
        if action is Action.PAUSE:
            return replace(self, paused=not self.paused)
        if action is Action.PREDICTED:
            return replace(self, chosen=None)
        if action is Action.STRONGER:
            higher = [s for s in STRENGTHS if s > self.strength]
            return replace(self, heatmap=True, strength=min(higher, default=self.strength))
        if action is Action.WEAKER:
            lower = [s for s in STRENGTHS if s < self.strength]
            return replace(self, heatmap=True, strength=max(lower, default=self.strength))
        return self

    def choosing(self, number: int) -> "View":
        """With the heat-map of that expression; the same once more gives the predicted one's back."""
        if self.heatmap and self.chosen == number:
            return replace(self, chosen=None)
        return replace(self, heatmap=True, chosen=number)


def key_help(expressions: int) -> list[tuple[str, str]]:
    """Keys and what they do, for the help; a number for each of so many expressions."""
    keys: dict[Action, list[str]] = {}
    for key, action in KEYS.items():
        beyond = action is Action.CLASS and int(key) > expressions
        if key not in UNTOLD and not beyond:
            keys.setdefault(action, []).append(key)
    return [(_joined(names), action.value) for action, names in keys.items()]


def _joined(names: list[str]) -> str:
    return " or ".join(names) if len(names) < 3 else f"{names[0]} to {names[-1]}"
