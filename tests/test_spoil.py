"""What the training's noise, blur, few pixels, glare, JPEG and covers do to faces."""

import io

import numpy as np
import PIL.Image
import pytest
import torch

from train.data import spoil
from train.data.augment import Augmentation

SIDE = 32
WAYS = spoil.WAYS.values()


@pytest.fixture(autouse=True)
def same_draws():
    torch.manual_seed(0)


@pytest.mark.parametrize("way", WAYS)
def test_a_way_changes_a_face_and_keeps_its_shape_and_range(way):
    faces = torch.rand(6, 3, SIDE, SIDE)
    found = way(faces)
    assert found.shape == faces.shape
    assert found.min() >= 0
    assert found.max() <= 1
    assert ((found - faces).abs().amax((1, 2, 3)) > 1e-3).all()


@pytest.mark.parametrize("way", [spoil.blurred, spoil.coarse])
def test_blur_and_few_pixels_leave_a_plain_picture_alone(way):
    plain = torch.full((4, 1, SIDE, SIDE), 0.3)
    torch.testing.assert_close(way(plain), plain)


def test_a_blur_spreads_a_spot_along_another_line_for_each_picture():
    spots = torch.zeros(40, 1, SIDE, SIDE)
    spots[..., SIDE // 2, SIDE // 2] = 1
    found = spoil.blurred(spots)
    torch.testing.assert_close(found.sum((1, 2, 3)), torch.ones(40))
    place = torch.arange(SIDE) - float(SIDE // 2)
    tall = (found[:, 0] * place[:, None] ** 2).sum((1, 2))
    wide = (found[:, 0] * place[None, :] ** 2).sum((1, 2))
    assert (tall > 1.3 * wide).any()
    assert (wide > 1.3 * tall).any()


@pytest.fixture
def drawn(monkeypatch):
    """A function that gives the next draws of torch.rand, one for all pictures."""

    def draw(*values):
        left = iter(values)
        monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, next(left)))

    return draw


