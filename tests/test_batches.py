from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from fer_live.errors import UserError
from fer_live.expressions import SEVEN
from tests.small_sets import write_class_folders
from tests.test_fit import RESUMING, ctrl_c_during, tiny
from train.data import FOLDER, LabelledFaces, stream
from train.data.batches import DeviceBatches, Share, order_of
from train.data.stream import StreamedBatches, batches_of
from train.fit import FitOptions, fit

CPU = torch.device("cpu")


def faces_of(count, classes=2, **more):
    """Grey faces (4, 4) whose pixels are their places."""
    places = np.arange(count)
    return LabelledFaces(
        dataset="numbers",
        split="train",
        classes=SEVEN[:classes],
        labels=places % classes,
        rows=places,
        images=np.repeat(places, 16).reshape(count, 4, 4).astype(np.uint8),
        **more,
    )


def resident(faces, batch_size, sampler=None, share=Share()):  # noqa: B008
    return DeviceBatches(faces, batch_size, CPU, sampler, share)


def streamed(faces, batch_size, sampler=None, share=Share()):  # noqa: B008
    return StreamedBatches(faces, 4, 1, batch_size, CPU, sampler, share)


KINDS = pytest.mark.parametrize("kind", [resident, streamed])


def order(faces, name="shuffled", epoch=0):
    sampler = order_of(name, torch.from_numpy(faces.labels), seed=3)
    sampler.set_epoch(epoch)
    return sampler


@KINDS
def test_a_batch_holds_the_faces_of_its_places(kind):
    faces = faces_of(11, targets=np.arange(22, dtype=np.float32).reshape(11, 2))
    for batch in kind(faces, 4):
        assert batch.images.shape == (len(batch.places), 1, 4, 4)
        assert batch.images.dtype == torch.uint8
        assert batch.images[:, 0, 0, 0].tolist() == batch.places.tolist()
        assert batch.labels.tolist() == [place % 2 for place in batch.places]
        assert batch.targets[:, 0].tolist() == [2 * place for place in batch.places]


@KINDS
def test_without_a_sampler_every_face_comes_once_and_in_order(kind):
    batches = kind(faces_of(11), 4)
    assert [len(batch.places) for batch in batches] == [4, 4, 3]
    assert len(batches) == 3
    assert torch.cat([batch.places for batch in batches]).tolist() == list(range(11))


@pytest.mark.parametrize("sampler", ["shuffled", "balanced"])
def test_streamed_batches_are_the_resident_ones(sampler):
    faces = faces_of(23)
    both = [kind(faces, 4, order(faces, sampler)) for kind in (resident, streamed)]
    for epoch in range(2):
        for batches in both:
            batches.sampler.set_epoch(epoch)
        for one, other in zip(*both, strict=True):
            assert torch.equal(one.images, other.images)
            assert torch.equal(one.places, other.places)
            assert torch.equal(one.labels, other.labels)


@KINDS
def test_batches_go_on_where_they_were_saved(kind):
    faces = faces_of(20)
    whole = [batch.places for batch in kind(faces, 4, order(faces))]
    batches = kind(faces, 4, order(faces))
    iterator = iter(batches)
    next(iterator), next(iterator)
    again = kind(faces, 4, order(faces))
    again.load_state_dict(batches.state_dict())
    rest = [batch.places for batch in again]
    assert torch.equal(torch.cat(rest), torch.cat(whole[2:]))
    assert torch.equal(torch.cat([batch.places for batch in again]), torch.cat(whole))


@pytest.mark.parametrize("sampler", ["shuffled", "balanced"])
def test_processes_together_see_what_one_alone_would(sampler):
    faces = faces_of(26)
    alone = resident(faces, 8, order(faces, sampler))
    ranks = [resident(faces, 8, order(faces, sampler), Share(rank, 2)) for rank in range(2)]
    assert [len(batches) for batches in ranks] == [len(alone)] * 2 == [3, 3]
    for one, *parts in zip(alone, *ranks, strict=True):
        assert [len(part.places) for part in parts] == [4, 4]
        together = torch.cat([part.places for part in parts])
        assert sorted(together.tolist()) == sorted(one.places.tolist())


