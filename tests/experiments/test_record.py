"""Claims beside measurements: as a page and for machines, written whole."""

from __future__ import annotations

import json
import math
from pathlib import Path

from matplotlib.figure import Figure

from latente.experiments import last_result
from latente.experiments.record import Claim, Result

CLAIMS = [
    Claim("error | percent", "[X] 3", 2.5, 3.0),
    Claim("accuracy", "", 0.8, 0.9, higher_is_better=True),
    Claim("seconds", "", 7.0),
]


def result(**changed: object) -> Result:
    values: dict[str, object] = {"data": "digits", "claims": CLAIMS, "figures": {"a curve": Figure()}, "name": "toy"}
    return Result(**(values | changed))  # type: ignore[arg-type]


def test_a_target_is_met_at_most_or_where_higher_is_better_at_least() -> None:
    assert [claim.met for claim in CLAIMS] == [True, False, None]
    assert Claim("exact", "", 0, 0).met
    assert not Claim("lost", "", math.nan, 1.0).met
    assert not result().met
    assert result(claims=[CLAIMS[0], CLAIMS[2]]).met


def test_the_page_shows_each_claim_beside_its_measurement() -> None:
    page = result(tables={"per seed": [{"seed": 0, "of": "`|"}]}, notes=["A remark."]).markdown()
    assert "| error \\| percent | [X] 3 | 2.5 | at most 3 | yes |" in page
    assert "| accuracy |  | 0.8 | at least 0.9 | **no** |" in page
    assert "| seconds |  | 7 |  |  |" in page
    assert "| 0 | \\`\\| |" in page
    assert "\nA remark.\n" in page
    assert "![a curve](a-curve.png)" in page
    assert "tiny variant" not in page
    assert "tiny variant" in result(tiny=True).markdown()
    assert "- minutes: 2.50\n" in result(minutes=2.5).markdown()
    assert "- minutes: 2.50, after trainings" in result(minutes=2.5, resumed=True).markdown()


def test_a_result_is_written_with_its_figures_and_nothing_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "toy"
    result(extra={"max_wrong_pixels": 3}).write(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["a-curve.png", "result.json", "result.md"]
    assert (folder / "a-curve.png").read_bytes().startswith(b"\x89PNG")
    values = last_result(folder)
    assert values is not None
    assert (values["name"], values["met"], values["max_wrong_pixels"]) == ("toy", False, 3)
    assert values["rows"][0]["target"] == 3.0
    assert values["figures"] == {"a curve": "a-curve.png"}


def test_what_is_no_finite_number_is_null_for_machines(tmp_path: Path) -> None:
    table = [{"seed": 0, "sd": math.nan, "of": (1.0, -math.inf)}]
    result(tables={"per seed": table}, extra={"ratio": math.inf}, claims=[Claim("lost", "", math.nan)]).write(tmp_path)
    written = (tmp_path / "result.json").read_text()
    assert "NaN" not in written
    assert "Infinity" not in written
    values = json.loads(written)
    assert values["tables"]["per seed"] == [{"seed": 0, "sd": None, "of": [1.0, None]}]
    assert values["ratio"] is None
    assert values["rows"][0]["measured"] is None
