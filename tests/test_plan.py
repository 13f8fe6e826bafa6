"""What has to be trained for a table, and tables that are refused."""

from dataclasses import replace

import pytest
import yaml

from fer_live.errors import UserError
from train import recipe as recipes
from train.cli.options import names
from train.outcome import Progress
from train.plan import PlanOptions, all_runs, plan, shortened
from train.schedule import factor
from train.table import Column, Row, Table, load_table, table_names

OVERALL = [Column("overall", "accuracy")]


def table_of(*rows):
    return Table("title", "source", OVERALL, list(rows))


def test_times_that_are_not_known_are_not_said_to_be_short():
    run, other = all_runs(plan(table_of(Row("a", "basic"), Row("b", "focal")), PlanOptions()))
    assert Progress().said([run]) == "unknown"
    assert Progress({run.name: 40.0}).said([run, other]) == "over 40 s"
    assert Progress({run.name: 40.0, other.name: 2.0}).said([run, other]) == "42 s"
    assert Progress().said([]) == "0 s"


def test_rows_that_start_alike_share_one_training():
    rows = [
        Row("hash", "cucn-r18", "msceleb"),
        Row("star", "cucn-r18", "imagenet"),
        Row("other", "cucn-r18-w"),
    ]
    planned = plan(table_of(*rows), PlanOptions())
    assert planned[0].runs == planned[1].runs
    assert planned[0].notes == ("from scratch: no MS-Celeb-1M weights were given (--msceleb FILE)",)
    assert "the same training as hash" in planned[1].notes
    assert len(all_runs(planned)) == 2


def test_given_weights_part_the_rows_again_and_open_the_gates(tmp_path):
    rows = [
        Row("hash", "cucn-r18-w-cbam", "msceleb"),
        Row("star", "cucn-r18-w-cbam", "imagenet"),
    ]
    file = tmp_path / "msceleb.pth"
    planned = plan(table_of(*rows), PlanOptions(msceleb=file))
    assert planned[0].runs[0].recipe.pretrained == str(file)
    assert planned[0].runs[0].recipe.arguments["cbam_init"] == "identity"
    assert planned[1].runs[0].recipe.pretrained == ""
    assert planned[0].notes == ()
    assert len(all_runs(planned)) == 2


def test_gates_are_as_published_where_no_weights_are_given():
    row = Row("hash", "cucn-r18-w-cbam", "msceleb")
    (planned,) = plan(table_of(row), PlanOptions())
    assert planned.runs[0].recipe.arguments == recipes.load("cucn-r18-w-cbam").arguments


def test_a_row_can_change_its_recipe_and_a_flag_has_the_last_word():
    rows = (
        Row("all", "cucn-fer2013"),
        Row("less", "cucn-fer2013", changes=["ema=0", "label_smoothing=0"]),
    )
    whole, less = plan(table_of(*rows), PlanOptions(changes=["label_smoothing=0.2"]))
    assert less.runs[0].recipe == replace(whole.runs[0].recipe, ema=0, label_smoothing=0.2)
    assert less.runs[0].name != whole.runs[0].name
    assert less.notes == ("recipe with ema=0, label_smoothing=0",)


def test_a_trunk_that_would_stay_frozen_at_random_trains_from_scratch():
    row = Row("VGG11", "report-vgg11", "imagenet")
    assert plan(table_of(row), PlanOptions())[0].runs[0].recipe.trains == []
    frozen = plan(table_of(row), PlanOptions(imagenet=True))[0].runs[0].recipe.trains
    assert frozen == ["head", "classifier"]


def test_given_weights_begin_the_first_stage():
    row = Row("DBL", "dbl", "imagenet")
    starts = {}
    for given in (True, False):
        (planned,) = plan(table_of(row), PlanOptions(imagenet=given))
        starts[given] = [stage.recipe.pretrained for stage in planned.runs[0].stages()]
    assert starts == {True: ["imagenet", "imagenet"], False: ["", ""]}


