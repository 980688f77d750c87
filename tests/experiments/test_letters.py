"""The experiment on clean letters, in its tiny variant, and its parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente import InputError, open_images
from latente.experiments import Result, letters, reproduce
from latente.experiments.recorded import recorded

FONT = "uint8_t font[3][7] = {{4, 4, 4, 4, 4, 4, 4}, {0, 0, 31, 0, 31, 0, 0}, {17, 10, 4, 4, 4, 10, 17}};"


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return reproduce("letters", seeds=2, tiny=True, out=folder)


def test_wrong_pixels_are_told_per_seed_and_character(result: Result) -> None:
    found = result.to_json()
    wrong = np.array(found["wrong_pixels"])
    assert wrong.shape == (2, 32)
    assert found["max_wrong_pixels"] == wrong.max()
    lines = found["tables"]["wrong pixels per seed"]
    assert [line["sum"] for line in lines] == wrong.sum(axis=1).tolist()
    worst = result.claims[0]
    assert (worst.measured, worst.target) == (wrong.max(), 0)


def test_the_studies_hold_every_combination_and_how_many_pictures_differ(result: Result, folder: Path) -> None:
    assert len(result.tables["why"]) == 2
    assert len(result.tables["cure"]) == 6
    assert {"wrong pixels", "worst", "different pictures"} <= result.tables["cure"][0].keys()
    assert (folder / "study-why" / "trials.jsonl").is_file()


def test_new_letters_name_the_nearest_one_and_their_distance_from_it(result: Result) -> None:
    names = open_images("letters").label_names
    for line in result.tables["new letters"]:
        assert line["nearest letter"] in names
        assert 0 <= line["pixels apart"] <= 35


def test_figures_and_pages_are_written(result: Result, folder: Path) -> None:
    assert all((folder / file).is_file() for file in result.pictures().values())
    assert {"letters at their codes", "between letters", "why activation", "cure optimizer"} <= result.pictures().keys()
    assert "10.25 pixels wrong" in (folder / "result.md").read_text(encoding="utf-8")


def test_a_font_of_ones_own_takes_the_letters_place(tmp_path: Path) -> None:
    (tmp_path / "font.h").write_text(FONT)
    own = reproduce("letters", tiny=True, font=tmp_path / "font.h")
    assert np.shape(own.extra["wrong_pixels"]) == (1, 3)
    assert str(tmp_path / "font.h") in own.command


def test_a_font_of_one_character_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.h").write_text("uint8_t font[1][7] = {{4, 4, 4, 4, 4, 4, 4}};")
    with pytest.raises(InputError, match=r"one\.h holds one character"):
        reproduce("letters", tiny=True, font=tmp_path / "one.h")


def test_the_other_initialisations_are_what_they_are_called() -> None:
    from torch import nn

    for name, spread in (("torch", 1 / (3 * 400) ** 0.5), ("normal", 1.0)):
        encoder, _ = letters.networks(0, (400, 400), "tanh", name)
        inner = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)][1]
        assert float(inner.weight.detach().std()) == pytest.approx(spread, rel=0.02)
    first, again = (letters.networks(3, (8,), "relu", "normal")[1].state_dict() for _ in range(2))
    assert all(bool((first[key] == again[key]).all()) for key in first)


def test_powells_way_is_told_by_iteration_and_ends_at_what_it_reached(result: Result) -> None:
    ended = {(line["hidden"], line["characters"]): float(line["wrong pixels"]) for line in result.tables["powell"]}
    lines = result.tables["powell by iteration"]
    assert [line["characters"] for line in lines] == [11, 32]
    for line in lines:
        assert line["after 200"] == pytest.approx(ended[line["hidden"], str(line["characters"])], rel=1e-3)
        assert line["after 0"] > line["after 1"]


def test_mixtures_stand_beside_the_letters_nearest_to_them_for_each_net_and_rule(result: Result) -> None:
    lines = result.tables["mixtures of four letters"]
    assert [(line["net"], line["rule"]) for line in lines if line["net"].startswith("ours")] == [
        ("ours, by Adam", rule) for _ in range(2) for rule in ("pixel", "row", "majority")
    ]
    assert {line["characters"] for line in lines if "Powell" in line["net"]} == {11, 32}
    measured = {claim.what: claim.measured for claim in result.claims}
    own = [line["wrong pixels"] for line in lines if line["net"].startswith("ours") and line["rule"] == "row"]
    assert measured["wrong pixels per mixture of four letters, by row"] == pytest.approx(np.mean(own))


def test_the_first_characters_alone_are_trained_by_both_ways(result: Result) -> None:
    measured = {claim.what: claim.measured for claim in result.claims}
    first = result.tables["powell by iteration"][0]
    assert measured["the same by Powell's method"] == first["after 200"]
    assert 0 <= measured["wrong pixels per character, ` to j alone"] <= 35


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
