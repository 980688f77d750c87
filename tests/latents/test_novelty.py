"""The nearest of known images: the same as by comparing every pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latente.errors import InputError
from latente.latents import nearest, novelty

rng = np.random.default_rng(0)


def _by_every_pair(queries: np.ndarray, references: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = (x.reshape(len(x), -1).astype(np.float64) for x in (queries, references))
    distances = np.sqrt(((a[:, None] - b[None]) ** 2).mean(axis=2))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, 1)


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "BLOCK_VALUES", 600)
    monkeypatch.setattr(novelty, "QUERIES", 7)


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("k", [1, 3, 53])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.bool_])
def test_the_nearest_are_those_of_comparing_every_pair(dtype: Any, k: int) -> None:
    high = 2 if dtype is np.bool_ else 200
    queries, references = (rng.integers(0, high, (n, 2, 5, 6)).astype(dtype) for n in (19, 53))
    found = nearest(queries, references, k=k)
    indices, distances = _by_every_pair(queries, references, k)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-6)
    np.testing.assert_array_equal(found.indices, indices)


@pytest.mark.usefixtures("_small_blocks")
def test_copies_are_found_among_many_with_distance_zero() -> None:
    references = rng.integers(0, 256, (300, 1, 8, 8), dtype=np.uint8)
    chosen = rng.permutation(300)[:40]
    found = nearest(references[chosen], references)
    np.testing.assert_array_equal(found.indices[:, 0], chosen)
    np.testing.assert_array_equal(found.distances, 0)


def test_near_copies_far_from_the_origin_are_told_apart() -> None:
    base = 1e4 + rng.normal(size=30)
    references = base + np.geomspace(1, 1e-3, 12)[:, None] * rng.normal(size=(12, 30))
    np.testing.assert_array_equal(
        nearest(base[None], references, k=12).indices, _by_every_pair(base[None], references, 12)[0]
    )


def test_of_references_that_are_alike_the_first_is_named() -> None:
    references = np.repeat(rng.random((4, 9)), 3, axis=0)
    np.testing.assert_array_equal(nearest(references, references).indices[:, 0], np.repeat([0, 3, 6, 9], 3))


def test_distances_are_in_units_of_the_scale() -> None:
    queries, references = rng.integers(0, 256, (2, 20, 3, 4, 4), dtype=np.uint8)
    plain = nearest(queries, references)
    scaled = nearest(queries, references, scale=255.0)
    np.testing.assert_allclose(scaled.distances, plain.distances / 255)
    white, black = np.full((1, 1, 4, 4), 255, np.uint8), np.zeros((1, 1, 4, 4), np.uint8)
    assert nearest(white, black, scale=255).distances.item() == pytest.approx(1)


def test_a_scale_per_channel_weighs_each() -> None:
    queries, references = rng.random((2, 20, 3, 4, 4))
    scale = (1.0, 10.0, 0.1)
    ratio = np.array(scale).reshape(1, 3, 1, 1)
    found = nearest(queries, references, k=2, scale=scale)
    indices, distances = _by_every_pair(queries / ratio, references / ratio, 2)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances)


@pytest.mark.usefixtures("_small_blocks")
def test_references_may_lie_on_disk(tmp_path: Path) -> None:
    references = rng.integers(0, 65_536, (90, 1, 6, 6), dtype=np.uint16)
    np.save(tmp_path / "references.npy", references)
    mapped = np.load(tmp_path / "references.npy", mmap_mode="r")
    found = nearest(references[:5], mapped, k=2)
    np.testing.assert_array_equal(found.indices, _by_every_pair(references[:5], references, 2)[0])


def test_no_queries_have_no_nearest() -> None:
    assert nearest(np.zeros((0, 4)), np.zeros((3, 4)), k=2).indices.shape == (0, 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"references": np.zeros((5, 3))}, "differ in shape"),
        ({"k": 0}, "between 1 and 5"),
        ({"k": 6}, "between 1 and 5"),
        ({"scale": 0.0}, "above 0"),
        ({"scale": (1.0, 2.0, 3.0)}, "scale has 3 values"),
    ],
)
def test_what_cannot_be_compared_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nearest(**{"queries": np.zeros((2, 4)), "references": np.zeros((5, 4)), **changed})
