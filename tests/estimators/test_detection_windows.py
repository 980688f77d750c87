"""What compares windows takes pictures of any size, shows where they are odd, and keeps no more than it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latente import AnomalyDetector, InputError, load, open_images
from latente.estimators import judges, recipes
from latente.networks.windows import centres, windows
from latente.normality import Gaussian, discriminator

METHODS = ("memory", "gaussian", "planted")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let discriminators learn in few steps: what is to be told here is far apart."""
    monkeypatch.setattr(discriminator, "_STEPS", 30)


def textures(count: int, seed: int = 0, sizes: bool = False) -> list[np.ndarray]:
    """Return pictures of soft stripes (H, W), 52x60 pixels, or each of its own size."""
    rng, pictures = np.random.default_rng(seed), []
    for _ in range(count):
        height, width = (int(side) for side in rng.integers(50, 70, 2)) if sizes else (52, 60)
        phase = rng.uniform(0, 6)
        stripes = 120 + 40 * np.sin(np.arange(width) / 3 + phase) + rng.normal(0, 4, (height, width))
        pictures.append(stripes.clip(0, 255).astype(np.uint8))
    return pictures


def scratched(count: int, seed: int = 1, sizes: bool = False) -> list[np.ndarray]:
    """Return the same with a bright line across."""
    pictures = textures(count, seed, sizes)
    for picture in pictures:
        picture[20:22, 10:40] = 250
    return pictures


def detector(**options: object) -> AnomalyDetector:
    return AnomalyDetector(**{"random_state": 0, "device": "cpu", **options})


@pytest.mark.parametrize("method", METHODS)
def test_a_scratch_is_found_and_shown(method: str, tmp_path: Path) -> None:
    model = detector(method=method).fit(np.stack(textures(30)))
    assert (model.method_, model.features_, model.any_size_) == (method, "windows", True)
    odd, normal = np.stack(scratched(6)), np.stack(textures(20, seed=5))
    assert model.score_samples(odd).max() < model.score_samples(normal).min()
    assert (model.predict(odd) == -1).all()
    maps = model.anomaly_map(odd)
    assert maps.shape == odd.shape
    assert maps[:, 18:24, 10:40].mean() > 2 * maps[:, 36:].mean()
    assert model.anomaly_map(normal).mean() == pytest.approx(1, abs=0.5)
    np.testing.assert_array_equal(load(model.save(tmp_path)).score_samples(odd), model.score_samples(odd))


@pytest.mark.parametrize("method", METHODS)
def test_pictures_of_many_sizes_are_each_taken_whole(method: str, tmp_path: Path) -> None:
    for name, pictures in {"set": textures(30, sizes=True), "new": scratched(5, sizes=True)}.items():
        (tmp_path / name).mkdir()
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / name / f"{number:02}.png")
    model = detector(method=method, out=tmp_path / "run").fit(open_images(tmp_path / "set", size="keep"))
    new = load(tmp_path / "run").open(tmp_path / "new")
    assert new.is_photographs
    assert (model.predict(new) == -1).all()
    maps = model.anomaly_map(new)
    assert [one.shape for one in maps] == [tuple(size) for size in new.content.sizes]
    assert "images" not in model.outputs(new)
    assert set(model.evaluate(new)) == {"count", "oddness"}


def test_auto_takes_windows_of_large_pictures_and_of_many_sizes(tmp_path: Path) -> None:
    assert recipes.settled("auto", "auto", (3, 48, 48)) == ("neighbours", "orientations")
    assert recipes.settled("auto", "auto", (3, 48, 49)) == ("memory", "windows")
    assert recipes.settled("auto", "auto", (1, 20, 20), sizes_vary=True) == ("memory", "windows")
    assert recipes.settled("auto", "auto", (7, 64, 64)) == ("neighbours", "orientations")  # which have no colours
    assert recipes.settled("gaussian", "auto", (3, 64, 64)) == ("gaussian", "windows")
    assert recipes.settled("auto", "pixels", (3, 64, 64)) == ("neighbours", "pixels")  # whatever the size
    for wrong in (("memory", "pixels"), ("planted", "pixels"), ("pca", "windows"), ("neighbours", "windows")):
        with pytest.raises(InputError, match="does not go with"):
            recipes.settled(*wrong, (3, 64, 64))
    assert recipes.settled("planted", "auto", (1, 20, 20)) == ("planted", "windows")
    with pytest.raises(InputError, match="of one size"):
        recipes.settled("pca", "auto", (3, 64, 64), sizes_vary=True)
    with pytest.raises(InputError, match="1 to 4 channels"):
        recipes.settled("memory", "auto", (7, 64, 64))


def test_a_memory_keeps_so_many_windows_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "MOST_PLACES", 50)
    model = detector().fit(np.stack(textures(30)))
    [judge] = model.objective_.judges.values()
    assert judge.normality.memory.shape == (50, 23)
    assert np.isfinite(model.left_out_).all()


