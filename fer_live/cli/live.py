"""`fer-live` and `fer-live live`: a window, or files, while the source plays."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace

from fer_live.cli import options as kinds
from fer_live.home import place


def define(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what to read")
    source = group.add_mutually_exclusive_group()
    source.add_argument("--camera", type=kinds.camera, metavar="N", help="number (default: 0)")
    source.add_argument(
        "--source", metavar="PLACE", help="a video, a stream's URL, a picture, a folder or '*.jpg'"
    )
    source.add_argument("--demo", action="store_true", help="the built-in clip")
    group.add_argument(
        "--resolution", type=kinds.resolution, metavar="WxH", help="asked of a camera"
    )
    group.add_argument(
        "--fps", type=kinds.rate, metavar="N", help="frames per second, asked of a camera"
    )
    group.add_argument(
        "--every-frame",
        action="store_true",
        help="lose no frame of a camera or stream (default: the newest is read)",
    )
    output = parser.add_argument_group("what to write")
    output.add_argument("--output", type=place, metavar="FILE", help="annotated .mp4, .png or .jpg")
    output.add_argument(
        "--log",
        type=place,
        metavar="FILE",
        help="readings as .jsonl, a line a frame, or .csv, a row a face",
    )
    kinds.add_summary(output)
    output.add_argument(
        "--pipe",
        action="store_true",
        help="readings as JSON lines on standard output, all else on standard error",
    )
    output.add_argument("--no-window", action="store_true", help="show nothing")
    output.add_argument(
        "--max-frames", type=kinds.positive, metavar="N", help="stop after N frames"
    )
    reading = parser.add_argument_group("how to read")
    kinds.add_model(reading)
    reading.add_argument(
        "--scan",
        choices=["full", "live"],
        help="look everywhere in every frame, or a part of it a frame (default: live, full for pictures)",
    )
    kinds.add_smoothing(reading)
    kinds.add_abstain(reading)
    shown = parser.add_argument_group("what the window shows at first")
    kinds.add_heatmap(shown, "the heat-map (default: on)")
    shown.add_argument(
        "--panel",
        action=BooleanOptionalAction,
        default=False,
        help="the side panel with the timeline (default: off)",
    )


def run(options: Namespace) -> int:
    kinds.check_thumbnails(options)
    from fer_live.live import LiveOptions, run

    return run(
        LiveOptions(
            camera=options.camera or 0,
            source=options.source,
            demo=options.demo,
            resolution=options.resolution,
            fps=options.fps,
            every_frame=options.every_frame,
            output=options.output,
            log=options.log,
            summary=options.summary,
            thumbnails=options.thumbnails,
            pipe=options.pipe,
            window=not options.no_window,
            max_frames=options.max_frames,
            model=options.model,
            device=options.device,
            runtime=options.runtime,
            scan=options.scan,
            smoothing=options.smoothing,
            abstain=options.abstain,
            heatmap=options.heatmap,
            panel=options.panel,
        )
    )
