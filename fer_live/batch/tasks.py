"""Which pictures `fer-live image` reads, and where their annotated copies go."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fer_live.errors import UserError
from fer_live.home import at_home
from fer_live.sinks.picture import PICTURES, embedded_record
from fer_live.sources.container import local_path, no_file
from fer_live.sources.pictures import is_pattern, list_pictures


class Task(NamedTuple):
    """A picture, and where its annotated copy goes; None where none is wanted."""

    path: Path
    target: Path | None


def find_tasks(places: Sequence[str], output: Path | None) -> list[Task]:
    """Each picture once, however its folder is named, without copies in `output` from before.

    Raises UserError where two copies would have one name, or where there are only such copies.
    """
    tasks: dict[Path, Task] = {}
    targets: dict[Path, Path] = {}
    for place in places:
        for path, name in _pictures(place):
            known = path.parent.resolve() / path.name  # links to files are pictures of their own
            if known in tasks:
                continue
            if output is None:
                tasks[known] = Task(path, None)
                continue
            target = at_home(output) / name
            if target.suffix.lower() not in PICTURES:
                target = target.with_name(target.name + ".png")
            if _is_copy(path, output):
                continue
            if _are_one(target, path):
                raise UserError(f"{target} is the picture itself; choose another --output")
            if target in targets:
                raise UserError(
                    f"{targets[target]} and {path} would both become {target}; "
                    "read them with two commands into two folders"
                )
            targets[target] = path
            tasks[known] = Task(path, target)
    if not tasks:
        raise UserError(
            f"all that was found are annotated copies in {output}; name the pictures they are of"
        )
    return list(tasks.values())


def _pictures(place: str) -> Iterator[tuple[Path, Path]]:
    """The pictures that a place stands for, each with its copy's name in the output folder."""
    if not place.strip():
        raise UserError(f"{place!r} names no file; name a picture, a folder or a pattern")
    place = local_path(place)
    path = at_home(place)
    if "://" in place and not path.exists():
        raise no_file(place, "as it is", "--log")
    if path.is_file():
        yield path, Path(path.name)
        return
    if not path.is_dir() and not is_pattern(place):
        raise UserError(f"{place}: no such file; check the path")
    found = list_pictures(path)
    if not found:
        reason = "holds no pictures" if path.is_dir() else "matches no file"
        raise UserError(
            f"{place} {reason}; name another folder, or quote a pattern such as '*.jpg'"
        )
    base = path if path.is_dir() else _fixed_part(path)
    for each in found:
        yield each, each.relative_to(base)


def _are_one(target: Path, path: Path) -> bool:
    try:
        return target.samefile(path)
    except OSError:  # not there yet, or not to be had: saving it tells
        return False


def _is_copy(path: Path, output: Path) -> bool:
    inside = path.resolve().is_relative_to(at_home(output).resolve())
    return inside and embedded_record(path) is not None


def _fixed_part(pattern: Path) -> Path:
    """The folder above the first wildcard."""
    parts = []
    for part in pattern.parent.parts:
        if is_pattern(part):
            break
        parts.append(part)
    return Path(*parts)
