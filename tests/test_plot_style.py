from train.plots.style import figure, legend_name, row_colour, save


def test_twenty_rows_have_a_colour_each():
    assert len({row_colour(place) for place in range(20)}) == 20


def test_names_are_drawn_as_they_are(tmp_path):
    picture = figure(4, 3)
    axes = picture.add_subplot()
    axes.plot([0, 1], label=legend_name("_mine"))
    axes.plot([1, 0], label=legend_name("costs $^$"))
    axes.set_title("$5 and $6")
    legend = picture.legend()
    assert len(legend.get_texts()) == 2
    save(picture, tmp_path / "a.png")
    plain = [not text.get_parse_math() for text in (axes.title, *legend.get_texts())]
    assert all(plain)
