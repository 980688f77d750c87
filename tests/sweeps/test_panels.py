"""The figure of what one option of a sweep does."""

from __future__ import annotations

import pytest

from latente import InputError
from latente.figures import main_effect
from latente.sweeps import Results, Sweep


@pytest.fixture(scope="module")
def results() -> Results:
    grid = {"batch_size": [16, 128], "hidden": [(64,), (64, 64)], "tied": [True, False]}
    sweep = Sweep(grid=grid, metric="accuracy", direction="maximize")
    return sweep.run(
        lambda *, seed, batch_size, hidden, tied: {"accuracy": batch_size + len(hidden) + tied, "loss": batch_size}
    )


def test_numbers_stand_on_an_axis_and_all_else_side_by_side(results: Results) -> None:
    [panel] = main_effect(**results.panel("batch_size")._asdict()).axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ["16", "128"]
    assert panel.get_xscale() == "log"
    [panel] = main_effect(**results.panel("hidden")._asdict()).axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ["64", "64,64"]
    [panel] = main_effect(**results.panel("tied")._asdict()).axes
    assert [label.get_text() for label in panel.get_xticklabels()] == ["True", "False"]


def test_it_is_called_by_the_metric_and_the_factor_in_words(results: Results) -> None:
    [panel] = main_effect(**results.panel("batch_size")._asdict()).axes
    assert panel.get_title(loc="left") == "accuracy ↑ by batch size"
    [panel] = main_effect(**results.panel("batch_size", "loss")._asdict()).axes
    assert panel.get_ylabel() == "loss"


def test_an_unknown_factor_is_refused(results: Results) -> None:
    with pytest.raises(InputError, match="did you mean 'hidden'"):
        main_effect(**results.panel("hiden")._asdict())
