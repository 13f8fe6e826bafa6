"""What augmentation does to faces, by draws that are known."""

import math
from dataclasses import asdict

import pytest
import torch

from train.data import augment
from train.data.augment import Augmentation

STILL = dict.fromkeys((f for f, v in asdict(Augmentation()).items() if isinstance(v, float)), 0.0)
SIDE = 32


def only(**amounts):
    """An augmentation that changes nothing but this."""
    return Augmentation(**{**STILL, **amounts})


@pytest.fixture
def furthest(monkeypatch):
    """Every uniform draw is the largest."""
    monkeypatch.setattr(augment, "_uniform", lambda count, device: torch.ones(count))


def spot(row, column):
    """A face that is dark but for a bright square of 4 pixels with this top left corner."""
    image = torch.full((1, 1, SIDE, SIDE), 0.1)
    image[..., row : row + 4, column : column + 4] = 0.9
    return image


def centre(image):
    """(row, column) of what is brighter than the rest."""
    bright = (image[0, 0] - 0.1).clamp(min=0.05) - 0.05
    places = torch.arange(SIDE) + 0.5
    rows, columns = (bright.sum(1) * places).sum(), (bright.sum(0) * places).sum()
    return [(rows / bright.sum()).item(), (columns / bright.sum()).item()]


def test_a_flip_is_the_mirror_image():
    faces = torch.rand(5, 3, SIDE, SIDE).clamp(min=0.01)
    torch.testing.assert_close(only(flip=1.0)(faces), faces.flip(3), rtol=1e-4, atol=1e-4)


def test_a_flip_is_drawn_for_each_face():
    torch.manual_seed(0)
    found = only(flip=0.5)(spot(4, 4).expand(200, -1, -1, -1))
    mirrored = sum(centre(face[None])[1] > SIDE / 2 for face in found)
    assert 70 < mirrored < 130  # 100, give or take four standard deviations


def test_a_quarter_turn(furthest):
    faces = torch.rand(2, 1, SIDE, SIDE).clamp(min=0.01)
    found = only(rotation=90.0)(faces)
    torch.testing.assert_close(found, faces.rot90(1, (2, 3)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("amounts", "place"),
    [
        ({"shift": 0.25}, [6, 6]),  # a quarter of 32 pixels to the left and up from 14
        ({"scale": math.log(2)}, [12, 12]),  # from 14, twice as far from the middle, 16
        ({"aspect": math.log(1.25)}, [14.4, 13.5]),  # a quarter wider, a fifth lower
    ],
)
def test_a_spot_moves_to_where_it_should(furthest, amounts, place):
    assert centre(only(**amounts)(spot(12, 12))) == pytest.approx(place, abs=0.2)


def test_light_by_hand(furthest):
    faces = torch.tensor([0.2, 0.6]).repeat(8).view(1, 1, 4, 4)  # their mean is 0.4
    bright = only(contrast=0.5, brightness=0.1, photometric=1.0)(faces)
    torch.testing.assert_close(bright.unique(), torch.tensor([0.2, 0.8]))
    dark = only(gamma=math.log(2), photometric=1.0)(faces)
    torch.testing.assert_close(dark.unique(), torch.tensor([0.04, 0.36]))


def test_draws_lie_to_both_sides_of_no_change_and_end_where_they_say():
    torch.manual_seed(0)
    faces = torch.full((400, 1, 4, 4), 0.5)
    drawn = only(brightness=0.2, photometric=1.0)(faces).mean((1, 2, 3))
    assert drawn.min().item() == pytest.approx(0.3, abs=0.01)
    assert drawn.max().item() == pytest.approx(0.7, abs=0.01)
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.025)
    some = only(brightness=0.2, photometric=0.8)(faces)
    changed = ((some - 0.5).abs().amax((1, 2, 3)) > 1e-4).sum()
    assert 288 < changed < 352  # 320, give or take four standard deviations


def test_one_rectangle_of_the_asked_area_is_erased():
    torch.manual_seed(0)
    face = torch.linspace(0.2, 0.8, SIDE * SIDE).view(1, 1, SIDE, SIDE)
    found = only(erasing=1.0, erased_area=(0.2, 0.2))(face.expand(50, -1, -1, -1))
    holes = (found - face).abs() > 1e-3
    assert 0.17 < holes.float().mean() < 0.22  # a rim of the mean's own grey looks as before
    rows, columns = holes[0, 0].any(1).nonzero(), holes[0, 0].any(0).nonzero()
    assert rows.max() - rows.min() < SIDE - 1
    assert columns.max() - columns.min() < SIDE - 1
    torch.testing.assert_close(found[holes].mean(), face.mean(), rtol=0, atol=1e-4)


def test_values_stay_in_their_range_and_size_is_the_asked_one():
    torch.manual_seed(0)
    strong = Augmentation(contrast=2.0, brightness=1.0, gamma=1.0, erasing=1.0)
    found = strong(torch.rand(16, 1, SIDE, SIDE), size=20)
    assert found.shape == (16, 1, 20, 20)
    assert found.min() >= 0
    assert found.max() <= 1


def test_draws_follow_from_the_seed_and_differ_from_face_to_face():
    face = torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    twice = []
    for _ in range(2):
        torch.manual_seed(7)
        twice.append(Augmentation()(face.expand(2, -1, -1, -1)))
    assert torch.equal(*twice)
    assert not torch.equal(twice[0][0], twice[0][1])


def test_mixed_precision_moves_no_pixel():
    faces = torch.rand(8, 1, SIDE, SIDE)
    torch.manual_seed(0)
    expected = Augmentation()(faces)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(Augmentation()(faces), expected)
