"""Small videos, pictures and logs for the tests."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
from av.stream import Disposition

from fer_live.expressions import SEVEN
from fer_live.sinks.log import open_log

FRAMES, WIDTH, HEIGHT = 24, 96, 64
TITLE = "Cafe"


def record(
    path: Path, shape=None, seconds=lambda i: i / 12, width: int = WIDTH, height: int = HEIGHT
) -> Path:
    """A video whose left half is red and whose right half is blue."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2, 0] = picture[:, width // 2 :, 2] = 200
    noise = np.random.default_rng(0).integers(0, 55, picture.shape, np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["title"] = TITLE
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        for i in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture + np.roll(noise, i, 1), format="rgb24")
            frame.pts, frame.time_base = round(1000 * seconds(i)), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def song_with_cover(path: Path) -> Path:
    """An MPEG-4 file of sound, with a picture attached."""
    picture = path.with_name("cover.jpg")
    PIL.Image.new("RGB", (64, 64)).save(picture)
    with av.open(str(picture)) as cover, av.open(str(path), "w", "mp4") as song:
        sound = song.add_stream("aac", rate=8000, layout="mono")
        stream = song.add_stream_from_template(cover.streams.video[0])
        stream.disposition = Disposition.attached_pic
        for packet in cover.demux():
            if packet.size:
                packet.stream = stream
                song.mux(packet)
        song.mux(sound.encode())
    return path


class FakeClock:
    """Seconds that pass only while someone sleeps. `sleeps`: how long each time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> bool:
        """Pauses, as threading.Event.wait that nobody sets."""
        self.now += seconds
        self.sleeps.append(seconds)
        return False


def face_of(track, expression="happy", right=40.0):
    probabilities = {str(label): 0.7 if label == expression else 0.05 for label in SEVEN}
    return {
        "track": track,
        "box": [10.0, 10.0, right, 40.0],
        "score": 0.9,
        "expression": expression,
        "probabilities": probabilities,
        "uncertainty": 0.25,
    }


def frames_of(*tracks, count=FRAMES, begin=0.0, **options):
    """A log's records, 12 a second, each with a face of every track."""
    return [
        {"frame": i, "seconds": begin + i / 12, "faces": [face_of(t, **options) for t in tracks]}
        for i in range(count)
    ]


def write_log(path, records):
    with open_log(path) as log:
        for one in records:
            log.write_record(one)
    return path
