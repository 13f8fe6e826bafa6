from train.plots.style import row_colour


def test_twenty_rows_have_a_colour_each():
    assert len({row_colour(place) for place in range(20)}) == 20
