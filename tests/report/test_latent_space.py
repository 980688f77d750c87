"""What a report finds in the latent space."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from latente.images import Images, Scaling
from latente.report import latent_space
from latente.report.evidence import Evidence
from latente.report.inspection import Inspection
from latente.report.latent_space import STRENGTHS, LatentSpace, explore_latents

rng = np.random.default_rng(0)
SHAPE = (1, 2, 2)


def _model(axes: np.ndarray, offset: float = 0.5) -> Any:
    """A decoder that is linear: image = offset + code @ axes, in floats that need no scaling."""

    def decode(codes: np.ndarray) -> np.ndarray:
        return (offset + codes.reshape(len(codes), -1) @ axes).reshape(-1, *SHAPE)

    return SimpleNamespace(
        decode=decode,
        transform=lambda images: (images.pixels.reshape(len(images), -1) - offset) @ np.linalg.pinv(axes),
        image_shape_=SHAPE,
        code_shape_=(len(axes),),
        layout_="NCHW",
        scaling_=Scaling((0.0,), (1.0,), "float64", bounded=False),
    )


def _seen(model: Any, codes: np.ndarray, learned: Images | None = None, **changes: Any) -> Inspection:
    """Images that the model decodes without error from `codes`."""
    pixels = model.decode(codes)
    columns = {"label": np.arange(len(codes)) % 2, **changes.pop("columns", {})}
    judged = Images(pixels, columns, attribute_names=changes.pop("attribute_names", ()))
    rows = None if learned is None else np.arange(len(learned))
    evidence = Evidence(judged, np.arange(len(codes)), "test images", changes.pop("unseen", True), learned, rows)
    values: dict[str, Any] = {
        "evidence": evidence,
        "rows": np.arange(len(codes)),
        "originals": pixels.astype(np.float32),
        "inputs": None,
        "reconstructions": pixels.astype(np.float32),
        "errors": np.zeros(len(codes)),
        "psnrs": np.full(len(codes), np.inf),
        "ssims": None,
        "metrics": {},
        "baselines": [],
        "codes": codes,
        "kl": None,
        "active": None,
        "samples": None,
    }
    return Inspection(**{**values, **changes})


def _look(axes: np.ndarray, codes: np.ndarray, *args: Any, **changes: Any) -> LatentSpace:
    model = _model(axes)
    return explore_latents(model, _seen(model, codes, *args, **changes))


def test_a_linear_code_of_all_values_keeps_what_the_raw_values_keep() -> None:
    codes = rng.normal(size=(50, 4))
    maps = _look(np.eye(4), codes).maps
    assert maps is not None
    np.testing.assert_allclose(np.abs(maps.codes.points), np.abs(maps.raw.points), atol=1e-5)
    plane, linear, whole = maps.faithful
    assert plane == pytest.approx(linear)
    assert plane == pytest.approx(trustworthiness(codes, maps.codes.points, n_neighbors=15))
    assert whole == 1.0
    assert maps.accuracy is not None


def test_without_classes_maps_have_no_accuracy_and_two_images_no_map() -> None:
    codes = rng.normal(size=(50, 4))
    maps = _look(np.eye(4), codes, columns={"label": np.full(50, -1)}).maps
    assert maps is not None
    assert (maps.accuracy, maps.codes.knn_accuracy) == (None, None)
    assert _look(np.eye(4), codes[:2]).maps is None
    three = _look(np.eye(4), codes[:3]).maps
    assert three is not None
    assert three.faithful == []


def test_dimensions_are_traversed_by_how_much_they_move_the_image() -> None:
    axes = np.diag([0.1, 0.0, 0.4, 0.2])
    codes = rng.normal(size=(30, 4)) * [1, 1, 1, 8]
    found = _look(axes, codes).traversal
    assert found is not None
    assert found.dimensions.tolist() == [3, 2, 0, 1]
    # from one deviation below to one above, one of four values moves by two deviations times its weight
    deviations = codes.std(axis=0)
    expected = 2 * deviations[[3, 2, 0, 1]] * np.array([0.2, 0.4, 0.1, 0.0]) / np.sqrt(4)
    np.testing.assert_allclose(found.effects, expected, rtol=1e-4, atol=1e-6)
    assert found.images.shape == (4, 7, *SHAPE)
    first = 0.5 + codes.mean(axis=0) @ axes - 3 * deviations[3] * axes[3]
    np.testing.assert_allclose(found.images[0, 0].ravel(), first, rtol=1e-4)


def test_no_more_than_eight_dimensions_are_shown() -> None:
    axes = rng.normal(size=(12, 4))
    found = _look(axes, rng.normal(size=(30, 12))).traversal
    assert found is not None
    assert len(found.images) == len(set(found.dimensions)) == 8


def test_spatial_codes_and_codes_that_are_all_alike_are_not_traversed() -> None:
    assert _look(np.eye(4), np.ones((9, 4))).traversal is None
    model = _model(np.eye(4))
    model.code_shape_ = (1, 2, 2)
    assert explore_latents(model, _seen(model, rng.normal(size=(9, 4)))).traversal is None


def test_the_nearest_training_images_are_found_and_their_distance_is_per_value() -> None:
    learned = Images(rng.random((40, *SHAPE)))
    samples = learned.pixels[[7, 3]] + np.array([0.0, 0.01]).reshape(2, 1, 1, 1)
    codes = rng.normal(size=(25, 4))
    found = _look(np.eye(4), codes, learned, samples=samples.astype(np.float32)).novelty
    assert found is not None
    np.testing.assert_allclose(found.distances, [0, 0.01], atol=1e-6)
    np.testing.assert_allclose(found.nearest, learned.pixels[[7, 3]], rtol=1e-6)
    assert (found.searched, found.learned) == (40, 40)
    assert found.held_out is not None
    gaps = (0.5 + codes)[:, None] - learned.pixels.reshape(1, 40, 4)
    np.testing.assert_allclose(found.held_out, np.sqrt((gaps**2).mean(axis=2)).min(axis=1), rtol=1e-5)


def test_training_images_are_no_yardstick_and_a_large_set_is_searched_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent_space, "MOST_SEARCHED", 10)
    monkeypatch.setattr(latent_space, "YARDSTICKS", 5)
    learned, samples = Images(rng.random((40, *SHAPE))), rng.random((3, *SHAPE), dtype=np.float32)
    codes = rng.normal(size=(25, 4))
    found = _look(np.eye(4), codes, learned, samples=samples).novelty
    assert found is not None
    assert found.held_out is not None
    assert (found.searched, found.learned, len(found.held_out)) == (10, 40, 5)
    seen = _look(np.eye(4), codes, learned, samples=samples, unseen=False).novelty
    assert seen is not None
    assert seen.held_out is None
    assert _look(np.eye(4), codes, None, samples=samples).novelty is None
    assert _look(np.eye(4), codes, learned).novelty is None


def _with_attributes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of four values, and two attributes: one shifts the first value by 2, the other shows in nothing."""
    noise = np.random.default_rng(seed)
    has = noise.integers(0, 2, (count, 2)) * 2 - 1
    codes = 0.1 * noise.normal(size=(count, 4))
    codes[:, 0] += has[:, 0]
    return codes, has.astype(np.int8)


