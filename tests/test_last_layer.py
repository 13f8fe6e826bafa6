"""What changes a finished network's last layer: the prior, and matrix scaling."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fer_live import card as cards
from fer_live import weight_files
from tests.test_measured import FACTS, TRAINING
from train.__main__ import main
from train.data import DATASETS
from train.evaluate import EvaluateOptions, evaluate
from train.fitted import class_weights_of
from train.matrix_scaling import fit_correction
from train.predict import predict
from train.score_table import print_scores
from train.strategies.criterion import class_weights
from train.vote import opinion

pytestmark = pytest.mark.usefixtures("small_networks")


def test_the_weights_are_those_of_the_training(random_weights):
    card = cards.load_card(Path(random_weights(training=TRAINING, **FACTS)))
    plain, weighted = (
        class_weights_of(replace(card, recipe={**card.recipe, "class_weights": exponent}))
        for exponent in (0.0, 0.5)
    )
    assert torch.equal(plain, torch.ones(7))
    torch.testing.assert_close(weighted, class_weights(torch.tensor(card.prior) * 56, 0.5))


def scaled(path, root, by="matrix"):
    arguments = ["refresh", "--weights", path, "--root", str(root), f"--{by}-scaling"]
    return main(arguments)


@pytest.mark.parametrize("crowd", [0, 8])
def test_the_last_layer_is_corrected_for_good(fer2013_csv, random_weights, crowd):
    arguments = {"size": 24, "crowd": crowd}
    path = random_weights(network="cucn", training=TRAINING, arguments=arguments, **FACTS)
    before, plain = weight_files.load(Path(path))
    assert scaled(path, fer2013_csv) == 0
    after, card = weight_files.load(Path(path))
    told = card.training["matrix_scaling"]
    assert (told["split"], told["folds"]) == ("public", 5)
    assert 0 <= told["accuracy"] <= 1
    assert told["optimism"] > 1
    images = torch.rand(4, 1, 24, 24)
    old, new = before.eval()(images), after.eval()(images)
    torch.testing.assert_close(old.embedding, new.embedding)
    second = old.crowd if crowd else old.logits
    faces = DATASETS["fer2013"].load(fer2013_csv, "public")
    seen = predict(before, plain, faces, torch.device("cpu"))
    labels = torch.from_numpy(faces.labels)
    votes = seen.crowd if crowd else seen.logits
    correction = fit_correction(seen.logits, votes, labels, class_weights_of(plain))
    expected = correction.apply(old.logits.double(), second.double()).float()
    torch.testing.assert_close(new.logits, expected, rtol=0, atol=1e-4)
    assert (old.logits - new.logits).abs().max() > 0.1
    listed = Path(path).with_name("README.md").read_text()
    assert "calibrated by matrix scaling on its split public" in listed
    assert f"raised {told['optimism']:.3f} times" in listed


def test_biases_alone_leave_what_the_layer_looks_at(fer2013_csv, random_weights):
    path = Path(random_weights(training=TRAINING, **FACTS))
    before, _ = weight_files.load(path)
    assert scaled(str(path), fer2013_csv, "bias") == 0
    after, card = weight_files.load(path)
    assert card.training["matrix_scaling"]["by"] == "bias"
    assert "calibrated by bias scaling on its split" in path.with_name("README.md").read_text()
    ratio = after.classifier.weight / before.classifier.weight
    torch.testing.assert_close(ratio, ratio.median().expand_as(ratio), rtol=0.02, atol=0)
    assert (after.classifier.bias - ratio.median() * before.classifier.bias).abs().max() > 1e-3


@pytest.mark.parametrize("by", ["matrix", "bias"])
def test_a_last_layer_is_corrected_once(fer2013_csv, random_weights, capsys, by):
    path = random_weights(training=TRAINING, **FACTS)
    assert [scaled(path, fer2013_csv, each) for each in (by, "matrix")] == [0, 2]
    assert f"has had its {by} scaling: leave --matrix-scaling out" in capsys.readouterr().err


def test_classes_in_another_order_are_not_corrected(fer2013_csv, random_weights, capsys):
    path = random_weights(training=TRAINING, **FACTS)
    card, tensors = cards.load_card(Path(path)), weight_files.load_tensors(Path(path))
    weight_files.save(Path(path), replace(card, labels=card.labels[::-1]), tensors)
    assert scaled(path, fer2013_csv) == 2
    assert "--matrix-scaling needs the same, in that order" in capsys.readouterr().err


def test_its_own_faces_are_told_of(fer2013_csv, random_weights, tmp_path, caplog):
    path = random_weights(training=TRAINING, **FACTS)
    scaled(path, fer2013_csv)
    arguments = ["evaluate", "--weights", path, "--root", str(fer2013_csv), "--dataset", "fer2013"]
    assert main([*arguments, "--output", str(tmp_path / "public")]) == 0
    assert "last layer was fitted to the split public" in caplog.text
    caplog.clear()
    assert main([*arguments, "--output", str(tmp_path / "train"), "--split", "train"]) == 0
    assert "was fitted" not in caplog.text


def cross_fitted(root, output, *weights, **options):
    """What evaluate tells of it."""
    cpu = torch.device("cpu")
    found = evaluate(weights, "fer2013", root, None, output, cpu, EvaluateOptions(**options))
    print_scores(found, output)
    return found["cross_fitted"]


@pytest.mark.parametrize("by", ["matrix", "bias"])
def test_its_own_faces_are_read_by_last_layers_of_others_too(
    fer2013_csv, random_weights, tmp_path, capsys, by
):
    path = random_weights(training=TRAINING, arguments={"crowd": 8}, **FACTS)
    scaled(path, fer2013_csv, by)
    found = cross_fitted(fer2013_csv, tmp_path / "out", path)
    told = cards.load_card(Path(path)).training["matrix_scaling"]
    assert found["last_layers"] == ["random0"]
    for name in ("accuracy", "macro_recall", "min_recall", "ece"):
        assert found[name] == pytest.approx(told[name], abs=0.02)
    assert found["clean"]["n"] <= found["n"]
    said = capsys.readouterr().out
    assert f"held out {found['n']} {100 * found['accuracy']:.2f}" in " ".join(
        said.replace("│", " ").split()
    )
    assert (
        "held out: each face by last layers and temperatures that others fitted (5 folds)" in said
    )
    assert f"held out: ECE {100 * found['ece']:.2f}%" in said


def test_in_a_vote_each_is_read_by_what_its_own_needs(fer2013_csv, random_weights, tmp_path):
    one, other = (random_weights(seed, training=TRAINING, **FACTS) for seed in (0, 1))
    scaled(one, fer2013_csv, "bias")
    scaled(other, fer2013_csv)  # whose matrix reads the logits: there is nothing else
    both = cross_fitted(fer2013_csv, tmp_path / "out", one, other)
    assert both["last_layers"] == ["random0"]
    for options in ({"tta": True}, {"limit": 10}):  # which do not tell what came before the layer
        found = cross_fitted(fer2013_csv, tmp_path / "out", one, other, **options)
        assert found["last_layers"] == []


def test_temperatures_of_its_own_faces_are_raised(fer2013_csv, random_weights):
    path = Path(random_weights(training=TRAINING, **FACTS))
    scaled(str(path), fer2013_csv)
    card, tensors = cards.load_card(path), weight_files.load_tensors(path)
    told = card.training["matrix_scaling"]
    training = {**card.training, "matrix_scaling": {**told, "optimism": 1.0}}
    weight_files.save(path, replace(card, training=training), tensors)
    assert main(["refresh", "--weights", str(path), "--root", str(fer2013_csv)]) == 0
    plain = cards.load_card(path)
    for name in ("temperature", "tta_temperature"):
        raised = told["optimism"] * getattr(plain, name)
        assert getattr(card, name) == pytest.approx(raised, rel=1e-3)


def test_faces_of_other_splits_are_not_the_layers_own(fer2013_csv, random_weights):
    path = random_weights(training=TRAINING, **FACTS)
    scaled(path, fer2013_csv)
    told = cards.load_card(Path(path)).training["matrix_scaling"]["optimism"]
    source, device = DATASETS["fer2013"], torch.device("cpu")
    found = [opinion(path, source.load(fer2013_csv, s), device, False) for s in ("public", "train")]
    assert [one.optimism for one in found] == [told, 1.0]


def test_the_prior_is_taken_from_the_logits_for_good(fer2013_csv, random_weights):
    path = random_weights(training=TRAINING, temperature=2.0, **FACTS)
    before = cards.load_card(Path(path))
    arguments = ["refresh", "--weights", path, "--root", str(fer2013_csv)]
    assert main([*arguments, "--logit-adjustment", "0.5"]) == 0
    network, card = weight_files.load(Path(path))
    assert card.training["logit_adjustment"] == 0.5
    torch.manual_seed(0)
    plain = type(network)()
    moved = network.classifier.bias - plain.classifier.bias
    expected = -0.5 * before.temperature * torch.tensor(before.prior).log()
    torch.testing.assert_close(moved, expected)
    torch.testing.assert_close(network.classifier.weight, plain.classifier.weight)


def test_what_was_taken_adds_up(fer2013_csv, random_weights, tmp_path):
    path = random_weights(training={**TRAINING, "logit_adjustment": 0.5}, **FACTS)
    arguments = ["refresh", "--weights", path, "--root", str(fer2013_csv)]
    assert main([*arguments, "--logit-adjustment", "-0.2"]) == 0
    assert cards.load_card(Path(path)).training["logit_adjustment"] == 0.3
    said = (tmp_path / "README.md").read_text()
    assert "- 0.3 times the classes' log prior is taken from its logits" in said


def test_what_was_taken_and_given_back_is_as_before(fer2013_csv, random_weights):
    path = Path(random_weights(training=TRAINING, temperature=2.0, **FACTS))
    before = weight_files.load_tensors(path)["classifier.bias"]
    for strength in ("1", "1", "-2"):  # between which the temperature is fitted anew
        arguments = ["--root", str(fer2013_csv), "--logit-adjustment", strength]
        assert main(["refresh", "--weights", str(path), *arguments]) == 0
    card = cards.load_card(path)
    assert card.temperature != 2.0
    assert card.training["logit_adjustment"] == 0
    torch.testing.assert_close(weight_files.load_tensors(path)["classifier.bias"], before)


TAKE, SCALE = ["--logit-adjustment", "0.5"], ["--matrix-scaling"]


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (SCALE, TAKE, "leave --logit-adjustment out"),
        (TAKE, SCALE, "leave --matrix-scaling out"),
        ([], [*TAKE, *SCALE], "leave one of them out"),
    ],
)
def test_a_layer_is_corrected_in_one_way(fer2013_csv, random_weights, capsys, first, then, said):
    path = Path(random_weights(training=TRAINING, **FACTS))
    arguments = ["refresh", "--weights", str(path), "--root", str(fer2013_csv)]
    assert main([*arguments, *first]) == 0
    before = path.read_bytes()
    assert main([*arguments, *then]) == 2
    assert said in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_card_without_a_prior_has_nothing_to_take(random_weights, fer2013_csv, capsys):
    path = random_weights(prior=(), training=TRAINING, **FACTS)
    arguments = ["refresh", "--weights", path, "--root", str(fer2013_csv)]
    assert main([*arguments, "--logit-adjustment", "1"]) == 2
    assert "leave --logit-adjustment out" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*arguments, "--logit-adjustment", "much"])
    assert "'much' is not a number" in capsys.readouterr().err
