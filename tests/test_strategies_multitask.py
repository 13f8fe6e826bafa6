"""Two tasks at once: FER2013's labels, or teachers' words, and FER+'s votes."""

import pytest
import torch

from fer_live import weight_files
from fer_live.errors import UserError
from fer_live.expressions import CONTEMPT, HAPPY
from fer_live.models import Cucn, Output
from tests.crowds import SPLIT, UNANIMOUS, UNKNOWN, write_votes
from tests.test_fit import tiny
from tests.tiny import LN2, UNDECIDED, step, task
from train import recipe as recipes
from train.__main__ import main
from train.checkpoints import read_checkpoint
from train.export import export
from train.fit import FitOptions, fit
from train.strategies.crowd import CrowdLoss
from train.strategies.distillation import Distillation
from train.strategies.multitask import MultiTask

pytestmark = pytest.mark.usefixtures("small_networks")

MULTITASK = ("strategy=multitask", "options={crowd: 0.5}", "size=32", "arguments.crowd=8")


def test_the_votes_cost_their_share_of_the_loss():
    # Four classes of FER+ are as likely as each other, the rest impossible; mixing changes nothing.
    strategy = MultiTask(task([1.0, 1.0], votes=[UNANIMOUS, UNKNOWN]), crowd=0.5)
    crowd = torch.full((2, 8), -1e4)
    crowd[:, :4] = 0  # angry, disgust, fear and happy
    now = step(UNDECIDED, [0, 1], 0.5, torch.zeros(2, 4), crowd=crowd)
    # The first face costs ln 4 for its votes, the second has none for an expression.
    assert strategy.loss(now).value.item() == pytest.approx(LN2 + 0.5 * (2 * LN2 + 0) / 2)


def test_votes_of_each_face_are_looked_up_by_its_place():
    strategy = MultiTask(task([1.0, 1.0], votes=[UNANIMOUS, SPLIT]))
    assert strategy.people.shares[0].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    assert strategy.people.shares[1].tolist() == [0, 0, 0, 0.5, 0, 0, 0.5, 0]


def test_votes_are_learned_in_whole_precision_where_the_network_computes_in_half():
    people = CrowdLoss(task([1.0, 1.0], votes=[SPLIT]), "multitask")
    said = torch.linspace(-1, 1, 8)[None].bfloat16()
    rough, exact = (
        people(Output(None, None, None, None, crowd), torch.tensor([0]))
        for crowd in (said, said.float())
    )
    assert rough.item() == exact.item()


def test_two_tasks_mix_late_and_heed_teachers_as_cucn_does():
    strategy = MultiTask(task([1.0, 1.0], votes=[UNANIMOUS]), mixing_from=0.6, taught=0.3)
    assert (strategy.mixing_from, strategy.taught, strategy.crowd) == (0.6, 0.3, 0.5)


def test_a_checkpoint_holds_no_votes():
    assert not MultiTask(task([1.0, 1.0], votes=[UNANIMOUS])).state_dict()


def test_a_student_learns_the_votes_besides_its_teachers_words():
    strategy = Distillation(
        task([1.0, 1.0], votes=[UNANIMOUS, SPLIT]), temperature=1.0, weight=0.5, crowd=0.5
    )
    halves = [[0.5, 0.5], [0.5, 0.5]]
    now = step(UNDECIDED, [0, 1], targets=halves, crowd=torch.zeros(2, 8))
    # Labels cost ln 2 by half, teachers who agree nothing, and votes of any shares ln 8 by half.
    assert strategy.loss(now).value.item() == pytest.approx(0.5 * LN2 + 0.5 * 3 * LN2)


def test_no_epoch_is_chosen_whose_votes_head_is_new():
    with_head = Distillation(task([1.0, 1.0], votes=[UNANIMOUS, SPLIT]))
    assert [with_head.complete(progress) for progress in (0.1, 0.5, 0.6)] == [False, False, True]
    assert Distillation(task([1.0, 1.0])).complete(0.1)


def test_a_student_with_a_votes_head_asks_for_votes(fer2013_csv, tmp_path):
    recipe = tiny("strategy=distillation", "teachers=[cnn6]", "size=48", "arguments.crowd=8")
    with pytest.raises(UserError, match=r"fer2013new\.csv does not exist"):
        fit(recipe, fer2013_csv, tmp_path / "run", FitOptions(limit=16))


