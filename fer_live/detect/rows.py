"""The order in which the faces of a picture are counted."""

from collections.abc import Iterable

from fer_live.types import Face


def reading_order(faces: Iterable[Face]) -> list[Face]:
    """As a text is read: row by row from the top, each from left to right.

    A face is in a row if its centre lies less than half the larger height below that of the row's highest.
    """
    rows: list[list[Face]] = []
    for face in sorted(faces, key=lambda face: face.box.centre.y):
        if rows and _level(rows[-1][0], face):
            rows[-1].append(face)
        else:
            rows.append([face])
    return [face for row in rows for face in sorted(row, key=lambda face: face.box.centre.x)]


def _level(a: Face, b: Face) -> bool:
    apart = abs(a.box.centre.y - b.box.centre.y)
    return apart < max(a.box.height, b.box.height) / 2
