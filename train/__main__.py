"""`python -m train`: the workshop's commands."""

import argparse
import os
import sys
from pathlib import Path

from train.errors import UserError


def main() -> int:
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except UserError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train: stopped; go on with --resume", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fit = commands.add_parser("fit", help="train one recipe")
    fit.set_defaults(run=_fit)
    fit.add_argument("--recipe", required=True, help="a name in train/recipes, or a YAML file")
    _add_root(fit)
    fit.add_argument("--output", required=True, type=Path, help="folder of the run")
    fit.add_argument("--resume", action="store_true", help="go on from the folder's last.ckpt")
    fit.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a field (a.b=c nests)"
    )
    fit.add_argument("--limit", type=int, metavar="N", help="only N faces a split: a smoke run")
    fit.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    fit.add_argument(
        "--compile", action="store_true", help="use torch.compile (a C++ compiler or a GPU)"
    )
    return parser


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        default=os.environ.get("FER_DATA"),
        help="the data set's folder or file (default: the environment's FER_DATA)",
    )


def _root(arguments: argparse.Namespace) -> Path:
    if arguments.root is None:
        raise UserError("no data set given: add --root FOLDER, or set FER_DATA")
    return Path(arguments.root)


def _fit(arguments: argparse.Namespace) -> None:
    from train.fit import fit
    from train.recipe import load

    fit(
        load(arguments.recipe, arguments.set),
        _root(arguments),
        arguments.output,
        resume=arguments.resume,
        limit=arguments.limit,
        accelerator=arguments.device,
        compiled=arguments.compile,
    )


if __name__ == "__main__":
    sys.exit(main())
