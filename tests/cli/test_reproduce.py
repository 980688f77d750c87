"""`latente reproduce`: one experiment, or all that there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latente import experiments
from latente.experiments import EXPERIMENTS, Claim, Request, Result
from latente.experiments.recorded import Recorded, RecordedFigure

Client = Callable[..., Any]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that take no time: what an experiment hands back is all that the verb sees."""
    from latente.experiments import letters

    def run(request: Request) -> Result:
        request.tell("seed 0: done")
        claims = [Claim("wrong pixels", "[BFPS] 1", 0, 0), Claim("accuracy", "", 0.5, 0.9, higher_is_better=True)]
        return Result(data="some letters", claims=claims, extra={"max_wrong_pixels": 0})

    monkeypatch.setattr(letters, "run", run)


@pytest.mark.usefixtures("quick")
def test_an_experiment_shows_each_claim_beside_its_measurement(latente: Client) -> None:
    shown = latente("reproduce letters --seeds 2")
    assert (shown.code, shown.err) == (0, "")
    assert "seed 0: done" in shown.out
    assert "wrong pixels [BFPS] 1 0 ≤ 0 yes" in shown.words
    assert "accuracy 0.5 ≥ 0.9 no" in shown.words
    assert Path("runs/reproduce/letters/result.md").is_file()


@pytest.mark.usefixtures("quick")
def test_for_machines_the_result_is_one_json_document(latente: Client) -> None:
    shown = latente("reproduce letters --tiny --json --out here")
    assert shown.code == 0
    assert (shown.json["max_wrong_pixels"], shown.json["tiny"], shown.json["out"]) == (0, True, "here")
    assert shown.json["command"] == "latente reproduce letters --tiny --out here"
    assert (shown.json["recorded"], shown.json["not_compared"]) == (None, "the tiny variant's figures say nothing")
    assert "the tiny variant only shows that everything works" in shown.err


@pytest.mark.usefixtures("quick")
def test_a_result_stands_beside_what_was_recorded_where_they_are_alike(
    latente: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"wrong pixels": RecordedFigure(0, 0.0), "accuracy": RecordedFigure(0.9, 0.1)}
    before = Recorded("2026-11-21", "another machine", "some letters", 2, figures)
    monkeypatch.setattr(experiments, "recorded", lambda name: before)
    shown = latente("reproduce letters --seeds 2")
    assert "wrong pixels [BFPS] 1 0 ≤ 0 yes 0 ± 0 yes" in shown.words
    assert "accuracy 0.5 ≥ 0.9 no 0.9 ± 0.1 no" in shown.words
    assert "recorded 2026-11-21, seeds 0 to 1, another machine" in shown.words
    alike = latente("reproduce letters --seeds 2 --json").json
    assert [row["within"] for row in alike["rows"]] == [True, False]
    assert "not compared what is recorded is of --seeds 2" in latente("reproduce letters").words


@pytest.mark.usefixtures("quick")
def test_the_list_knows_the_last_result_of_each(latente: Client) -> None:
    assert latente("reproduce --list").out.count("none yet") == len(EXPERIMENTS)
    latente("reproduce letters --tiny")
    assert latente("reproduce --list").out.count("none yet") == len(EXPERIMENTS)  # tiny ones do not count
    latente("reproduce letters")
    assert "targets missed, 0" in latente("reproduce --list").out
    rows = {row["name"]: row for row in latente("reproduce --list --json").json}
    assert rows.keys() == EXPERIMENTS.keys()
    assert rows["letters"]["last"]["met"] is False
    assert rows["letters-denoise"]["last"] is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reproduce lettres", "unknown experiment 'lettres'; did you mean 'letters'?"),
        ("reproduce", "name one experiment, or give --list alone"),
        ("reproduce letters --list", "name one experiment, or give --list alone"),
        ("reproduce letters --seeds 0", "'--seeds': it must be a whole number of at least 1, not 0"),
        ("reproduce letters --font none.h", "none.h cannot be read"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(latente: Client, line: str, message: str) -> None:
    shown = latente(line)
    assert shown.code == 2
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not Path("runs").exists()


def test_a_font_is_only_for_experiments_that_take_one(monkeypatch: pytest.MonkeyPatch, latente: Client) -> None:
    other = experiments.Experiment("letters", "", minutes=1)
    monkeypatch.setattr(experiments, "EXPERIMENTS", {**EXPERIMENTS, "other": other})
    shown = latente("reproduce other --font font.h")
    assert (shown.code, shown.err.count("\n")) == (2, 1)
    assert "other has no use for a font; these have: letters, letters-denoise" in shown.err
