"""Checkpoints that are whole or not there: a full disk costs the newest, never the last good one."""

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins import TorchCheckpointIO


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
