"""What the window shows, and the keys that change it."""

from dataclasses import dataclass, replace
from enum import Enum


class Action(Enum):
    """What a key asks for; the value is what the help calls it."""

    QUIT = "quit"
    HEATMAP = "heat-map"
    BARS = "bars"
    SNAPSHOT = "save a picture"
    PAUSE = "pause"
    HELP = "this help"


# Key, by the name that Window.poll gives it -> action. "close" is the window's close button.
KEYS = {
    "q": Action.QUIT,
    "esc": Action.QUIT,
    "close": Action.QUIT,
    "g": Action.HEATMAP,
    "b": Action.BARS,
    "s": Action.SNAPSHOT,
    "space": Action.PAUSE,
    "h": Action.HELP,
}


@dataclass(frozen=True)
class View:
    """What is shown."""

    heatmap: bool = False
    bars: bool = True
    help: bool = False
    paused: bool = False

    def after(self, action: Action | None) -> "View":
        """The view once the action is done; quitting and snapshots do not change it."""
        if action is Action.HEATMAP:
            return replace(self, heatmap=not self.heatmap)
        if action is Action.BARS:
            return replace(self, bars=not self.bars)
        if action is Action.HELP:
            return replace(self, help=not self.help)
        if action is Action.PAUSE:
            return replace(self, paused=not self.paused)
        return self


def key_help() -> list[tuple[str, str]]:
    """Keys and what they do, for the help."""
    keys: dict[Action, list[str]] = {}
    for key, action in KEYS.items():
        if key != "close":
            keys.setdefault(action, []).append(key)
    return [(" or ".join(names), action.value) for action, names in keys.items()]
