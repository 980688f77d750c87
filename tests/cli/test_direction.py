"""`latente direction`: what is learned, kept and listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente import load, open_images
from latente.latents import Direction, learn_direction

Client = Callable[..., Any]


TINY = "--epochs 2 --hidden 16 --network dense --seed 0 --no-report"


@pytest.fixture
def run(digits_autoencoder: Path) -> Path:
    return digits_autoencoder


def test_a_direction_is_kept_in_the_run_as_it_was_learned(latente: Client, run: Path) -> None:
    told = latente("direction", "learn", run, "digits", "--attribute", "3", "--json").json
    assert told["file"] == str(run / "directions" / "3.json")
    kept = Direction.from_json(json.loads(Path(told["file"]).read_text()))
    images = open_images("digits")
    expected = learn_direction(load(run).transform(images), images.labels == 3, attribute="3")
    np.testing.assert_allclose(kept.vector, expected.vector, rtol=1e-4, atol=1e-6)
    assert (told["with"], told["without"]) == (expected.counts[1], expected.counts[0])
    assert told["accuracy"] == pytest.approx(expected.accuracy)
    assert "vector" not in told


def test_learning_again_replaces_and_the_list_tells_what_there_is(latente: Client, run: Path) -> None:
    assert latente("direction", "learn", run, "digits", "--attribute", "8").code == 0
    line = ("direction", "learn", run, "digits", "--attribute", "8", "--method", "logistic", "--against", "3, 5")
    shown = latente(*line)
    assert "direction 8, by logistic, against 3, 5: 140 images with it, 1,302 without" in shown.words
    assert f"next latente edit {run} digits --attribute 8 --strength -1:2:7 --out edited.png" in shown.words
    [row] = [row for row in latente("direction", "list", run, "--json").json if row["attribute"] == "8"]
    assert (row["method"], row["against"], row["with"]) == ("logistic", ["3", "5"], 140)
    listed = latente("direction", "list", run)
    assert any(line.split()[:5] == ["8", "logistic", "3,", "5", "140"] for line in listed.out.splitlines())


def test_attributes_of_a_table_whose_names_no_file_could_have(latente: Client, people: Path, run: Path) -> None:
    table = people.with_suffix(".csv")
    text = table.read_text().replace("round face", "round/oval")
    table.write_text(text)
    assert latente(f"fit {people} --labels {table} --latent-dim 2 --out run {TINY}").code == 0
    for name in ("BRIGHT", "round/oval"):
        shown = latente("direction", "learn", "run", people, "--labels", table, "--attribute", name)
        assert shown.code == 0, shown.err
    rows = latente("direction list run --json").json
    assert sorted(row["attribute"] for row in rows) == ["bright", "round/oval"]
    assert all(row["with"] + row["without"] == 40 for row in rows)
    assert len(list(Path("run/directions").iterdir())) == 2
    edited = latente("edit", "run", people, "--attribute", "Bright", "--strength", "0,1", "--count", 3, "--json")
    assert edited.json["attribute"] == "bright"
    assert latente("edit", "run", people, "--attribute", "round/oval", "--force").code == 0


def test_a_damaged_direction_is_named(latente: Client) -> None:
    assert latente(f"fit digits --count 64 --latent-dim 2 --out run {TINY}").code == 0
    assert "none yet: `latente direction learn run IMAGES --attribute NAME`" in latente("direction list run").words
    latente("direction learn run digits --attribute 3")
    Path("run/directions/3.json").write_text("{")
    for line in ("direction list run", "edit run digits --attribute 3"):
        shown = latente(line)
        assert (shown.code, shown.out) == (2, "")
        assert "3.json cannot be read as a direction" in shown.err


def test_direction_without_a_verb_shows_its_verbs(latente: Client) -> None:
    shown = latente("direction")
    assert (shown.code, shown.err) == (0, "")
    assert all(f"│ {verb} " in shown.out for verb in ("learn", "list"))
