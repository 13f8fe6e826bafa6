"""A summary in a file: HTML, or a picture of the same page."""

import io
from contextlib import ExitStack
from pathlib import Path

import cv2
import PIL.Image

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sinks.base import claim, reserve, save_whole, spare
from fer_live.sinks.record import scene_record
from fer_live.summary.collect import Summary
from fer_live.summary.logs import read_log
from fer_live.summary.page import lay_out, table
from fer_live.summary.raster import picture
from fer_live.summary.svg import html_page
from fer_live.types import Box, Scene
from fer_live.types import Image as Pixels

HTML, PNG = (".html", ".htm"), (".png",)
SIDE = 192  # pixels of a thumbnail, twice as fine as the page
AROUND = 1.3  # face sizes that a thumbnail shows


class SummaryFile:
    """A sink that adds up a session and writes its summary at the end.

    `thumbnails`: keep a picture of each person's face at the clearest moment of each expression. No
    face is kept otherwise. Nothing is written where no frame came.
    """

    drawn = False

    def __init__(self, path: str | Path, title: str, thumbnails: bool = False):
        self.path = at_home(path)
        self.title = title
        self.thumbnails = thumbnails
        self.summary = Summary()
        self._held = ExitStack()

    def __enter__(self) -> "SummaryFile":
        self._held = reserve(self.path, (*HTML, *PNG))
        return self

    def __exit__(self, *exception: object) -> None:
        with self._held:
            if self.summary.frames:
                write_summary(self.summary, self.path, self.title)

    def write(self, scene: Scene, canvas: Pixels) -> None:
        crops = None
        if self.thumbnails:
            image = scene.frame.image
            crops = [thumbnail(image, reading.face.box) for reading in scene.readings]
        self.summary.add(scene_record(scene), crops)


def write_summary(summary: Summary, path: Path, title: str) -> None:
    """As HTML or PNG by the name's ending, whole or not at all. Raises UserError where it cannot be written."""
    page = lay_out(summary, title)
    if path.suffix.lower() in PNG:
        encoded = io.BytesIO()
        PIL.Image.fromarray(picture(page)).save(encoded, "PNG", optimize=True)
        content = encoded.getvalue()
    else:
        content = html_page(page, table(summary)).encode("utf-8", "replace")
    save_whole({path: content})


def thumbnail(image: Pixels, box: Box) -> Pixels:
    """The face in the frame `image` (H, W, 3) as a square (SIDE, SIDE, 3), edges repeated outside."""
    half = AROUND * max(box.width, box.height) / 2
    x, y = box.centre
    left, top = round(x - half), round(y - half)
    side = max(round(2 * half), 1)
    height, width = image.shape[:2]
    before = (max(-top, 0), max(-left, 0))
    after = (max(top + side - height, 0), max(left + side - width, 0))
    inside = image[max(top, 0) : top + side, max(left, 0) : left + side]
    if not inside.size:
        inside = image[:1, :1]
    square = cv2.copyMakeBorder(
        inside, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE
    )
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype("uint8")


def summarise(log: Path, path: Path | None = None) -> Path:
    """Write the summary of an existing log, by default beside it; return where it is.

    Raises UserError where that cannot be done.
    """
    spare(log, path)
    summary = Summary()
    for record in read_log(log):
        summary.add(record)
    if not summary.frames:
        raise UserError(f"{log} holds no readings; name another log")
    path = at_home(path or log.with_suffix(HTML[0]))
    claim(path, (*HTML, *PNG))
    write_summary(summary, path, f"Expressions in {log.name}")
    return path
