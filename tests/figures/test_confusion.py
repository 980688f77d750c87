"""The picture of what is taken for what."""

from __future__ import annotations

import numpy as np
import pytest

from latente import figures


def test_every_count_is_written_and_mistakes_alone_are_shaded() -> None:
    table = np.array([[50, 0, 3], [1, 40, 0], [0, 12, 44]])
    [panel] = figures.confusion(table, ["cat", "dog", "a very long name indeed"]).axes
    written = {tuple(map(int, text.get_position()))[::-1]: int(text.get_text()) for text in panel.texts}
    assert written == {(row, column): table[row, column] for row, column in np.argwhere(table)}
    shade = panel.images[0].get_array()
    assert shade is not None
    assert np.ma.getmaskarray(shade).tolist() == (np.where(np.eye(3, dtype=bool), 0, table) == 0).tolist()
    assert float(shade.max()) == pytest.approx(np.sqrt(12))
    assert panel.get_title(loc="left") == "16 of 150 wrong"
    assert [label.get_text() for label in panel.get_yticklabels()] == ["cat", "dog", "a very long…"]


def test_no_mistake_at_all_can_be_drawn() -> None:
    [panel] = figures.confusion(np.diag([3, 4]), ["a", "b"]).axes
    assert panel.get_title(loc="left") == "0 of 7 wrong"


def test_tables_side_by_side_have_their_names_and_one_scale_of_shades() -> None:
    tables = {"before": np.array([[5, 9], [0, 7]]), "after": np.array([[13, 1], [1, 6]])}
    before, after = figures.confusions(tables, ["a", "b"], columns=2).axes
    assert [panel.get_title(loc="left") for panel in (before, after)] == [
        "before: 9 of 21 wrong",
        "after: 2 of 21 wrong",
    ]
    assert before.images[0].get_clim() == after.images[0].get_clim()
