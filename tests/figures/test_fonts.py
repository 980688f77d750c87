"""Names in any script are drawn in a font that has them, or told apart by numbers; never as boxes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from unicodedata import category

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

from latente import figures
from latente.figures import fonts

NOWHERE = "\N{CUNEIFORM SIGN A}"


def letters_of(family: str) -> set[int]:
    return set(FT2Font(findfont(family)).get_charmap())


@pytest.fixture(scope="module")
def rare() -> str:
    """A letter that matplotlib's usual font lacks and another one that it brings along has."""
    codes = letters_of("STIXGeneral") - letters_of("DejaVu Sans")
    return next(chr(code) for code in sorted(codes) if category(chr(code)).startswith(("L", "S")))


@pytest.fixture
def few_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with no fonts but matplotlib's usual one, and a font file that is gone and one that is none."""
    usual = [font for font in fontManager.ttflist if font.name.startswith("DejaVu")]
    gone = FontEntry(fname="gone.ttf", name="Gone Sans")
    broken = FontEntry(fname=__file__, name="Broken Sans")
    monkeypatch.setattr(fontManager, "ttflist", [gone, broken, *usual])
    fonts._families.cache_clear()
    yield
    fonts._families.cache_clear()


def named(*names: str) -> Figure:
    labels = np.arange(20) % len(names)
    return figures.latent_map(np.random.default_rng(0).normal(size=(20, 2)), labels, names)


def within(figure: Figure, call: Callable[[], list[str]]) -> list[str]:
    with figures.legible(figure):
        figure.draw_without_rendering()
        return call()


def families(figure: Figure) -> list[list[str]]:
    return [text.get_fontfamily() for text in figure.legends[0].get_texts()]


def test_letters_that_the_usual_font_lacks_are_drawn_in_one_that_has_them(rare: str):
    figure = named("cat", rare)
    usual = families(figure)
    with figures.legible(figure):
        assert all(font[: len(usual[0])] == usual[0] and len(font) > len(usual[0]) for font in families(figure))
        files = [findfont(FontProperties(family=[family])) for family in families(figure)[1]]
        assert any(FT2Font(file).get_char_index(ord(rare)) for file in files)
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["cat", rare]
    assert families(figure) == usual
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each letter that becomes a box
        figures.on_white(figure)


def test_usual_letters_stay_in_the_usual_font():
    figure = named("cat", "Ünïcödé", "кот", "قط", "a\nb")
    usual = families(figure)
    with figures.legible(figure):
        assert families(figure) == usual


def test_names_that_no_font_has_become_numbers_with_what_can_be_drawn_and_are_told_once(few_fonts: None):
    names = [f"{NOWHERE}a", f"{NOWHERE}", f"cat {NOWHERE}", "dog"]
    figure = named(*names)
    with pytest.warns(UserWarning, match="no font on this machine has the letters") as told:
        spelled = within(figure, lambda: [text.get_text() for text in figure.legends[0].get_texts()])
    numbers = [text.split()[0] for text in spelled[:3]]
    assert spelled == [f"{numbers[0]} a", numbers[1], f"{numbers[2]} cat", "dog"]
    assert len(set(numbers)) == 3
    assert all(
        f"{number} for {name!r}" in str(told[0].message) for number, name in zip(numbers, names[:3], strict=True)
    )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.on_white(figure)


def test_names_along_an_axis_are_told_apart_too(few_fonts: None):
    figure = figures.confusion(np.eye(2, dtype=int), [f"x{NOWHERE}", f"y{NOWHERE}"])
    with pytest.warns(UserWarning, match="no font"):
        first, second = within(figure, lambda: [label.get_text() for label in figure.axes[0].get_xticklabels()])
    assert first.endswith(" x")
    assert second.endswith(" y")
    assert first.split()[0] != second.split()[0]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == [f"x{NOWHERE}", f"y{NOWHERE}"]


def test_a_browser_has_fonts_of_its_own(few_fonts: None):
    figure = named(f"{NOWHERE}b", "c")
    with figures.legible(figure, spells=False):
        assert [text.get_text() for text in figure.legends[0].get_texts()] == [f"{NOWHERE}b", "c"]
