"""`python -m train`: the workshop's commands."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from fer_live import packaged
from fer_live.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 2 on bad input, 130 when stopped."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
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
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a field (a.b=c nests)",
    )
    fit.add_argument("--limit", type=int, metavar="N", help="only N faces a split: a smoke run")
    _add_device(fit)
    fit.add_argument(
        "--compile", action="store_true", help="use torch.compile (a C++ compiler or a GPU)"
    )
    _add_evaluate(commands)
    _add_export(commands)
    return parser


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser("evaluate", help="score a weight file on one split")
    parser.set_defaults(run=_evaluate)
    parser.add_argument("--weights", required=True, help="a shipped name, or a .safetensors file")
    parser.add_argument("--dataset", default="fer2013", help="its name (default: fer2013)")
    _add_root(parser)
    parser.add_argument(
        "--split", help="its name (default: the one that selects, FER2013's public)"
    )
    parser.add_argument("--output", required=True, type=Path, help="folder for the results")
    parser.add_argument(
        "--tta", action="store_true", help="average ten views: mirrored and shifted"
    )
    _add_device(parser)


def _add_export(commands: Any) -> None:
    parser = commands.add_parser("export", help="write a run's best weights with their card")
    parser.set_defaults(run=_export)
    parser.add_argument("--run", dest="folder", required=True, type=Path, help="folder of the run")
    parser.add_argument("--name", required=True, help="name of the weight file")
    parser.add_argument("--output", type=Path, default=packaged.folder("weights"))
    _add_root(parser)
    _add_device(parser)


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])


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
    from train.fit import FitOptions, fit
    from train.recipe import load

    options = FitOptions(
        arguments.resume, arguments.limit, arguments.device, compiled=arguments.compile
    )
    fit(load(arguments.recipe, arguments.set), _root(arguments), arguments.output, options)


def _evaluate(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.evaluate import evaluate, print_scores

    scores = evaluate(
        arguments.weights,
        arguments.dataset,
        _root(arguments),
        arguments.split,
        arguments.output,
        arguments.tta,
        choose_device(arguments.device),
    )
    print_scores(scores, arguments.output)


def _export(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.export import export

    device = choose_device(arguments.device)
    path = export(arguments.folder, _root(arguments), arguments.name, arguments.output, device)
    print(f"written: {path} ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    sys.exit(main())
