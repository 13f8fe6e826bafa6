"""`fer-live image` and `fer-live video`: files read as fast as the computer can."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fer_live.cli import options as kinds
from fer_live.errors import UserError
from fer_live.home import place


def define_image(parser: ArgumentParser) -> None:
    parser.add_argument("places", nargs="+", metavar="PLACE", help="picture, folder or '*.jpg'")
    output = parser.add_argument_group("what to write")
    output.add_argument("--output", type=place, metavar="FOLDER", help="annotated copies")
    output.add_argument(
        "--log",
        type=place,
        metavar="FILE",
        help="readings as .jsonl, a line a picture, or .csv, a row a face",
    )
    output.add_argument(
        "--again",
        action="store_true",
        help="also read what is in the output folder already (default: only the rest)",
    )
    kinds.add_heatmap(output, "draw the heat-map (default)")
    reading = parser.add_argument_group("how to read")
    kinds.add_model(reading)
    kinds.add_abstain(reading)


def run_image(options: Namespace) -> int:
    if not (options.output or options.log):
        raise UserError("nothing would be written; add --output FOLDER or --log FILE")
    from fer_live.batch.pictures import PictureOptions, read_pictures

    return read_pictures(
        PictureOptions(
            places=tuple(options.places),
            output=options.output,
            log=options.log,
            again=options.again,
            abstain=options.abstain,
            model=options.model,
            device=options.device,
            runtime=options.runtime,
            heatmap=options.heatmap,
        )
    )


def define_video(parser: ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILM", help="a video file")
    part = parser.add_argument_group("which part of it")
    part.add_argument("--start", type=kinds.seconds, default=0.0, metavar="SECONDS", help="from")
    part.add_argument("--end", type=kinds.seconds, metavar="SECONDS", help="to before")
    part.add_argument(
        "--every",
        type=kinds.positive,
        default=1,
        metavar="N",
        help="read each N-th frame only; those between show what was read before (default: 1)",
    )
    output = parser.add_argument_group("what to write")
    output.add_argument(
        "--output",
        type=place,
        metavar="FILE",
        help="annotated .mp4, .mov or .mkv, with the sound",
    )
    output.add_argument(
        "--log",
        type=place,
        metavar="FILE",
        help="readings as .jsonl, a line a frame, or .csv, a row a face",
    )
    kinds.add_summary(output)
    kinds.add_heatmap(output, "draw the heat-map (default)")
    reading = parser.add_argument_group("how to read")
    kinds.add_model(reading)
    kinds.add_smoothing(reading)
    kinds.add_abstain(reading)


def run_video(options: Namespace) -> int:
    kinds.check_thumbnails(options)
    from fer_live.sources.container import local_path, no_file

    path = local_path(options.path)
    if "://" in path:
        raise no_file(path, "as it comes", "--output")
    if not path.strip():
        raise UserError(f"{path!r} names no file; name a film")
    if options.end is not None and options.end <= options.start:
        raise UserError(f"--end {options.end:g} is not after --start {options.start:g}")
    if not (options.output or options.log or options.summary):
        raise UserError("nothing would be written; add --output FILE, --log FILE or --summary FILE")
    from fer_live.batch.film import FilmOptions, read_film

    return read_film(
        FilmOptions(
            path=Path(path),
            output=options.output,
            log=options.log,
            summary=options.summary,
            thumbnails=options.thumbnails,
            every=options.every,
            start=options.start,
            end=options.end,
            model=options.model,
            device=options.device,
            runtime=options.runtime,
            smoothing=options.smoothing,
            abstain=options.abstain,
            heatmap=options.heatmap,
        )
    )