def test_a_row_that_says_nothing_of_its_start_leaves_the_recipe_its_own():
    (planned,) = plan(table_of(Row("VGG11", "report-vgg11")), PlanOptions())
    assert planned.runs[0].recipe == recipes.load("report-vgg11")


def test_a_first_stage_is_trained_once_for_all_rows_and_each_seed():
    rows = [Row("Basic", "basic"), Row("Decoupling", "crt"), Row("tau", "tau-norm")]
    planned = plan(table_of(*rows), PlanOptions(seeds=2))
    names = [run.name.rsplit("-", 1)[0] for run in all_runs(planned)]
    assert names == [
        "basic-seed0",
        "basic-seed1",
        "crt-seed0",
        "crt-seed1",
        "tau-norm-seed0",
        "tau-norm-seed1",
    ]
    assert planned[1].runs[0].before == planned[0].runs[0]


def test_what_is_set_for_every_recipe_reaches_the_first_stage_too():
    rows = table_of(Row("Basic", "basic"), Row("Decoupling", "crt"))
    changes = ["batch_size=16", "epochs=3", "augmentation.rotation=0", "arguments.depth=34"]
    basic, decoupled = plan(rows, PlanOptions(changes=changes))
    assert decoupled.runs[0].before == basic.runs[0]
    first = basic.runs[0].recipe
    assert (first.batch_size, first.epochs, first.augmentation.rotation) == (16, 3, 0)
    assert first.augmentation.shift == 0.08
    assert decoupled.notes == ()


def test_what_is_said_of_the_first_stage_holds_there_whatever_is_set_for_all():
    changes = ["before.batch_size=8", "batch_size=16", "epochs=3"]
    (row,) = plan(table_of(Row("Decoupling", "crt")), PlanOptions(changes=changes))
    first, last = (run.recipe for run in row.runs[0].stages())
    assert (first.batch_size, first.epochs) == (8, 3)
    assert (last.batch_size, last.epochs) == (16, 3)


def test_how_a_stage_learns_is_its_own_and_the_plan_tells():
    changes = ["sampler=shuffled", "class_weights=0.5", "ema=0"]
    basic, decoupled = plan(
        table_of(Row("Basic", "basic"), Row("Decoupling", "crt")), PlanOptions(changes=changes)
    )
    first = decoupled.runs[0].before.recipe
    assert (first.class_weights, first.ema) == (0, 0)
    assert basic.notes == ()
    assert decoupled.notes == (
        "sampler=shuffled, class_weights=0.5 in its last stage alone: before.KEY=VALUE is for the one "
        "before",
    )


def test_a_change_that_the_first_stage_cannot_have_costs_the_row():
    changes = ["strategy=multitask", "arguments.uncertainty=true", "arguments.crowd=8"]
    (row,) = plan(table_of(Row("Decoupling", "crt")), PlanOptions(changes=changes))
    assert row.error.startswith("recipe basic: arguments.crowd")


def test_fewer_epochs_reach_the_first_stage_and_leave_none_at_none():
    recipe = shortened(recipes.load("crt"), 3)
    assert (recipe.epochs, recipes.before(recipe).epochs) == (3, 3)
    still = shortened(recipes.load("tau-norm"), 3)
    assert (still.epochs, recipes.before(still).epochs) == (0, 3)


def test_a_shortened_schedule_ends_as_low():
    recipe = replace(recipes.load("report-baseline"), epochs=40, decay=0.9, warmup_epochs=4.0)
    short = shortened(recipe, 10)
    assert short.warmup_epochs == 1
    assert short.decay**10 == pytest.approx(0.9**40)


def test_a_shortened_schedule_remembers_as_little_of_its_start():
    recipe = replace(recipes.load("cnn6-fer2013"), epochs=40, ema=0.99)
    assert shortened(recipe, 10).ema ** 10 == pytest.approx(0.99**40)