def test_images_without_an_attribute_are_moved_by_the_gap_of_its_classes() -> None:
    model = _model(np.eye(4))
    (known, had), (codes, has) = _with_attributes(400, 0), _with_attributes(60, 1)
    names = ("tall", "nothing")
    learned = Images(model.decode(known), {"attributes": had}, attribute_names=names)
    seen = _seen(model, codes, learned, columns={"attributes": has}, attribute_names=names)
    first, *_ = explore_latents(model, seen).edits
    assert first.direction.attribute == "tall"
    assert first.direction.accuracy == 1.0
    assert first.moved.shape == (2, len(STRENGTHS), *SHAPE)
    rows = [np.flatnonzero((seen.originals == original).all(axis=(1, 2, 3)))[0] for original in first.originals]
    assert (has[rows, 0] == -1).all()
    still, moved = first.moved[:, STRENGTHS.index(0)], first.moved[:, STRENGTHS.index(1)]
    np.testing.assert_allclose(still, first.originals, atol=1e-6)
    gap = known[had[:, 0] == 1].mean(axis=0) - known[had[:, 0] == -1].mean(axis=0)
    np.testing.assert_allclose((moved - still).reshape(2, 4), np.tile(gap, (2, 1)), atol=1e-5)


def test_attributes_that_few_images_have_and_sets_without_any_are_left_out() -> None:
    model = _model(np.eye(4))
    (known, had), (codes, has) = _with_attributes(400, 0), _with_attributes(60, 1)
    had[:, 1] = -1
    had[:5, 1] = 1
    names = ("tall", "rare")
    learned = Images(model.decode(known), {"attributes": had}, attribute_names=names)
    seen = _seen(model, codes, learned, columns={"attributes": has}, attribute_names=names)
    assert [edit.direction.attribute for edit in explore_latents(model, seen).edits] == ["tall"]
    plain = dataclasses.replace(seen.evidence, judged=Images(seen.evidence.judged.pixels))
    assert explore_latents(model, dataclasses.replace(seen, evidence=plain)).edits == []
