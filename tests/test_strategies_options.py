"""What may be asked of a strategy, and what it does unasked."""

import inspect
import math
import re

import pytest

from fer_live.errors import UserError
from tests.tiny import task
from train.strategies import STRATEGIES, build_strategy, check_options


def test_an_unknown_option_names_the_known_ones():
    with pytest.raises(UserError, match="'gama' is not one of strategy focal's: gamma"):
        build_strategy("focal", task([1.0, 1.0]), {"gama": 2})
    with pytest.raises(UserError, match="'gama' is not one of strategy supervised's: none"):
        build_strategy("supervised", task([1.0, 1.0]), {"gama": 2})


@pytest.mark.parametrize(
    ("name", "option", "value", "wanted"),
    [
        ("focal", "gamma", "abc", "a number, 0 or more"),
        ("focal", "gamma", None, "a number, 0 or more"),
        ("focal", "gamma", math.nan, "a number, 0 or more"),
        ("focal", "gamma", math.inf, "a number, 0 or more"),
        ("focal", "gamma", True, "a number, 0 or more"),
        ("focal", "gamma", -0.1, "a number, 0 or more"),
        ("scn", "high_share", 1.5, "a number, 0 to 1"),
        ("scn", "relabel_from", 1.5, "a number, 0 to 1"),
        ("scn", "relabel_margin", -1.5, "a number, -1 to 1"),
        ("scn", "relabel_margin", "abc", "a number, -1 to 1"),
        ("rul", "mixing_from", 1.5, "a number, 0 to 1"),
        ("rul", "taught", 1.5, "a number, 0 to 1"),
        ("mixup", "share", 1.5, "a number, 0 to 1"),
        ("mixup", "alpha", 0, "a number above 0"),
        ("ldam", "deferred_from", 1.5, "a number, 0 to 1"),
        ("ldam", "beta", 1, "a number, 0 to 0.999999"),
        ("distillation", "weight", 1.5, "a number, 0 to 1"),
        ("simclr", "temperature", 0, "a number above 0"),
        ("dlp", "neighbours", 0, "a whole number from 1"),
        ("dlp", "neighbours", True, "a whole number from 1"),
        ("dacl", "hidden", 64, "a list of whole numbers from 1"),
        ("dacl", "hidden", [], "a list of whole numbers from 1"),
        ("dacl", "hidden", [64, 0], "a list of whole numbers from 1"),
    ],
)
def test_an_option_that_cannot_be_so_is_told_with_what_can(name, option, value, wanted):
    with pytest.raises(UserError, match=re.escape(f"options.{option} is {value!r}: use {wanted}")):
        build_strategy(name, task([1.0, 1.0]), {option: value})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("scn", {"relabel_margin": -1, "relabel_from": 0}),
        ("scn", {"relabel_margin": 1, "relabel_from": 1}),
        ("focal", {"gamma": 0}),
        ("center", {"weight": 5}),
        ("dlp", {"neighbours": 1}),
        ("dacl", {"hidden": [1]}),
    ],
)
def test_an_option_may_be_at_its_limit(name, options):
    check_options(STRATEGIES[name], name, options)


PUBLISHED = {
    "adcorre": {"weight": 0.14},
    "center": {"weight": 0.003, "rate": 0.5},
    "dacl": {"weight": 0.01, "rate": 0.5, "hidden": (3584, 512, 64)},
    "dlp": {"weight": 0.003, "neighbours": 20},
    "eac": {"weight": 5.0},
    "focal": {"gamma": 2.0},
    "ldam": {"largest": 0.5, "deferred_from": 0.8, "beta": 0.9999},
    "logit_adjustment": {"tau": 1.0},
    "scn": {"high_share": 0.7, "margin": 0.07, "relabel_from": 0.25, "relabel_margin": 0.2},
    "simclr": {"temperature": 0.5, "dimensions": 128},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_option_that_a_recipe_leaves_out_is_as_published(name):
    parameters = inspect.signature(STRATEGIES[name]).parameters
    found = {option: parameters[option].default for option in parameters if option != "task"}
    assert found == PUBLISHED[name]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"gama": 1}, "^mine.yaml: options: 'gama' is"),
        ({"gamma": -1}, "^mine.yaml: options.gamma is"),
    ],
)
def test_an_option_is_refused_by_the_place_where_it_stands(options, told):
    with pytest.raises(UserError, match=told):
        check_options(STRATEGIES["focal"], "focal", options, "mine.yaml: ")