def test_processes_score_every_face_once():
    faces = faces_of(11)
    ranks = [resident(faces, 4, share=Share(rank, 2)) for rank in range(2)]
    places = [[batch.places.tolist() for batch in batches] for batches in ranks]
    assert places == [[[0, 2], [4, 6], [8, 10]], [[1, 3], [5, 7], [9]]]
    assert [len(batches) for batches in ranks] == [3, 3]


def test_a_small_set_shrinks_the_batch_to_what_all_processes_share():
    faces = faces_of(7)
    assert [len(batch.places) for batch in resident(faces, 100, order(faces), Share(1, 2))] == [3]


def test_fewer_faces_than_processes_are_told():
    with pytest.raises(UserError, match="3 faces are too few for 4 processes"):
        resident(faces_of(3), 8, share=Share(0, 4))


def test_balanced_order_draws_each_class_as_often():
    labels = torch.tensor([0] * 900 + [1] * 100)
    sampler = order_of("balanced", labels, seed=0)
    rare = (torch.tensor(list(sampler)) >= 900).sum().item()
    assert len(sampler) == 1000
    assert 430 < rare < 570  # 500, give or take four standard deviations


def test_decoded_size_decides_where_the_faces_live(tmp_path, monkeypatch):
    write_class_folders(tmp_path, {"happy": 10, "sad": 10})
    faces = FOLDER.load(tmp_path, "train")  # 16 faces: 1728 bytes in colour, 576 grey at 6 pixels
    monkeypatch.setattr(stream, "RESIDENT_BYTES", 600)
    assert isinstance(batches_of(faces, 6, 1, 4, CPU), DeviceBatches)
    colour = batches_of(faces, 6, 3, 4, CPU)
    assert isinstance(colour, StreamedBatches)
    expected = DeviceBatches(faces.in_memory(6, 3), 4, CPU)
    for one, other in zip(colour, expected, strict=True):
        assert torch.equal(one.images, other.images)


def test_colour_faces_keep_their_rows_columns_and_colours():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), np.uint8)
    faces = replace(faces_of(2), images=images)
    for batches in (resident(faces, 2), StreamedBatches(faces, 4, 3, 2, CPU)):
        (batch,) = batches
        for colour in range(3):
            assert batch.images[:, colour].tolist() == images[..., colour].tolist()


def test_grey_faces_keep_one_plane_for_colour_networks():
    assert next(iter(batches_of(faces_of(4), 4, 3, 2, CPU))).images.shape == (2, 1, 4, 4)


def test_a_picture_that_vanishes_during_training_is_told(tmp_path):
    write_class_folders(tmp_path, {"happy": 10, "sad": 10})
    faces = FOLDER.load(tmp_path, "train")
    path = tmp_path / faces.files[3]
    path.unlink()
    with pytest.raises(UserError, match=rf"{path.name} cannot be read \(No such file"):
        list(StreamedBatches(faces, 6, 3, 4, CPU))


class Losses(Callback):
    def __init__(self):
        self.found = []

    def on_train_batch_end(self, trainer, learner, outputs, batch, index):
        self.found.append(outputs["loss"].item())


@pytest.mark.usefixtures("small_networks")
def test_a_streamed_run_that_was_stopped_goes_on_with_the_same_losses(tmp_path, monkeypatch):
    names = [str(expression) for expression in SEVEN]
    write_class_folders(tmp_path / "data/train", dict.fromkeys(names, 8))
    write_class_folders(tmp_path / "data/val", dict.fromkeys(names, 2))
    monkeypatch.setattr(stream, "RESIDENT_BYTES", 0)
    recipe, whole, parts = tiny("dataset=folder", "epochs=1"), Losses(), Losses()
    fit(recipe, tmp_path / "data", tmp_path / "whole", FitOptions(), callbacks=[whole])
    with ctrl_c_during(3), pytest.raises(KeyboardInterrupt):
        fit(recipe, tmp_path / "data", tmp_path / "run", FitOptions(), callbacks=[parts])
    assert len(parts.found) == 4
    fit(recipe, tmp_path / "data", tmp_path / "run", RESUMING, callbacks=[parts])
    assert len(whole.found) == 7
    assert parts.found == pytest.approx(whole.found, rel=1e-5)
