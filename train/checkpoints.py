"""Checkpoints that are whole or not there: a full disk costs the newest, never the last good one."""

import contextlib
import io
import os
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.pytorch.plugins import TorchCheckpointIO

from fer_live.errors import UserError

BEST, LAST = "best.ckpt", "last.ckpt"


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's own, written beside, flushed to the disk and put in place by one rename.

    (Lightning's goes through the folder for temporary files, whose move to another disk is no rename.)
    An error is kept in `failure` instead of raised: other processes wait for this one at the end of
    a save, and must hear of it at a place where they can stop together.
    """

    def __init__(self) -> None:
        self.failure = ""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        path = Path(path)
        content = io.BytesIO()
        torch.save(checkpoint, content)
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            self.failure = (
                f"{path} could not be written ({error.strerror}): the last good checkpoint is kept; make "
                "room, then add --resume"
            )

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Its run goes on where it lies now. Raises UserError as `read_checkpoint` does."""
        path = Path(path)
        checkpoint = read_checkpoint(path)
        for state in checkpoint["callbacks"].values():
            if state.get("best_model_path"):
                state.update(_best_in(path.parent, state["best_model_score"]))
        return checkpoint


def _best_in(folder: Path, score: torch.Tensor) -> dict[str, Any]:
    """What Lightning's ModelCheckpoint knows of its best file: of a folder that was moved it would forget the score."""
    here = folder.resolve()
    best = str(here / BEST)
    return {
        "dirpath": str(here),
        "best_model_path": best,
        "kth_best_model_path": best,
        "best_k_models": {best: score},
    }


class Best(NamedTuple):
    """The epoch that was chosen, from 1, and what chose it: 0 to 1, None where nothing was trained."""

    epoch: int
    score: float | None


def best_of(run: Path) -> Best:
    """Raises UserError as `read_checkpoint` does."""
    checkpoint = read_checkpoint(run / BEST)
    scores = [state.get("best_model_score") for state in checkpoint["callbacks"].values()]
    found = [float(score) for score in scores if score is not None]
    return Best(checkpoint["epoch"] + 1, found[0] if found else None)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint, on the CPU. Raises UserError where it is not whole."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): make it readable") from None
    except Exception:  # the unpickler raises whatever the bytes lead it to
        found = None
    if isinstance(found, dict) and "state_dict" in found:
        return found
    other = path.with_name(BEST if path.name == LAST else LAST)
    mend = f"copy {other} over it, or " if other.is_file() else ""
    raise UserError(
        f"{path} is not a whole checkpoint: {mend}delete {path.parent} and train it again"
    )
