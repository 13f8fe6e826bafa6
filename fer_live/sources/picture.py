"""Pictures of any common kind, through Pillow."""

import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import PIL
import PIL.Image
import PIL.ImageOps

from fer_live.colour import to_rgb
from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.types import Frame, Image

# Not all that Pillow knows: it would start Ghostscript for EPS, and takes MPEG for a picture.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF", "PPM", "JPEG2000", "TGA", "ICO")
# Phones' pictures, which Pillow does not read and FFmpeg takes for films of one of their tiles: how names
# end, and the brands of ISO 23008-12, annex B, which follow "ftyp".
HEIC = (".heic", ".heif")
BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
TIFF = (b"II*\0", b"MM\0*")
TOO_LARGE = (PIL.Image.DecompressionBombWarning, PIL.Image.DecompressionBombError)


class ImageSource:
    """A picture as a source of one frame."""

    live = False
    stills = True
    state: str | None = None
    fps: float | None = None
    frame_count: int | None = 1

    def __init__(self, path: str | Path):
        self.path = at_home(path)
        self.size: tuple[int, int] | None = None
        self._image: Image | None = None

    def __enter__(self) -> "ImageSource":
        self._image = read_image(self.path)
        self.size = (self._image.shape[1], self._image.shape[0])
        return self

    def __exit__(self, *exception: object) -> None:
        self._image = None

    def __iter__(self) -> Iterator[Frame]:
        if self._image is None:
            raise RuntimeError("enter the picture before reading it")
        yield Frame(self._image)


def suffixes() -> set[str]:
    """How names of pictures end, such as ".jpg"; with those of HEIC, so that they are told of where they lie."""
    PIL.Image.init()
    return {ending for ending, kind in PIL.Image.EXTENSION.items() if kind in FORMATS} | {*HEIC}


def is_picture(path: Path) -> bool:
    """Whether the content is a still picture; an animated GIF is a video."""
    try:
        with _opened(path) as picture:
            return not (picture.format == "GIF" and getattr(picture, "is_animated", False))
    except PIL.UnidentifiedImageError:
        return _unread_kind(path) is not None
    except (*TOO_LARGE, OSError, ValueError, SyntaxError):
        return True  # reading it will tell what is wrong


def read_image(path: str | Path) -> Image:
    """(H, W, 3) RGB, turned upright by its EXIF tag, transparency on white, deep samples scaled."""
    try:
        with _opened(path) as picture:
            return to_rgb(PIL.ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path") from None
    except PIL.UnidentifiedImageError:
        if kind := _unread_kind(path):
            raise UserError(
                f"{path} is {kind} which is not read here; save it as JPEG or PNG"
            ) from None
        if not Path(path).stat().st_size:
            raise UserError(f"{path} is empty; name another file") from None
        raise UserError(f"{path} is not a picture; name a JPEG, PNG or WebP file") from None
    except TOO_LARGE:
        limit = f"{(PIL.Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f}"
        raise UserError(f"{path} has more than {limit} million pixels; make it smaller") from None
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise _unread(path, error) from None


def _unread(path: str | Path, error: Exception) -> UserError:
    """The file may not be had, be cut off, or be damaged or of a rare kind: which, Pillow does not always tell."""
    if isinstance(error, OSError) and error.strerror:
        return UserError(f"{path} cannot be read ({error.strerror}); check the file")
    if "truncated" in str(error).lower() and "(0 bytes not processed)" not in str(error):
        return UserError(f"{path} is not whole ({error}); copy or download it again")
    return UserError(
        f"{path} cannot be decoded ({error}); copy it again, or save it as PNG where it can be opened"
    )


def _unread_kind(path: str | Path) -> str | None:
    """What kind of picture it is, of those that Pillow does not take for pictures; None where it is none."""
    with Path(path).open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and head[8:] in BRANDS:
        return "HEIC,"
    return "a TIFF of a kind" if head[:4] in TIFF else None


def _opened(path: str | Path) -> PIL.Image.Image:
    """The picture, not yet decoded; one that Pillow would only warn of is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
        return PIL.Image.open(path, formats=FORMATS)
