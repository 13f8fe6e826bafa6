"""`fit` and `tune`."""

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from fer_live.errors import UserError
from fer_live.home import place
from train.cli.options import (
    add_compile,
    add_device,
    add_limit,
    add_root,
    add_set,
    positive,
    root_of,
)

if TYPE_CHECKING:
    from train.recipe import Recipe


def add_fit(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_fit, again=_again)
    parser.add_argument("--recipe", required=True, help="a name in train/recipes, or a YAML file")
    add_root(parser)
    parser.add_argument("--output", required=True, type=place, help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's last.ckpt")
    parser.add_argument(
        "--teacher",
        nargs="+",
        default=[],
        metavar="WEIGHTS",
        help="learn from what these say of each face as well (the strategy distillation in place of the recipe's)",
    )
    add_set(parser, "the recipe")
    add_limit(parser)
    add_device(parser)
    parser.add_argument(
        "--devices",
        default="1",
        help='how many on each machine, "auto" for all, or a list such as 0,2 (default: 1)',
    )
    parser.add_argument("--nodes", type=positive, default=1, help="machines (default: 1)")
    parser.add_argument(
        "--strategy", default="auto", help="Lightning's, for several devices (default: auto)"
    )
    add_compile(parser)


def add_tune(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_tune, again=lambda options: "give the same command to go on")
    parser.add_argument("--recipe", required=True, help="a name in train/recipes, or a YAML file")
    add_root(parser)
    parser.add_argument("--output", required=True, type=place, help="folder of the study")
    parser.add_argument("--trials", required=True, type=positive, metavar="N", help="in all")
    parser.add_argument(
        "--metric",
        default="accuracy",
        choices=["accuracy", "macro_recall"],
        help="on the selection split (default: accuracy)",
    )
    add_set(parser, "the recipe")
    add_limit(parser)
    add_device(parser)
    add_compile(parser)


def _fit(arguments: argparse.Namespace) -> None:
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    from train.fit import fit
    from train.recipe import load
    from train.trainer import FitOptions

    options = FitOptions(
        resume=arguments.resume,
        limit=arguments.limit,
        accelerator=arguments.device,
        compiled=arguments.compile,
        devices=arguments.devices,
        nodes=arguments.nodes,
        parallel=arguments.strategy,
    )
    recipe = load(arguments.recipe, arguments.set, teachers=arguments.teacher)
    fit(recipe, root_of(arguments), arguments.output, options)
    rank_zero_only(print)(_what_came(recipe, arguments.output, root_of(arguments)))


def _what_came(recipe: "Recipe", run: Path, root: Path) -> str:
    """The best epoch, and the command that makes a weight file of it."""
    from train.checkpoints import best_of
    from train.strategies import STRATEGIES

    epoch, score = best_of(run)
    chosen = then = ""
    if not STRATEGIES[recipe.strategy].classifies:
        then = "; then train a classifier with --set init=NAME"
    elif score is not None:
        chosen = f"best: epoch {epoch}, {score:.2%} of the selection split. "
    command = ["python", "-m", "train", "export", "--run", str(run), "--name", "NAME"]
    if str(root) != os.environ.get("FER_DATA"):
        command += ["--root", str(root)]
    return f"{chosen}Next: {shlex.join(command)}{then}"


def _again(arguments: argparse.Namespace) -> str:
    from train.run_folder import is_begun

    if is_begun(arguments.output):
        return "go on with --resume"
    return "nothing is saved yet: give the same command to start again"


def _tune(arguments: argparse.Namespace) -> None:
    from train.recipe import load
    from train.trainer import FitOptions

    try:
        from train.tune import TuneOptions, print_study, tune
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("tune needs Optuna: pip install optuna") from None
    study = tune(
        load(arguments.recipe, arguments.set),
        root_of(arguments),
        arguments.output,
        TuneOptions(arguments.trials, arguments.metric),
        FitOptions(limit=arguments.limit, accelerator=arguments.device, compiled=arguments.compile),
    )
    print_study(study, arguments.output)
