"""What was measured before stands beside what is measured now, where the two can be compared."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from latente.experiments import EXPERIMENTS, Claim, Result
from latente.experiments.recorded import Recorded, RecordedFigure, recorded

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = {"error": RecordedFigure(2.0, 0.5), "seconds": RecordedFigure(7.0)}
BEFORE = Recorded("2026-11-21", "a machine", "digits", 3, FIGURES)
CLAIMS = (Claim("error", "", 2.4, 3), Claim("seconds", "", 9.0), Claim("new", "", 1.0))
RESULT = Result("digits, 100 images", CLAIMS, name="toy", seeds=3, recorded=BEFORE)


def test_a_figure_lies_within_its_spread_or_not_and_without_one_nobody_can_say() -> None:
    figure = RecordedFigure(2.0, 0.5)
    assert [figure.holds(measured) for measured in (1.5, 2.0, 2.6)] == [True, True, False]
    assert RecordedFigure(0, 0).holds(0) is True
    assert RecordedFigure(2.0).holds(2.0) is None


def test_only_like_is_compared_with_like() -> None:
    assert BEFORE.unlike(data="digits, 100 images", seeds=3, tiny=False) == ""
    assert "tiny" in BEFORE.unlike(data="digits, 100 images", seeds=3, tiny=True)
    assert "digits" in BEFORE.unlike(data="glyphs, which stand in for digits", seeds=3, tiny=False)
    assert "--seeds 3" in BEFORE.unlike(data="digits, 100 images", seeds=1, tiny=False)


def test_a_result_tells_people_and_machines_what_was_recorded_and_of_what() -> None:
    page, plain = RESULT.markdown(), RESULT.to_json()
    assert "| what | claimed | measured | target | met | recorded | within |" in page
    assert "| error |  | 2.4 | at most 3 | yes | 2 ± 0.5 | yes |" in page
    assert "| seconds |  | 9 |  |  | 7 |  |" in page
    assert "| new |  | 1 |  |  |  |  |" in page
    assert "- recorded: 2026-11-21, seeds 0 to 2, a machine\n" in page
    assert plain["recorded"] == {"date": "2026-11-21", "machine": "a machine", "seeds": 3}
    assert [(row["recorded"], row["spread"], row["within"]) for row in plain["rows"]] == [
        (2.0, 0.5, True),
        (7.0, None, None),
        (None, None, None),
    ]


def test_a_result_that_cannot_be_compared_says_why() -> None:
    result = dataclasses.replace(RESULT, recorded=None, not_compared="what is recorded is of --seeds 5")
    assert "| what | claimed | measured | target | met |\n" in result.markdown()
    assert "- not compared: what is recorded is of --seeds 5\n" in result.markdown()
    assert result.to_json()["recorded"] is None
    assert result.to_json()["not_compared"] == "what is recorded is of --seeds 5"


def test_of_an_experiment_that_was_not_measured_yet_nothing_is_recorded() -> None:
    nothing = recorded("no-such-experiment")
    assert nothing.unlike(data="digits", seeds=1, tiny=False) == "nothing is recorded of it yet"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_is_recorded_is_what_the_documentation_tells(name: str) -> None:
    pages = "".join((DOCS / page).read_text(encoding="utf-8") for page in ("results.md", "experiments.md"))
    numbers = [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", pages)]
    told = [scale * number for number in numbers for scale in (1, 0.01)]  # shares are told in percent
    entry = recorded(name)
    assert entry.date in pages
    for what, figure in entry.figures.items():
        assert min(abs(figure.value - number) for number in told) < 1e-9 + 5e-4 * min(1, figure.value), what
