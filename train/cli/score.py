"""`export`, `evaluate` and `audit`."""

import argparse
import math
from typing import Literal

from fer_live import packaged
from fer_live.home import place
from train.cli.options import add_dataset, add_device, add_root, root_of


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_export)
    parser.add_argument("--run", dest="folder", required=True, type=place, help="folder of the run")
    parser.add_argument("--name", required=True, help="name of the weight file")
    parser.add_argument("--output", type=place, default=packaged.folder("weights"))
    add_root(parser)
    _add_uncertainty(parser)
    parser.add_argument(
        "--head",
        default="labels",
        choices=["labels", "votes"],
        help="votes: the head that learned people's votes (arguments.crowd), which reads FER+'s eight expressions",
    )
    add_device(parser)


def add_refresh(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_refresh)
    parser.add_argument("--weights", required=True, help="a shipped name or a .safetensors file")
    add_root(parser)
    _add_uncertainty(parser)
    parser.add_argument(
        "--logit-adjustment",
        type=_finite,
        default=0.0,
        metavar="TAU",
        help="take TAU times the log prior from the file's logits for good, before it is measured",
    )
    scaling = parser.add_mutually_exclusive_group()
    scaling.add_argument(
        "--matrix-scaling",
        dest="scaling",
        action="store_const",
        const="matrix",
        help="calibrate the file's last layer for good, class by class, on the split that selects",
    )
    scaling.add_argument(
        "--bias-scaling",
        dest="scaling",
        action="store_const",
        const="bias",
        help="the same by a bias for each class alone",
    )
    add_device(parser)


def _add_uncertainty(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--uncertainty",
        default="auto",
        choices=["auto", "entropy", "head"],
        help="what the app shows: the network's head (by default where it agrees with FER+'s votes clearly better) or the probabilities' entropy",
    )


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_evaluate)
    parser.add_argument(
        "--weights",
        required=True,
        nargs="+",
        help="shipped names or .safetensors files; several vote",
    )
    parser.add_argument(
        "--vote",
        default="soft",
        choices=["soft", "majority"],
        help="of several: their mean (default), or most votes and the mean in a tie",
    )
    add_dataset(parser)
    add_root(parser)
    parser.add_argument(
        "--split", help="its name (default: the one that selects, FER2013's public)"
    )
    parser.add_argument("--output", required=True, type=place, help="folder for the results")
    parser.add_argument(
        "--tta", action="store_true", help="average ten views: mirrored and shifted"
    )
    parser.add_argument(
        "--logit-adjustment",
        nargs="?",
        const="auto",
        default=0.0,
        type=_strength,
        metavar="TAU",
        help="subtract TAU times the log prior from the logits; without a number, the one with the "
        "highest macro recall on the selection split",
    )
    parser.add_argument(
        "--exclude",
        type=place,
        metavar="FILE",
        help="leave out the faces on this list: a split and a row (from 0) a line, as audit writes it",
    )
    parser.add_argument(
        "--votes",
        action="store_true",
        help="compare each uncertainty with FER+'s votes, whose csv lies beside FER2013's",
    )
    parser.add_argument(
        "--pictures",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the faces in the folder, for `fer-live web --inspect` (default)",
    )
    add_device(parser)


def add_audit(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_audit)
    add_dataset(parser)
    add_root(parser)
    parser.add_argument("--output", required=True, type=place, help="folder for the results")
    add_device(parser)


def _export(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.export import export

    device = choose_device(arguments.device)
    path = export(
        arguments.folder,
        root_of(arguments),
        arguments.name,
        arguments.output,
        device,
        arguments.uncertainty,
        arguments.head,
    )
    print(f"written: {path} ({path.stat().st_size / 1e6:.1f} MB)")


def _refresh(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.refresh import refresh

    device = choose_device(arguments.device)
    path = refresh(
        arguments.weights,
        root_of(arguments),
        device,
        arguments.uncertainty,
        arguments.logit_adjustment,
        arguments.scaling,
    )
    print(f"measured anew: {path}")


def _evaluate(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.evaluate import EvaluateOptions, evaluate
    from train.score_table import print_scores

    scores = evaluate(
        arguments.weights,
        arguments.dataset,
        root_of(arguments),
        arguments.split,
        arguments.output,
        choose_device(arguments.device),
        EvaluateOptions(
            tta=arguments.tta,
            vote=arguments.vote,
            logit_adjustment=arguments.logit_adjustment,
            exclude=arguments.exclude,
            pictures=arguments.pictures,
            votes=arguments.votes,
        ),
    )
    print_scores(scores, arguments.output)


def _audit(arguments: argparse.Namespace) -> None:
    from fer_live.device import choose_device
    from train.audit import audit, print_audit

    device = choose_device(arguments.device)
    found = audit(arguments.dataset, root_of(arguments), arguments.output, device)
    print_audit(found, arguments.output)


def _strength(text: str) -> float | Literal["auto"]:
    return "auto" if text == "auto" else _finite(text, "neither a number nor auto")


def _finite(text: str, otherwise: str = "not a number") -> float:
    try:
        strength = float(text)
    except ValueError:
        strength = math.nan
    if not math.isfinite(strength):
        raise argparse.ArgumentTypeError(f"{text!r} is {otherwise}")
    return strength
