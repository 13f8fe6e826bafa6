"""fer-live: live facial expressions with uncertainty and heat-maps."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_live.errors import UserError
    from fer_live.pipeline import Analyzer
    from fer_live.sinks.picture import embedded_record
    from fer_live.streaming import stream

__all__ = ["Analyzer", "UserError", "embedded_record", "stream"]
__version__ = "0.1.0"

_HOMES = {
    "Analyzer": "fer_live.pipeline",
    "UserError": "fer_live.errors",
    "embedded_record": "fer_live.sinks.picture",
    "stream": "fer_live.streaming",
}


def __getattr__(name: str) -> Any:
    # Torch and OpenCV take seconds to import: only who asks for what needs them waits.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
