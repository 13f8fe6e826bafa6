"""The commands, a file for those that belong together. What they need is imported when they run."""

import argparse
from collections.abc import Callable

from train.cli import compare, learn, robust, score

# Name -> what it does, and what gives its parser the options.
COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "recipes": ("list all recipes", compare.add_recipes),
    "fit": ("train one recipe", learn.add_fit),
    "tune": ("search better settings for a recipe", learn.add_tune),
    "export": ("write a run's best weights with their card", score.add_export),
    "refresh": ("measure anew what a weight file's card says", score.add_refresh),
    "evaluate": ("score weight files on one split", score.add_evaluate),
    "robustness": ("score weight files on spoilt pictures", robust.add_robustness),
    "audit": ("find twins, conflicting labels and blank frames in a data set", score.add_audit),
    "reproduce": ("train, score and report all rows of a published table", compare.add_reproduce),
}

__all__ = ["COMMANDS"]
