"""Published lists, which are text; what was fetched in their place may be anything."""

from pathlib import Path

from fer_live.errors import UserError

LONGEST = 60  # characters of a file that a message shows


def read_text(path: Path, mend: str = "fetch it again") -> str:
    """The file's content. Raises UserError, which tells to `mend` it so, where it is no text."""
    try:
        return path.read_text(encoding="utf-8-sig")  # editors of Windows put a mark before it
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text ({error}): {mend}") from None


def brief(text: str) -> str:
    """Its beginning: what lies where a label should may be a whole picture."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
