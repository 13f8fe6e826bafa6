"""The smaller commands: summary, cameras, bench, export and doctor."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from fer_live.cli import options as kinds
from fer_live.errors import one_line
from fer_live.home import place
from fer_live.packaged import MODEL, names


def define_summary(parser: ArgumentParser) -> None:
    parser.add_argument("log", type=place, metavar="LOG", help=".jsonl or .csv that --log wrote")
    parser.add_argument(
        "--output",
        type=place,
        metavar="FILE",
        help="the page, .html or .png (default: beside the log, .html)",
    )


def run_summary(options: Namespace) -> int:
    from fer_live.summary.file import summarise

    print(one_line(f"written: {summarise(options.log, options.output)}"), file=sys.stderr)
    return 0


def define_cameras(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--thumbnails",
        type=place,
        metavar="FOLDER",
        help="save what each sees as a small picture",
    )


def run_cameras(options: Namespace) -> int:
    from fer_live.cameras import show

    return show(options.thumbnails)


def define_bench(parser: ArgumentParser) -> None:
    kinds.add_model(parser)
    parser.add_argument(
        "--frames",
        type=kinds.positive,
        default=200,
        metavar="N",
        help="of each scene (default: 200)",
    )
    parser.add_argument(
        "--soak", type=_soak, default=0, metavar="N", help="N more frames, to watch the memory"
    )
    parser.add_argument(
        "--compare", action="store_true", help="the network alone in every runtime and precision"
    )
    parser.add_argument("--json", type=place, metavar="FILE", help="all numbers")


def _soak(text: str) -> int:
    if text == "0":
        return 0
    count = kinds.positive(text)
    if count < 10:
        raise ArgumentTypeError(f"{text!r} is too few: memory is told for each tenth of 10 or more")
    return count


def run_bench(options: Namespace) -> int:
    from fer_live.bench.run import BenchOptions, run

    return run(
        BenchOptions(
            model=options.model,
            device=options.device,
            runtime=options.runtime,
            frames=options.frames,
            soak=options.soak,
            compare=options.compare,
            json=options.json,
        )
    )


def define_export(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default=MODEL,
        metavar="NAME",
        help=f"weights: {', '.join(names())} or a file (default: {MODEL})",
    )
    parser.add_argument(
        "--format", required=True, choices=["onnx", "openvino", "torchscript"], help="what to write"
    )
    parser.add_argument(
        "--output",
        type=place,
        required=True,
        metavar="FILE",
        help=".onnx, .xml (openvino) or .pt (torchscript); its card lies beside it, as FILE.json",
    )


def run_export(options: Namespace) -> int:
    from fer_live.export import export

    path = export(options.model, options.format, options.output)
    print(one_line(f"written: {path}"), file=sys.stderr)
    return 0


def define_doctor(parser: ArgumentParser) -> None:
    """It has no options."""


def run_doctor(options: Namespace) -> int:
    from fer_live.doctor import examine

    return examine()
