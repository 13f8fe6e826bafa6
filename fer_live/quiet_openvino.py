"""OpenVINO as we want it: loaded once for the process, and telling nobody that it was."""

import sys
from functools import cache
from typing import Any, Literal

Precision = Literal["f32", "bf16"]


def is_installed() -> bool:
    """Whether OpenVINO can be imported."""
    try:
        imported()
    except ImportError:
        return False
    return True


def imported() -> Any:
    """The package. Raises ImportError where it is not installed."""
    # OpenVINO's telemetry package sends counts of use as soon as it is imported. With this entry its
    # import fails, and OpenVINO falls back on a stand-in of its own that sends nothing.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def core() -> Any:
    """One for the process, and never let go.

    The CPU plugin gives the thread that loads it a stack for signals and frees that with the last Core,
    whichever thread does it; the next Ctrl-C would then be a segmentation fault.
    """
    return imported().Core()


def quickest() -> Precision:
    """What this CPU computes fastest in."""
    able = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in able else "f32"
