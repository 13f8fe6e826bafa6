"""What a weight file's card may hold, and what is told by it."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fer_live import card as cards
from fer_live import packaged
from fer_live.card import Card
from fer_live.errors import UserError
from fer_live.web.models import facts


def test_a_last_layer_that_fits_a_split_is_told_of_by_other_faces(card):
    assert card.accuracy("public") == 0.6
    scaled = {"split": "public", "accuracy": 0.55, "ece": 0.02}
    fitted = dataclasses.replace(card, training={"matrix_scaling": scaled})
    assert fitted.accuracy("public") == 0.55
    assert "by that of other faces: accuracy 55.0%, ECE 2.0%" in facts(fitted)
    assert "other faces" not in facts(card)


def test_a_card_tells_from_which_confidence_one_expression_is_named(card):
    told = facts(dataclasses.replace(card, abstain_below=0.76))
    assert "names one expression</th><td>from 76%<" in told


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(UserError, match=f"give a path, or one of: {packaged.MODEL}, c"):
        cards.find_weights("resnet")


def test_a_card_that_does_not_say_has_the_heads_uncertainty(card):
    content = json.loads(card.to_json())
    for key in ("uncertainty_score", "tta_temperature"):
        del content[key]
    old = Card.from_json(json.dumps(content))
    assert (old.uncertainty_score, old.tta_temperature) == ("head", 1.0)


def test_entropy_is_ranked_among_the_training_faces(card):
    told = dataclasses.replace(
        card, uncertainty_score="entropy", uncertainty_quantiles=(0.0, math.log(2), math.log(4))
    )
    logits = np.array([[0.5, 0.5], [0.0, -np.inf]])
    assert told.uncertainty(logits, None).tolist() == pytest.approx([0.5, 0.0])


def test_without_a_head_or_quantiles_there_is_no_uncertainty(card):
    logits = np.zeros((1, 7))
    assert card.uncertainty(logits, np.ones(1)) is None
    ranked = dataclasses.replace(card, uncertainty_quantiles=(0.0, 1.0, 2.0))
    assert ranked.uncertainty(logits, None) is None
    assert ranked.uncertainty(logits, np.array([1.5])).tolist() == [0.75]


def test_a_score_that_is_not_known_is_refused(card):
    content = {**json.loads(card.to_json()), "uncertainty_score": "mood"}
    with pytest.raises(ValueError, match="unknown uncertainty score 'mood'"):
        Card.from_json(json.dumps(content))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("network", ["cnn6"]),
        ("arguments", [1]),
        ("arguments", {"classes": 7, "size": 96}),
        ("arguments", {"classes": 7, "channels": 3}),
        ("labels", ["angry"] * 7),
        ("size", 0),
        ("size", "48"),
        ("size", True),
        ("channels", 2),
        ("mean", "0.5"),
        ("mean", 10**400),
        ("deviation", 0),
        ("deviation", float("inf")),
        ("temperature", -1),
        ("tta_temperature", float("nan")),
        ("crop", {"margin": 0}),
        ("crop", {"margin": float("nan")}),
        ("crop", {"offset_x": "left"}),
        ("prior", [None]),
        ("uncertainty_quantiles", [0.1, 0.2]),
        ("uncertainty_quantiles", list(range(101, 0, -1))),
        ("uncertainty_quantiles", [0.0] * 100 + ["1"]),
        ("abstain_below", 5),
        ("metrics", []),
        ("recipe", "x"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_by_the_fields_name(tmp_path, card, field, value):
    path = tmp_path / "odd.safetensors"
    content = {**json.loads(card.to_json()), field: value}
    save_file({"a": torch.zeros(1)}, path, metadata={"card": json.dumps(content)})
    name = "size|channels" if field == "arguments" and isinstance(value, dict) else field
    with pytest.raises(UserError, match=rf"card cannot be read \(({name})[.\w]* is .*\): export"):
        cards.load_card(path)
