"""Faces that are pixel for pixel the same."""

import numpy as np
import pytest

from train import twins
from train.twins import digest, has_twin, pictures_of


class FewFaces:
    """Faces of these pictures; `asked`: the places that were asked for at a time."""

    def __init__(self, *pictures):
        self._pictures = [np.array(picture, np.uint8) for picture in pictures]
        self.asked = []

    def __len__(self):
        return len(self._pictures)

    def pictures(self, places):
        self.asked.append(list(places))
        return [self._pictures[i] for i in places]


A, B, C = [[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 7]], [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize("other", [B, C, [[1, 4], [2, 5], [3, 6]], [[4, 5, 6], [1, 2, 3]]])
def test_other_pixels_or_another_shape_is_another_picture(other):
    assert digest(np.array(A, np.uint8)) != digest(np.array(other, np.uint8))


def test_a_picture_is_the_same_however_it_lies_in_memory():
    picture = np.array(A, np.uint8)
    assert digest(np.asfortranarray(picture)) == digest(picture[::-1][::-1]) == digest(picture)


def test_a_twin_is_looked_for_among_the_others_alone():
    assert has_twin(FewFaces(A, B, B, C), FewFaces(C, A)).tolist() == [True, False, False, True]
    assert has_twin(FewFaces(A, A), FewFaces()).tolist() == [False, False]


def test_pictures_come_in_order_and_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(twins, "CHUNK", 2)
    faces = FewFaces(*([[i]] for i in range(5)))
    assert [int(picture[0, 0]) for picture in pictures_of(faces)] == [0, 1, 2, 3, 4]
    assert faces.asked == [[0, 1], [2, 3], [4]]
