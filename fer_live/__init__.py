"""fer-live: live facial expressions with uncertainty and heat-maps."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_live.pipeline import Analyzer

__all__ = ["Analyzer"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Torch and OpenCV take seconds to import: only who asks for the analyzer waits for them.
    if name == "Analyzer":
        from fer_live.pipeline import Analyzer

        return Analyzer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
