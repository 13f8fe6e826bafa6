"""`recipes` and `reproduce`."""

import argparse
from pathlib import Path

from fer_live.home import place
from train.cli.options import (
    add_compile,
    add_device,
    add_limit,
    add_root,
    add_set,
    names,
    positive,
    root_of,
)


def add_recipes(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_recipes)


def add_reproduce(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_reproduce, again=lambda options: "give the same command to go on")
    parser.add_argument("table", help="a name in train/tables, or a YAML file")
    add_root(parser)
    parser.add_argument("--dataset", help="its name (default: the recipes' own)")
    parser.add_argument(
        "--output", type=place, help="folder for runs and report (default: runs/TABLE)"
    )
    parser.add_argument("--epochs", type=positive, metavar="N", help="of every stage that trains")
    parser.add_argument("--seeds", type=positive, default=1, metavar="K", help="0 to K-1")
    parser.add_argument("--rows", type=names, default=[], metavar="A,B", help="only these rows")
    parser.add_argument("--split", help="what is scored (default: the split that selects)")
    parser.add_argument("--msceleb", type=place, metavar="FILE", help="MS-Celeb-1M weights")
    parser.add_argument("--imagenet", action="store_true", help="fetch and use ImageNet weights")
    add_set(parser, "every recipe, in its first stage too")
    add_limit(parser)
    add_device(parser)
    add_compile(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="print the plan and the time it would take"
    )


def _recipes(arguments: argparse.Namespace) -> None:
    from train.listing import print_recipes

    print_recipes()


def _reproduce(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.outcome import Workshop
    from train.plan import PlanOptions
    from train.reproduce import reproduce

    options = PlanOptions(
        dataset=arguments.dataset,
        epochs=arguments.epochs,
        seeds=arguments.seeds,
        rows=arguments.rows,
        limit=arguments.limit,
        msceleb=arguments.msceleb,
        imagenet=arguments.imagenet,
        changes=arguments.set,
    )
    workshop = Workshop(
        root=root_of(arguments),
        output=arguments.output or Path("runs") / Path(arguments.table).stem,
        device=choose_device(arguments.device),
        compiled=arguments.compile,
        limit=arguments.limit,
        split=arguments.split,
    )
    reproduce(arguments.table, options, workshop, arguments.dry_run)
