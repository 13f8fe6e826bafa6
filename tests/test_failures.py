"""What is said of an error, and where the rest of it lies."""

import pytest
import torch

from fer_live.errors import UserError
from train.__main__ import main
from train.failures import FILE, LONGEST, in_a_line, kept


def raised(error):
    """The error as one that was raised and caught."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_errors_of_ours_are_told_whole():
    text = "a line " * 100
    assert in_a_line(UserError(text)) == text.strip()


def test_other_errors_keep_their_type_and_are_cut():
    line = in_a_line(RuntimeError("shapes\n do   not fit " + "and so on " * 300))
    assert line.startswith("RuntimeError: shapes do not fit and so on")
    assert line.endswith(" ...")
    assert len(line) <= LONGEST


def test_the_whole_of_it_lies_in_the_folder(tmp_path):
    long = "Dynamo failed " * 200
    assert kept(raised(RuntimeError(long)), tmp_path / "run").endswith(" ...")
    written = (tmp_path / "run" / FILE).read_text()
    assert long.strip() in written
    assert "in raised" in written


def test_a_name_from_before_utf8_is_written_as_well(tmp_path):
    assert kept(raised(RuntimeError("caf\udce9.png")), tmp_path).startswith("RuntimeError")
    assert "caf\\udce9.png" in (tmp_path / FILE).read_text()


def test_errors_of_ours_need_no_traceback(tmp_path):
    assert kept(raised(UserError("mend it")), tmp_path) == "mend it"
    assert list(tmp_path.iterdir()) == []


def test_errors_of_ours_that_cut_another_off_have_one(tmp_path):
    error = UserError("no compiler ...")
    error.__cause__ = RuntimeError("long " * 99)
    assert kept(error, tmp_path) == "no compiler ..."
    assert "long " * 98 in (tmp_path / FILE).read_text()


def test_a_folder_that_cannot_be_written_costs_the_traceback_alone(tmp_path):
    (tmp_path / "file").touch()
    error = raised(torch.OutOfMemoryError("no memory"))
    assert kept(error, tmp_path / "file") == "OutOfMemoryError: no memory"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bogus"], "invalid choice: 'bogus'"),
        (["fit"], "--recipe, --output; see python -m train fit --help"),
        (["tune", "--recipe", "a\nb", "--trials", "x\ny", "--output", "z"], "'x\\ny' is not a"),
        ([], "COMMAND; see python -m train --help"),
        (["fit", "--recipe", "scn", "--output", ""], "--output: '' names no file or folder"),
        (["audit", "--output", "z", "--root", " "], "--root: ' ' names no file or folder"),
        (["reproduce", "cucn-table2", "--rows", ","], "--rows: ',' holds no name"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(arguments, told, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("train: ")
    assert told in line
