"""What all figures share: nothing is cut off, and the caller's matplotlib is left alone."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from latente import figures
from latente.figures import style

rng = np.random.default_rng(0)
POINTS, LABELS = rng.normal(size=(200, 2)), np.arange(200) % 10
TEN = [f"class number {i}" for i in range(10)]
SMALL = rng.random((3, 7, 1, 8, 8))
LONG = "a name that is far longer than any column"

FIGURES: dict[str, Callable[[], Figure]] = {
    "comparison": lambda: figures.comparison({LONG: {"MSE": 1e-5, LONG: 1.0}, "b": {"MSE": 123456.7}}),
    "comparison of one": lambda: figures.comparison({"a": {"log-likelihood (nats)": -102.3}}),
    "curves": lambda: figures.curves([{"part": "train", "step": k, "loss": 1e5 / (k + 1)} for k in range(9)]),
    "grid": lambda: figures.grid(SMALL[0]),
    "histogram": lambda: figures.histogram(1e-6 * rng.random(99), "MSE", "per value"),
    "histograms": lambda: figures.histograms({LONG: rng.random(9), "b": rng.random(7)}, "PSNR", "dB"),
    "kl_bars": lambda: figures.kl_bars(rng.random(30)),
    "latent_map": lambda: figures.latent_map(POINTS, LABELS, TEN),
    "latent_map of values": lambda: figures.latent_map(POINTS, values=1e-6 * rng.random(200), value_name=LONG),
    "lattice": lambda: figures.lattice(SMALL),
    "maps": lambda: figures.maps([(LONG, POINTS), ("PCA", 1000 * POINTS)], LABELS, TEN),
    "maps, three": lambda: figures.maps([("a", POINTS)] * 3),
    "pairs": lambda: figures.pairs(SMALL[0], SMALL[1], titles=["0.1"] * 7),
    "pictures_at": lambda: figures.pictures_at(1000 * POINTS[:7], SMALL[0]),
    "strips": lambda: figures.strips(SMALL, ["a", LONG, "c"], [f"{k:+.1f}" for k in range(7)]),
    "strips aslant": lambda: figures.strips(SMALL, ["a"], [LONG] * 7),
}


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_reaches_beyond_the_figure_which_fits_a_page(name: str) -> None:
    figure = FIGURES[name]()
    figure.savefig(io.BytesIO(), format="svg")
    drawn, page = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) > -0.02
    assert drawn.x1 < page[0] + 0.02
    assert drawn.y1 < page[1] + 0.02
    assert page[0] < 7.8  # wider ones shrink too far on a telephone, and their letters with them


def test_figures_leave_pyplot_and_its_settings_alone() -> None:
    before = dict(mpl.rcParams)
    for name in ("comparison", "curves", "latent_map", "strips aslant"):
        FIGURES[name]().savefig(io.BytesIO())
    assert dict(mpl.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_names_are_cut_to_a_width_in_which_letters_of_east_asia_count_twice() -> None:
    assert style.shortened("猫" * 6, 12) == "猫" * 6
    assert style.shortened("猫" * 7, 12) == "猫" * 5 + "…"
    assert style.shortened("a" * 13, 12) == "a" * 11 + "…"
    assert style.shortened("a\nb") == "a\\nb"


def test_names_that_would_be_cut_alike_keep_their_ends() -> None:
    assert style.shortened_apart(["abcdefghij 1", "abcdefghij 2", "other"], 9) == ["abcd…ij 1", "abcd…ij 2", "other"]
    assert style.shortened_apart(["abcdefghij", "xyz"], 9) == ["abcdefgh…", "xyz"]
