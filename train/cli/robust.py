"""`robustness`."""

import argparse

from fer_live.home import place
from train.cli.options import add_dataset, add_device, add_limit, add_root, natural, root_of


def add_robustness(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_robustness)
    parser.add_argument(
        "--weights",
        required=True,
        nargs="+",
        help="shipped names or .safetensors files, each by itself; the first is what others are held against",
    )
    add_dataset(parser)
    add_root(parser)
    parser.add_argument(
        "--split", help="its name (default: the one that selects, FER2013's public)"
    )
    parser.add_argument("--output", required=True, type=place, help="folder for the results")
    parser.add_argument(
        "--seed", type=natural, default=0, help="of noise and directions (default: 0)"
    )
    add_limit(parser)
    add_device(parser)


def _robustness(arguments: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from fer_live.device import choose_device
    from train.grids import print_grid
    from train.robustness import RobustnessOptions, robustness, sentences, title

    found = robustness(
        arguments.weights,
        arguments.dataset,
        root_of(arguments),
        arguments.output,
        choose_device(arguments.device),
        RobustnessOptions(arguments.split, arguments.seed, arguments.limit),
    )
    table = Table(title=f"{escape(title(found))}: accuracy in %")
    for column, name in enumerate(found["table"].columns):
        table.add_column(str(name), justify="left" if column < 2 else "right", no_wrap=column < 2)
    for model, corruption, *values in found["table"].itertuples(index=False):
        table.add_row(escape(model), corruption, *(f"{value:.1f}" for value in values))
    console = Console()
    print_grid(table, console)
    for line in [*sentences(found), f"written to {arguments.output}"]:
        console.print(line, markup=False, soft_wrap=True)