def test_it_asks_for_votes_in_one_line(fer2013_csv, tmp_path):
    with pytest.raises(UserError, match="multitask needs FER"):
        MultiTask(task([1.0, 1.0], network=Cucn(classes=2, size=32, crowd=8)))
    with pytest.raises(UserError, match=r"fer2013new\.csv does not exist"):
        fit(tiny(*MULTITASK, network="cucn"), fer2013_csv, tmp_path / "run", FitOptions(limit=16))


def test_it_asks_for_the_votes_head_in_one_line():
    network = Cucn(classes=2, size=32)
    with pytest.raises(UserError, match=r"use arguments\.crowd=8"):
        MultiTask(task([1.0, 1.0], votes=[UNANIMOUS, SPLIT], network=network))


def test_another_strategy_would_leave_the_votes_head_at_random():
    with pytest.raises(UserError, match=r"arguments\.crowd is a head that strategy rul does not"):
        recipes.load("cucn-fer2013", ["arguments.crowd=8"])


def test_a_weight_for_votes_without_their_head_is_refused():
    with pytest.raises(UserError, match=r"options\.crowd weighs a head that the network lacks"):
        recipes.load("cnn6-distilled", ["options.crowd=0.5"])
    recipes.load("cnn6-distilled", ["options.crowd=0.5", "arguments.crowd=8"])


def test_teachers_take_the_place_of_the_votes():
    recipe = recipes.load("cucn-multitask", teachers=["cucn"])
    assert recipe.strategy == "distillation"
    assert "crowd" not in recipe.arguments
    assert recipe.arguments["uncertainty"] is False


def test_one_run_becomes_two_weight_files(fer2013_csv, tmp_path):
    write_votes(fer2013_csv.parent, [UNANIMOUS, SPLIT])
    run, root = tmp_path / "run", str(fer2013_csv.parent)
    recipe = tiny(*MULTITASK, "epochs=1", network="cucn")
    fit(recipe, fer2013_csv, run, FitOptions(limit=16))
    for head, name in (("labels", "own"), ("votes", "people")):
        arguments = ["export", "--run", str(run), "--root", root, "--name", name, "--head", head]
        assert main([*arguments, "--output", str(tmp_path)]) == 0
    own, own_card = weight_files.load(tmp_path / "own.safetensors")
    people, card = weight_files.load(tmp_path / "people.safetensors")
    assert (own_card.dataset, len(own_card.labels)) == ("fer2013", 7)
    assert (card.dataset, len(card.labels)) == ("ferplus", 8)
    # What corrects for class weights would find them where there were none.
    assert (own_card.recipe["class_weights"], card.recipe["class_weights"]) == (0.25, 0)
    assert {HAPPY, CONTEMPT} < set(card.labels)
    trained = read_checkpoint(run / "best.ckpt")["state_dict"]["network.crowd.weight"]
    torch.testing.assert_close(people.classifier.weight, trained, rtol=1e-3, atol=1e-3)
    images = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(own(images).embedding, people(images).embedding)


@pytest.mark.parametrize(("shown", "kept"), [("entropy", False), ("head", True)])
def test_the_votes_file_has_no_uncertainty_head_that_nothing_reads(
    fer2013_csv, tmp_path, shown, kept
):
    write_votes(fer2013_csv.parent, [UNANIMOUS, SPLIT])
    run, root = tmp_path / "run", fer2013_csv.parent
    fit(tiny(*MULTITASK, "epochs=0", network="cucn"), fer2013_csv, run, FitOptions(limit=16))
    path = export(run, root, "people", tmp_path, torch.device("cpu"), shown, head="votes")
    network, card = weight_files.load(path)
    assert (network.uncertainty is not None) is kept
    assert card.arguments["uncertainty"] is card.recipe["arguments"]["uncertainty"] is kept
    assert ("head" in card.metrics["public"]["agreement"]) is kept


def test_a_run_with_one_classifier_has_no_votes_to_export(fer2013_csv, tmp_path, capsys):
    fit(tiny("epochs=0"), fer2013_csv, tmp_path / "run", FitOptions(limit=16))
    arguments = ["export", "--run", str(tmp_path / "run"), "--root", str(fer2013_csv)]
    assert main([*arguments, "--name", "a", "--head", "votes", "--output", str(tmp_path)]) == 2
    assert "has one classifier: leave --head out" in capsys.readouterr().err
