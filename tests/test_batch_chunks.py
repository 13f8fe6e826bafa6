"""Frames several at a time."""

import numpy as np

from fer_live.batch.chunks import IMAGES, PASSED, PIXELS, chunks
from fer_live.types import Frame


def item(number, pixels=4):
    return number, Frame(np.zeros((1, pixels, 3), np.uint8), number, 0.0)


def numbers(items):
    return [[number for number, _ in chunk] for chunk in chunks(items)]


def test_a_chunk_has_so_many_images_or_pixels():
    assert numbers(map(item, range(IMAGES + 2))) == [[*range(IMAGES)], [IMAGES, IMAGES + 1]]
    assert numbers([item(0), item(1, PIXELS), item(2)]) == [[0, 1], [2]]


def test_a_chunk_does_not_wait_for_many_that_need_no_reading():
    """Their readings are held until those before them are known."""
    taken = []

    def items():
        yield from [None] * 200
        for i in range(300):
            taken.append(i)
            yield item(i) if i in (0, 1, 250) else None

    found = chunks(items())
    assert [number for number, _ in next(found)] == [0, 1]
    assert taken[-1] <= PASSED + 2
    assert [number for number, _ in next(found)] == [250]
    assert next(found, None) is None
