"""The frame of the experiments: claims beside measurements, written whole."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from latente import Autoencoder, InputError, open_images
from latente.experiments import EXPERIMENTS, Options, Result, Row, find, last_result, reproduce
from latente.experiments.record import open_parts
from latente.sweeps import Sweep

ROWS = [
    Row("error | percent", "[X] 3", 2.5, 3.0),
    Row("accuracy", "", 0.8, 0.9, higher_is_better=True),
    Row("seconds", "", 7.0),
]


def result(**changed: object) -> Result:
    values: dict[str, object] = {"data": "digits", "rows": ROWS, "figures": {"a curve": Figure()}, "name": "toy"}
    return Result(**(values | changed))  # type: ignore[arg-type]


def test_a_target_is_met_at_most_or_where_higher_is_better_at_least() -> None:
    assert [row.met for row in ROWS] == [True, False, None]
    assert Row("exact", "", 0, 0).met
    assert not Row("lost", "", math.nan, 1.0).met
    assert not result().met
    assert result(rows=[ROWS[0], ROWS[2]]).met


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
    found = last_result(folder)
    assert found is not None
    assert (found["name"], found["met"], found["max_wrong_pixels"]) == ("toy", False, 3)
    assert found["rows"][0]["target"] == 3.0
    assert found["figures"] == {"a curve": "a-curve.png"}


def test_what_is_no_finite_number_is_null_for_machines(tmp_path: Path) -> None:
    table = [{"seed": 0, "sd": math.nan, "of": (1.0, -math.inf)}]
    result(tables={"per seed": table}, extra={"ratio": math.inf}, rows=[Row("lost", "", math.nan)]).write(tmp_path)
    written = (tmp_path / "result.json").read_text()
    assert "NaN" not in written
    assert "Infinity" not in written
    found = json.loads(written)
    assert found["tables"]["per seed"] == [{"seed": 0, "sd": None, "of": [1.0, None]}]
    assert found["ratio"] is None
    assert found["rows"][0]["measured"] is None


def test_there_is_no_last_result_where_there_is_none_that_can_be_read(tmp_path: Path) -> None:
    assert last_result(tmp_path) is None
    (tmp_path / "result.json").write_text("{")
    assert last_result(tmp_path) is None
    (tmp_path / "result.json").write_text(json.dumps([1]))
    assert last_result(tmp_path) is None


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_says_whose_it_is_what_was_claimed_and_how_to_rerun_it(name: str) -> None:
    module = importlib.import_module(f"latente.experiments.{EXPERIMENTS[name].module}")
    said = module.__doc__
    assert all(f"\n{word}: " in said for word in ("Source", "Claim", "Ours", "Command", "Minutes"))
    assert EXPERIMENTS[name].source in said
    assert f"latente reproduce {name}" in said
    assert callable(module.run)


def test_what_cannot_be_asked_for_is_one_line_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'letters'"):
        find("lettres")
    with pytest.raises(InputError, match="seeds must be a whole number of at least 1"):
        reproduce("letters", seeds=0)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; name a folder"):
        reproduce("letters", out=tmp_path / "file")
    with pytest.raises(InputError, match="cannot be read"):
        reproduce("letters", tiny=True, font=tmp_path / "none.h")


def test_a_finished_training_is_taken_as_it_is_and_another_one_is_not_mixed_up_with_it(tmp_path: Path) -> None:
    images = open_images("digits", count=60)

    def network() -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), nn.Sequential(
            nn.Linear(3, 64), nn.Unflatten(1, (1, 8, 8))
        )

    options = Options(out=tmp_path)

    def darker(x: Tensor, generator: torch.Generator, shared: bool = False) -> Tensor:
        return x * 0.9

    own_parts = {"network": network(), "corruption": darker}
    for name, own in (("dense", {"network": "dense", "hidden": (8,)}), ("own", own_parts)):
        model = Autoencoder(**own, latent_dim=3, epochs=2, validation=None, random_state=0)
        first = options.fitted(name, model, images)
        log = (tmp_path / "runs" / name / "metrics.jsonl").read_bytes()
        again = options.fitted(name, Autoencoder(**model.get_params() | {"out": None}), images)
        assert (tmp_path / "runs" / name / "metrics.jsonl").read_bytes() == log
        np.testing.assert_array_equal(again.encode(images), first.encode(images))
    other = Autoencoder(network="dense", hidden=(8,), latent_dim=3, epochs=3, validation=None)
    with pytest.raises(InputError, match=r"holds a training with epochs=2, not 3; .*another folder by --out"):
        options.fitted("dense", other, images)


def test_a_study_tells_of_each_trial_and_keeps_what_is_finished(tmp_path: Path) -> None:
    told: list[str] = []
    tried: list[float] = []

    def trial(seed: int, *, rate: float) -> dict[str, float]:
        tried.append(rate)
        if rate > 1:
            raise InputError("rate is too high")
        return {"loss": rate + seed}

    sweep = Sweep(grid={"rate": [0.25, 4.0]}, metric="loss")
    for _ in range(2):
        found = Options(out=tmp_path, progress=told.append).study("why", sweep, trial)
        assert found.best().options == {"rate": 0.25}
    assert tried[:2] == [0.25, 4.0]
    assert 0.25 not in tried[2:]
    assert told[0] == "why 1/2: rate 0.25, seed 0: loss 0.25"
    assert told[1] == "why 2/2: rate 4, seed 0: rate is too high"
    assert (tmp_path / "why" / "trials.jsonl").is_file()


def test_a_set_that_is_missing_is_stood_in_for_and_a_damaged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    opened = open_parts.__wrapped__  # each call anew
    train, test, said = opened("mnist", tiny=True)
    assert (len(train), len(test), train.pixels.shape[1:]) == (400, 400, (1, 28, 28))
    assert "stand in for mnist (mnist is not on this machine" in said
    (tmp_path / "mnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "mnist" / f"{name}-ubyte").write_bytes(b"damaged")
    with pytest.raises(InputError, match="train-images-idx3-ubyte"):
        opened("mnist", tiny=True)


def test_a_training_that_is_fitted_shows_how_far_it_is_where_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = open_images("digits", count=60)
    for verbose, lines in ((False, 0), (True, 2)):
        model = Autoencoder(network="dense", hidden=(8,), latent_dim=3, epochs=2, random_state=0)
        Options(out=tmp_path, verbose=verbose).fitted(f"net-{verbose}", model, images)
        assert capsys.readouterr().err.count("epoch ") == lines


def test_minutes_after_earlier_trainings_are_told_as_such(tmp_path: Path) -> None:
    first = reproduce("letters-denoise", tiny=True, out=tmp_path)
    assert not reproduce("letters-denoise", tiny=True, out=tmp_path).resumed  # it keeps no trainings
    (tmp_path / "runs").mkdir()
    again = reproduce("letters-denoise", tiny=True, out=tmp_path)
    assert (first.resumed, again.resumed) == (False, True)


def test_nothing_of_a_tiny_training_is_kept(tmp_path: Path) -> None:
    images = open_images("digits", count=60)
    Options(out=tmp_path, tiny=True).fitted("net", Autoencoder(network="dense", latent_dim=3, epochs=1), images)
    assert not list(tmp_path.iterdir())