@pytest.mark.parametrize(("turn", "along"), [(0.0, (0, 1)), (0.25, (1, 1)), (0.5, (1, 0))])
def test_the_longest_blur_is_a_gaussian_along_its_line(drawn, turn, along):
    spot = torch.zeros(1, 1, SIDE, SIDE)
    spot[..., SIDE // 2, SIDE // 2] = 1
    drawn(turn, 1.0, 0.0)  # half a turn is the whole range
    found = spoil.blurred(spot)[0, 0, SIDE // 2 - 4 : SIDE // 2 + 5, SIDE // 2 - 4 : SIDE // 2 + 5]
    assert found.sum().item() == pytest.approx(1)  # it ends after two deviations, of 2.24 pixels
    down, right = along
    steps = torch.arange(-4, 5)
    line = found[4 + down * steps, 4 + right * steps]
    deviation = spoil.LONGEST * SIDE + 0.3
    expected = torch.exp(-0.5 * (steps * (down + right) ** 0.5 / deviation) ** 2)
    torch.testing.assert_close(line / line[4], expected)
    assert line.sum() > 0.5


def test_few_pixels_are_from_two_fifths_of_the_side_to_all_of_it(drawn):
    faces = torch.rand(2, 1, SIDE, SIDE)
    drawn(1.0)
    torch.testing.assert_close(spoil.coarse(faces), faces)
    drawn(0.0)
    # Of 32 pixels 13: stripes of four can still be told, of one not.
    stripes = (torch.arange(SIDE) // torch.tensor([[1], [4]]) % 2).float()  # (2, W)
    found = spoil.coarse(stripes[:, None, None].expand(-1, -1, SIDE, -1))
    assert found[0].std() < 0.15
    assert found[1].std() > 0.25


def test_noise_has_no_direction():
    found = spoil.noisy(torch.full((300, 1, SIDE, SIDE), 0.5))
    assert found.mean().item() == pytest.approx(0.5, abs=0.01)
    deviations = found.std((1, 2, 3))
    assert deviations.max() < 1.1 * spoil.DEVIATION
    assert deviations.min() < 0.1 * spoil.DEVIATION


def test_glare_multiplies_light_and_cuts_it_off_at_white(drawn):
    faces = torch.tensor([0.1, 0.3, 0.5]).view(1, 1, 1, 3)
    drawn(1.0)
    torch.testing.assert_close(spoil.glaring(faces), faces.new_tensor([[[[0.25, 0.75, 1]]]]))
    drawn(0.0)
    torch.testing.assert_close(spoil.glaring(faces), faces)


@pytest.mark.parametrize("quality", [8, 20, 40, 60])
@pytest.mark.parametrize("shape", [(48, 48), (40, 40), (28, 45)])
def test_jpeg_is_what_a_library_makes_of_a_picture(drawn, quality, shape):
    picture = np.random.default_rng(0).random((1, 1, 9, 9), np.float32)
    smooth = torch.nn.functional.interpolate(torch.from_numpy(picture), shape, mode="bicubic")
    grey = (255 * smooth.clamp(0, 1)).byte()
    written = io.BytesIO()
    PIL.Image.fromarray(grey[0, 0].numpy()).save(written, "JPEG", quality=quality)
    with PIL.Image.open(written) as read:
        expected = torch.from_numpy(np.array(read)).float()
    drawn((quality - spoil.WORST) / (spoil.BEST - spoil.WORST))
    found = 255 * spoil.compressed(grey.float() / 255)[0, 0]
    lost = (expected - grey[0, 0].float()).abs().mean()
    # A library rounds with whole numbers, some cosines of a few blocks the other way.
    assert (found - expected).abs().mean() < 0.3 * lost


def test_each_picture_and_plane_is_compressed_by_itself():
    faces = torch.rand(3, 3, SIDE, SIDE)
    torch.manual_seed(0)
    together = spoil.compressed(faces)
    torch.manual_seed(0)
    blue = spoil.compressed(faces[:, 2:])
    torch.testing.assert_close(together[:, 2:], blue)
    assert not torch.allclose(together[0], spoil.compressed(faces[:1])[0])  # another quality


def test_a_cover_is_a_rectangle_of_one_grey():
    faces = torch.full((200, 3, SIDE, SIDE), 2.0)
    covers = spoil.covered(faces) < 2
    heights, widths = covers[:, 0].any(2).sum(1), covers[:, 0].any(1).sum(1)
    assert torch.equal(covers.sum((1, 2, 3)), 3 * heights * widths)
    for sizes, (least, greatest) in ((heights, spoil.HIGH), (widths, spoil.WIDE)):
        assert sizes.min() >= least * SIDE - 1
        assert sizes.max() <= greatest * SIDE + 1
        assert sizes.max() - sizes.min() > 0.8 * (greatest - least) * SIDE
    greys = spoil.covered(faces).amin((1, 2, 3))
    assert greys.min() < 0.1
    assert greys.max() > 0.9
    assert covers[:, 0].any(0).float().mean() > 0.97  # anywhere


def test_as_many_are_spoilt_as_the_recipe_says():
    faces = torch.rand(400, 1, SIDE, SIDE)
    changed = ((spoil.some(faces, 0.3) - faces).abs().amax((1, 2, 3)) > 0).sum()
    assert 84 < changed < 156  # 120, give or take four standard deviations


def test_the_ways_that_are_named_are_taken_as_often():
    faces = torch.full((600, 1, SIDE, SIDE), 0.4)
    found = spoil.some(faces, 1.0, ["glare", "cover"])
    plain = (found == found[:, :, :1, :1]).all(3).all(2)[:, 0]  # glare leaves one grey, covers two
    assert 240 < plain.sum() < 360
    assert torch.equal(spoil.some(faces, 1.0, ["blur"]).round(decimals=5), faces)


def test_an_augmentation_spoils_where_it_is_asked_to():
    still = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    faces = torch.rand(50, 1, SIDE, SIDE).clamp(min=0.01)
    torch.testing.assert_close(still(faces), faces, rtol=1e-3, atol=1e-3)
    spoiling = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, spoiling=1.0)
    assert ((spoiling(faces) - faces).abs().amax((1, 2, 3)) > 1e-2).sum() > 40


def test_mixed_precision_changes_nothing():
    faces = torch.rand(20, 1, SIDE, SIDE)
    torch.manual_seed(0)
    expected = spoil.some(faces, 1.0)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(spoil.some(faces, 1.0), expected)
