"""Make the faces that eight-bit conversions are fitted to, out of the demo clip: `python -m scripts.calibration_faces`.

They are its averages of many people, and what lies between two of them, as the app cuts faces out.
"""

import argparse
import io

import cv2
import numpy as np
import PIL.Image

from fer_live import card as cards
from fer_live import packaged
from fer_live.detect import MediaPipeDetector
from fer_live.errors import UserError
from fer_live.home import place
from fer_live.preprocess import crop_area, crop_face
from fer_live.runtimes.eight_bits import COLUMNS, SHEET, SIDE
from fer_live.sinks.base import claim, save_whole
from fer_live.sources import VideoSource

FACES = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=place, default=packaged.folder("assets") / SHEET)
    output = parser.parse_args().output
    try:
        claim(output, (".png",))
        save_whole({output: _sheet()})
    except UserError as error:
        parser.exit(2, f"calibration_faces: {error}\n")
    print(f"written: {output} ({output.stat().st_size / 1e3:.0f} kB)")


def _sheet() -> bytes:
    """A PNG with FACES of the clip, evenly spread over it."""
    crop = cards.load_card(cards.find_weights(packaged.MODEL)).crop
    faces = []
    with (
        MediaPipeDetector() as detector,
        VideoSource(packaged.folder("assets") / "demo.mp4") as clip,
    ):
        for frame in clip:
            for face in detector(frame.image):
                cut = crop_face(frame.image, crop_area(face, crop), SIDE)
                faces.append(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY))
    chosen = [faces[i] for i in np.linspace(0, len(faces) - 1, FACES).round().astype(int)]
    rows = [np.hstack(chosen[start : start + COLUMNS]) for start in range(0, FACES, COLUMNS)]
    encoded = io.BytesIO()
    PIL.Image.fromarray(np.vstack(rows)).save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


if __name__ == "__main__":
    main()
