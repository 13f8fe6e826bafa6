"""Where the files that travel with the package lie: weights and the demo clip."""

from pathlib import Path


def folder(name: str) -> Path:
    """The folder `weights` or `assets`: inside an installed package, beside it in a checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name
