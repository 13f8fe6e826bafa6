"""What goes over the wire: a frame comes as a JPEG, and goes back annotated with what was read in it."""

import io
import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import PIL.Image

from fer_live.errors import UserError
from fer_live.types import Image

LARGEST_FRAME = 1_000_000  # bytes; one of 640x480 has about 40,000
LARGEST_SIZE = 1280 * 960  # pixels; the page sends 640x480
QUALITY = 82  # of what goes back


def decoded(encoded: bytes) -> Image:
    """(H, W, 3) RGB of a JPEG. Raises UserError where it is none, or too large to be read live."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(io.BytesIO(encoded), formats=["JPEG"]) as picture:
                if picture.width * picture.height > LARGEST_SIZE:
                    raise UserError(
                        f"a frame of {picture.width}x{picture.height} is too large; send up to 1280x960"
                    )
                return np.array(picture.convert("RGB"))
    except PIL.Image.DecompressionBombError:
        raise UserError("the frame is too large; send up to 1280x960") from None
    except (OSError, ValueError, SyntaxError):
        raise UserError("the frame is no whole JPEG picture") from None


def packed(record: Mapping[str, Any], canvas: Image) -> bytes:
    """The length of the record (4 bytes, big end first), the record as JSON, the canvas as JPEG."""
    said = json.dumps(record, separators=(",", ":")).encode()
    picture = io.BytesIO()
    PIL.Image.fromarray(canvas).save(picture, "JPEG", quality=QUALITY)
    return len(said).to_bytes(4, "big") + said + picture.getvalue()