@pytest.mark.parametrize("epochs", [6, 15, 60])
def test_a_shortened_schedule_falls_by_stairs_that_it_has_time_for(epochs):
    recipe = replace(recipes.load("report-baseline"), epochs=60, decay=0.1, decay_every=20)
    rate = factor(shortened(recipe, epochs), 60)
    assert rate(59) == pytest.approx(0.1**2)


@pytest.mark.parametrize(("epochs", "patience"), [(60, 5), (120, 5), (24, 2), (3, 1)])
def test_a_shortened_schedule_waits_less_long_for_a_better_loss(epochs, patience):
    recipe = replace(recipes.load("report-baseline"), epochs=60, plateau_patience=5)
    assert shortened(recipe, epochs).plateau_patience == patience


def test_a_schedule_that_never_waits_does_not_when_it_is_shortened():
    recipe = replace(recipes.load("report-baseline"), epochs=60, plateau_patience=0)
    assert shortened(recipe, 6).plateau_patience == 0


def test_another_limit_or_field_is_another_training():
    rows = table_of(Row("a", "cnn6-fer2013"))
    options = [PlanOptions(), PlanOptions(limit=8), PlanOptions(changes=["epochs=7"])]
    assert len({plan(rows, one)[0].runs[0].name for one in options}) == 3


@pytest.mark.parametrize("change", ["seed=7", "before.seed=7", "before={seed: 7}"])
@pytest.mark.parametrize("of", ["all", "a row"])
def test_one_seed_for_all_runs_is_refused(of, change):
    row = Row("a", "basic", changes=[change] if of == "a row" else [])
    with pytest.raises(
        UserError, match=r"seed.*7.* would be the seed of every run: .* use --seeds N"
    ):
        plan(table_of(row), PlanOptions(seeds=3, changes=[change] if of == "all" else []))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("glare, JPEG and covers", {"glare, JPEG and covers"}),
        ("glare,JPEG and covers,light", {"glare, JPEG and covers", "light"}),
        ("light, glare", {"light", "glare"}),
    ],
)
def test_a_row_whose_name_holds_a_comma_can_be_asked_for(text, wanted):
    table = table_of(*(Row(name, "basic") for name in ("glare", "glare, JPEG and covers", "light")))
    planned = plan(table, PlanOptions(rows=names(text)))
    assert {row.row.name for row in planned if row.runs} == wanted


def test_an_unknown_row_names_the_known_ones():
    with pytest.raises(UserError, match="row 'b' is not in the table: use a"):
        plan(table_of(Row("a", "basic")), PlanOptions(rows=["b"]))


def test_a_table_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "table.yaml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match=r"table\.yaml cannot be read as text .* give a YAML file"):
        load_table(str(path))


def test_a_table_that_is_a_list_is_told_so_and_not_shown(tmp_path):
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump([{"name": "a"}] * 100))
    with pytest.raises(UserError, match=r"table\.yaml is a list: give a mapping, .*columns$"):
        load_table(str(path))


@pytest.mark.parametrize("name", table_names())
def test_every_row_of_the_published_tables_can_be_trained_or_is_cited(name):
    for row in plan(load_table(name), PlanOptions()):
        assert not row.error
        assert row.runs or row.row.published


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": [{"name": "x", "metric": "luck"}]}, "'luck' is not one of"),
        ({"rows": [{"name": "a", "published": {"y": 1}}]}, "which is not one of"),
        ({"rows": [{"name": "a"}, {"name": "a"}]}, "two rows are called 'a'"),
        (
            {"columns": [{"name": "x", "metric": "auc"}, {"name": "x", "metric": "accuracy"}]},
            "two columns are called 'x'",
        ),
        ({"rows": [{"title": "a"}]}, "title"),
        ({"compare": ["a", "b"]}, "compare .* is not two of its rows"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path, change, message):
    good = {"title": "t", "source": "s", "columns": [{"name": "x", "metric": "auc"}], "rows": []}
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump({**good, **change}))
    with pytest.raises(UserError, match=message):
        load_table(str(path))