def test_what_is_kept_leaves_nothing_as_far_away_as_a_draw_does() -> None:
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(np.concatenate([rng.normal(size=(900, 23)), rng.normal(8, 1, (3, 23))]).astype(np.float32))
    kept = judges._farthest(rows, 100, rng)
    assert len(kept.unique()) == 100
    assert (kept >= 900).any()  # what is rare is known, too
    drawn = torch.from_numpy(rng.choice(903, 100, replace=False))
    farthest = [float(torch.cdist(rows, rows[chosen]).amin(1).max()) for chosen in (kept, drawn)]
    assert farthest[0] < 0.8 * farthest[1]
    assert judges._farthest(rows[:9], 100, rng).tolist() == list(range(9))


def test_planted_faults_are_drawn_by_fault_however_large() -> None:
    judge = judges.PlantedJudge(windows, centres)
    mask = torch.zeros(80, 80)
    mask[4:11, 4:11] = 1
    mask[40:70, 20:60] = 1
    chances = judge._chances(mask).reshape(len(centres(80)), -1)
    dot, patch = chances[:3, :3], chances[3:]
    assert (dot > 0).sum() < (patch > 0).sum()
    for own in (dot, patch):
        drawn = own[own > 0]
        np.testing.assert_allclose(drawn, len(drawn) ** -0.5)
    assert not judge._chances(torch.zeros(80, 80)).any()


def test_what_tells_planted_faults_is_learned_by_gradients_and_counted() -> None:
    pictures = np.stack(textures(20))
    assert detector(method="planted", validation=None).fit(pictures).parameter_count() == 23 * 64 + 64 + 64 + 1
    assert detector(method="gaussian", validation=None).fit(pictures).parameter_count() == 0


@pytest.mark.parametrize("method", METHODS)
def test_near_duplicates_of_a_group_do_not_vouch_for_each_other(method: str) -> None:
    pictures = np.stack([*textures(20), *scratched(1), *scratched(1)])
    groups = [*range(20), 20, 20]
    together = detector(method=method, validation=None, groups=groups).fit(pictures)
    alone = detector(method=method, validation=None).fit(pictures)
    assert together.left_out_[-1] > np.sort(together.left_out_)[-3]
    assert alone.left_out_[-1] < together.left_out_[-1]


def test_the_memory_of_windows_is_bounded_by_passes_over_the_pictures() -> None:
    passes = []

    def batches():
        passes.append(1)
        return (torch.rand(4, 1, 30, 30) for _ in range(3))

    learned = judges.PlacesJudge(windows, centres, Gaussian()).learn(batches, np.arange(12), 0)
    assert (len(passes), learned.left_out.shape) == (2, (12, 2))


@pytest.mark.parametrize("method", ["memory", "gaussian"])
def test_windows_are_made_once_as_far_as_they_are_remembered(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(images: torch.Tensor) -> torch.Tensor:
        made.append(len(images))
        return windows(images)

    monkeypatch.setattr(recipes.windowing, "windows", counted)
    pictures, results = np.stack(textures(40)), []
    for most in (judges.MOST_REMEMBERED, 0):
        monkeypatch.setattr(judges, "MOST_REMEMBERED", most)
        made.clear()
        results.append((detector(method=method, validation=None).fit(pictures).left_out_, sum(made)))
    (once, one_pass), (again, two_passes) = results
    np.testing.assert_array_equal(once, again)
    assert (one_pass, two_passes) == (40, 80)


@pytest.mark.parametrize("features", ["windows", "orientations", "pixels"])
def test_contrast_takes_out_what_the_lamp_changes(features: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.normal(100, 10, (40, 40, 40)).clip(0, 255).astype(np.uint8)
    slope = np.linspace(0, 60, 40)
    dimmed = (pictures[:5] * 0.9 + slope).astype(np.uint8)
    spotted = pictures[:5].copy()
    spotted[:, 18:23, 18:23] = 160
    method = "memory" if features == "windows" else "gaussian"
    models = [detector(method=method, features=features, contrast=side).fit(pictures) for side in (None, 15)]
    plain, evened = ([-model.score_samples(X).mean() for X in (dimmed, spotted)] for model in models)
    assert evened[0] < plain[0]
    assert evened[1] > evened[0]
    again = load(models[1].save(tmp_path))
    assert again.contrast == 15
    np.testing.assert_array_equal(again.score_samples(spotted), models[1].score_samples(spotted))
    np.testing.assert_array_equal(again.anomaly_map(spotted), models[1].anomaly_map(spotted))


def test_a_contrast_without_a_middle_or_of_a_table_is_refused() -> None:
    with pytest.raises(InputError, match="contrast=16 has no pixel in its middle; take 17"):
        detector(contrast=16).fit(np.stack(textures(4)))
    with pytest.raises(InputError, match="contrast=15 is of pictures"):
        detector(contrast=15).fit(np.zeros((4, 3)))
    with pytest.raises(InputError, match="of at least 3"):
        detector(contrast=1).fit(np.stack(textures(4)))
