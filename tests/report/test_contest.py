"""Several runs, judged by the same images where they share some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import InputError
from latente.estimators import Autoencoder
from latente.images import Images, open_images
from latente.report import contest
from latente.report.contest import hold_contest, open_runs


def _fit(run: Path, images: Any, **changes: Any) -> Path:
    options = {"latent_dim": 2, "epochs": 1, "random_state": 0, "hidden": (8,), "network": "dense", "device": "cpu"}
    Autoencoder(out=run, **{**options, **changes}).fit(images)
    return run


def _images(count: int = 60, seed: int = 0) -> Images:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)
    return Images(pixels, {"label": np.arange(count) % 3})


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [_fit(folder / "small", "digits"), _fit(folder / "large", "digits", latent_dim=6, random_state=3)]


def test_runs_on_one_set_are_judged_by_its_test_part(digits: list[Path]) -> None:
    found = hold_contest(digits)
    test = open_images("digits", split="test")
    assert found.judged == f"{len(test)} test images"
    assert found.is_one_scale
    for run, path in zip(found.candidates, digits, strict=True):
        metrics = Autoencoder.load(path).evaluate(test)
        assert run.results is not None
        assert run.results.metrics == {name: pytest.approx(metrics[name]) for name in metrics if name != "count"}
        assert run.results.dimensions == run.options["options"]["latent_dim"]


def test_each_set_is_opened_once(digits: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def opening(**source: Any) -> Images:
        opened.append(source.get("split"))
        return open_images(**source)

    monkeypatch.setattr(contest, "open_images", opening)
    hold_contest(digits)
    assert opened == [None, "test"]


def test_the_same_images_are_rebuilt_by_each_from_the_easiest_to_the_hardest(digits: list[Path]) -> None:
    found = hold_contest(digits)
    assert found.rebuilt is not None
    errors = [run.results.figures["mse"] for run in found.candidates if run.results is not None]
    shown = np.mean(errors, axis=0)[found.rebuilt.places]
    assert (np.diff(shown) >= 0).all()
    assert (shown[0], shown[-1]) == (np.mean(errors, axis=0).min(), np.mean(errors, axis=0).max())
    test = open_images("digits", split="test")
    np.testing.assert_allclose(found.rebuilt.originals, test.pixels[found.rebuilt.places] / 255, atol=1e-6)
    for path, own in zip(digits, found.rebuilt.by_run.values(), strict=True):
        rebuilt = Autoencoder.load(path).reconstruct(test.take(found.rebuilt.places))
        np.testing.assert_allclose(own.clip(0, 1), rebuilt / 255, atol=0.5 / 255 + 1e-6)


def test_runs_with_other_seeds_are_judged_by_what_both_held_out(tmp_path: Path) -> None:
    images = _images(200)
    runs = [_fit(tmp_path / str(seed), images, random_state=seed, validation=0.5) for seed in (0, 1)]
    found = hold_contest(runs, images)
    rows = [run.results.rows for run in found.candidates if run.results is not None]
    np.testing.assert_array_equal(*rows)
    held_out = [set(np.random.default_rng([seed, 2]).permutation(200)[:100]) for seed in (0, 1)]
    assert set(rows[0]) == held_out[0] & held_out[1]
    assert found.judged == f"{len(rows[0])} validation images"


def test_where_too_few_are_held_out_by_all_each_is_judged_by_its_own(tmp_path: Path) -> None:
    images = _images(200)
    runs = [_fit(tmp_path / str(seed), images, random_state=seed) for seed in (0, 1)]
    found = hold_contest(runs, images)
    assert (found.judged, found.rebuilt) == (None, None)
    assert [run.results.judged for run in found.candidates if run.results] == ["20 validation images"] * 2


def test_runs_on_different_sets_share_nothing_unless_images_are_given(tmp_path: Path) -> None:
    runs = []
    for seed in (1, 2):
        np.save(tmp_path / f"{seed}.npy", _images(seed=seed).pixels)
        runs.append(_fit(tmp_path / str(seed), tmp_path / f"{seed}.npy"))
    assert hold_contest(runs).judged is None
    found = hold_contest(runs, _images(seed=3))
    assert found.judged == "60 images given"
    assert found.rebuilt is not None


def test_a_run_that_cannot_be_judged_says_why_and_the_others_go_on(digits: list[Path], tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "options.json").write_text(json.dumps({"format": 1, "model": "vae", "options": {}}))
    wide = _fit(tmp_path / "wide", Images(np.zeros((20, 1, 9, 9), np.uint8)))
    found = hold_contest([*digits, begun, wide], open_images("digits", split="test", count=40))
    reasons = {run.name: run.missing for run in found.candidates}
    assert (reasons["small"], reasons["large"]) == (None, None)
    assert "no model yet" in str(reasons["begun"])
    assert "1x9x9" in str(reasons["wide"])
    assert found.judged == "40 images given"


def test_names_are_as_long_as_they_must_be(tmp_path: Path) -> None:
    paths = [tmp_path / "x" / "run", tmp_path / "y" / "run", tmp_path / "y" / "other"]
    for path in paths:
        path.mkdir(parents=True)
        (path / "options.json").write_text("{}")
    assert list(open_runs(paths[1:])) == ["run", "other"]
    assert list(open_runs(paths)) == ["x/run", "y/run", "y/other"]


def test_what_is_no_run_or_comes_twice_is_refused(digits: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run folder: it has no options\.json"):
        hold_contest([digits[0], tmp_path])
    with pytest.raises(InputError, match="small is given 2 times"):
        hold_contest([digits[0], digits[1], digits[0].parent / "large" / ".." / "small"])
