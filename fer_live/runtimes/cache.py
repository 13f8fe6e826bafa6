"""The conversions for OpenVINO in the user's cache, made once and whole; as a program it makes one."""

import hashlib
import logging
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from fer_live.errors import UserError
from fer_live.home import is_kept, kept_in

logger = logging.getLogger(__name__)

MODEL = "model.xml"
EIGHT_BITS = "eight_bits.xml"  # where there is one
LAYOUT = 4  # of a conversion's folder; what earlier versions kept is not used
LONGEST = 600  # seconds that a conversion may take, which nobody may be there to stop
KEPT = 30 * 24 * 3600  # seconds after its last use that a conversion stays, of 60 to 120 MB
LOOK = 1.0  # seconds: longer than others hold the lock to see whether it is free


def discard(folder: Path) -> None:
    """Take a conversion that OpenVINO cannot read out of the cache, whole, so that it can be made anew."""
    logger.warning(f"{folder} is damaged; the model is converted anew")
    _remove(folder)


def _remove(folder: Path) -> None:
    """Whole: half a conversion would be a damaged one."""
    with suppress(OSError), tempfile.TemporaryDirectory(dir=folder.parent) as away:
        folder.rename(Path(away) / "removed")


def use(folder: Path) -> None:
    """Keep the conversion for KEPT seconds more."""
    with suppress(OSError):  # a cache that cannot be written keeps all
        os.utime(folder)


def _forget_unused(place: Path) -> None:
    """Of weights, of OpenVINO's versions or of ours that are gone, and what a conversion left that was killed."""
    for path in place.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime > time.time() - KEPT:
                continue
            if path.is_dir():
                _remove(path)
            else:  # a lock
                path.unlink()


def lock(folder: Path, patience: float) -> FileLock:
    """What a process holds while it converts for that folder: the system frees it however the process ends."""
    return FileLock(folder.with_name(f"{folder.name}.lock"), timeout=patience)


def under_way(folder: Path) -> bool:
    """Whether some process is converting for that folder."""
    try:
        with lock(folder, 0):
            return False
    except Timeout:
        return True
    except OSError:  # a cache that cannot be written, or is not there yet
        return False


def cache_folder(weights: Path) -> Path:
    """Where the conversion of this weight file by this OpenVINO lies, or will."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:24]
    return kept_in(user_cache_path) / "openvino" / f"{digest}-{version('openvino')}-{LAYOUT}"


def convert(weights: Path) -> Path:
    """Convert a weight file into the cache, whole or not at all; return its folder.

    Raises UserError where the cache cannot be written.
    """
    folder = cache_folder(weights)
    if is_kept(folder / MODEL):
        return folder
    from fer_live import weight_files
    from fer_live.runtimes import conversion

    network, card = weight_files.load(weights)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as part:
            made = Path(part) / "made"
            made.mkdir()
            conversion.save(network, card, made / MODEL, made / EIGHT_BITS)
            for path in made.iterdir():  # or a power cut could leave the names without the content
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            if not is_kept(folder / MODEL):
                # Of a damaged one that was taken away while OpenVINO kept what it had compiled of it.
                _remove(folder)
            made.rename(folder)
        _forget_unused(folder.parent)
    except OSError as error:
        if not is_kept(folder / MODEL):  # another process may have been quicker
            reason = os.strerror(error.errno or 0)
            raise UserError(
                f"the converted model cannot be kept in {folder.parent} ({reason}); free some space "
                "there, or add --runtime torch"
            ) from None
    return folder


if __name__ == "__main__":
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(5)  # the pictures go on meanwhile
            signal.alarm(LONGEST)
    its_weights = Path(sys.argv[1])
    try:
        place = cache_folder(its_weights)
        place.parent.mkdir(parents=True, exist_ok=True)
        with lock(place, LOOK):
            convert(its_weights)
    except (Timeout, OSError, UserError) as error:
        sys.exit(str(error))
