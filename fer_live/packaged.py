"""Where the files that travel with the package lie: weights and the demo clip."""

from pathlib import Path

MODEL = "cucn-plus"  # the weights that read where nobody names others


def folder(name: str) -> Path:
    """The folder `weights` or `assets`: inside an installed package, beside it in a checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name


def names() -> list[str]:
    """Of the weights that come with the package, the default's first."""
    found = sorted(path.stem for path in folder("weights").glob("*.safetensors"))
    return sorted(found, key=lambda name: name != MODEL)
