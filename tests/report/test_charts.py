"""The figures of a report."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from latente.figures import PALETTE
from latente.report import charts

LINES = [
    {"part": part, "epoch": epoch, "step": 10 * epoch, name: value / epoch, "kl": 2.0 * epoch}
    for epoch in (1, 2, 3)
    for part, name, value in (("train", "loss", 1.2), ("validation", "objective", 1.0))
]


def _panels(runs: dict[str, Any]) -> list[Any]:
    """The matplotlib panels of `charts.overlaid`, caught before they become text."""
    caught: list[Any] = []

    def catch(figure: Any, name: str) -> str:
        caught.extend(figure.axes)
        return name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts.embedding, "svg", catch)
        charts.overlaid(runs)
    return caught


def test_each_term_has_one_panel_with_a_curve_of_every_run_that_has_it() -> None:
    plain = [{"part": "validation", "epoch": k, "step": k, "objective": 5.0 - k} for k in (1, 2)]
    objective, kl = _panels({"vae": LINES, "plain": plain})
    assert [panel.get_title(loc="left") for panel in (objective, kl)] == ["objective", "kl"]
    first, second = objective.get_lines()
    assert (first.get_label(), second.get_label()) == ("vae", "plain")
    assert (first.get_color(), second.get_color()) == PALETTE[:2]
    np.testing.assert_allclose(first.get_xydata(), [[1, 1], [2, 1 / 2], [3, 1 / 3]])
    np.testing.assert_allclose(second.get_xydata(), [[1, 4], [2, 3]])
    assert [line.get_label() for line in kl.get_lines()] == ["vae"]


def test_a_run_without_validation_shows_its_training_dashed() -> None:
    train = [line for line in LINES if line["part"] == "train"]
    [line] = _panels({"train": train})[0].get_lines()
    assert line.get_linestyle() == "--"
    np.testing.assert_allclose(line.get_ydata(), [1.2, 0.6, 0.4])


def test_an_axis_is_logarithmic_where_values_lie_far_apart_and_what_is_not_finite_is_left_out() -> None:
    low = [{"part": "validation", "epoch": k, "step": k, "objective": 0.01 * k} for k in (1, 2)]
    high = [{"part": "validation", "epoch": k, "step": k, "objective": v} for k, v in ((1, 90.0), (2, float("nan")))]
    [panel] = _panels({"low": low, "high": high})
    assert panel.get_yscale() == "log"
    assert [len(line.get_xdata()) for line in panel.get_lines()] == [2, 1]


def test_the_spread_of_several_runs_is_one_figure_with_all_names() -> None:
    series = {"one": np.array([20.0, 22.0]), "two": np.array([30.0, 31.0])}
    chart = charts.spread(series, "PSNR", "dB", "a note")
    assert (chart.name, chart.note) == ("psnrs", "a note")
    assert all(re.search(rf">{name}[^<]*{mean} dB<", chart.figure) for name, mean in (("one", "21"), ("two", "30.5")))


@pytest.mark.parametrize("psnr", [12.3, 31.9])
def test_the_note_on_the_peak_reads_a_mean_with_both_peaks(psnr: float) -> None:
    rng = np.random.default_rng(0)
    image, rebuilt = rng.random((2, 64))
    mse = ((image - rebuilt) ** 2).mean()
    extra = 10 * np.log10(255**2 / mse) - 10 * np.log10(1 / mse)
    assert f"would add 20 log10 255 = {extra:.2f} dB" in charts.peak_note(psnr)
    assert f"a mean of {psnr:.1f} dB would read {psnr + extra:.1f} dB" in charts.peak_note(psnr)
