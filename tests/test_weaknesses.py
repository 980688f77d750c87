"""Where a model fails: errors by what images show, and attributes among samples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latente import InputError
from latente.images import Images
from latente.weaknesses import Examples, examples_of, groups_of, halves_of, has_attributes, shares_among_samples

rng = np.random.default_rng(0)
NAMES = ("bright", "unseen")


def _images(count: int, **columns: np.ndarray) -> Images:
    """Images that are bright or dark, and that have something or not which nobody can see."""
    having = rng.random((count, 2)) < 0.5
    pixels = rng.integers(0, 40, (count, 1, 8, 8), dtype=np.uint8)
    pixels[having[:, 0]] += 100
    attributes = np.where(having, 1, -1).astype(np.int8)
    return Images(pixels, {"attributes": attributes, **columns}, attribute_names=NAMES)


def _model(share: float, layout: str = "NCHW") -> Any:
    """What draws so large a share of bright images."""

    def sample(n: int = 16, random_state: Any = None) -> np.ndarray:
        drawn = np.zeros((n, 8, 8), np.uint8)
        drawn[np.random.default_rng(random_state).random(n) < share] = 120
        return drawn[:, None] if layout == "NCHW" else drawn

    return SimpleNamespace(sample=sample, layout_=layout)


def test_errors_are_told_by_attribute_and_by_class() -> None:
    images = _images(60, label=np.arange(60) % 3 - 1)
    bright = images.columns["attributes"][:, 0] > 0
    groups = groups_of(np.where(bright, 2.0, 1.0) + rng.normal(0, 0.01, 60), images)
    assert list(groups) == ["by attribute", "by class"]
    first = groups["by attribute"][0]
    assert (first.name, first.is_higher, first.counts) == ("bright", True, (bright.sum(), 60 - bright.sum()))
    assert first.gap == pytest.approx(1, abs=0.05)
    assert {group.name for group in groups["by class"]} == {"class 0", "class 1"}
    assert groups_of(np.ones(60), Images(images.pixels)) == {}
    assert groups_of(np.ones(60), Images(images.pixels, {"label": np.zeros(60, int)})) == {}


def test_attributes_without_names_are_none() -> None:
    images = _images(9)
    assert has_attributes(images)
    assert not has_attributes(Images(images.pixels, dict(images.columns)))
    assert not has_attributes(Images(images.pixels))


@pytest.mark.parametrize("layout", ["NCHW", "NHW"])
def test_samples_are_counted_as_a_classifier_of_real_images_sees_them(layout: str) -> None:
    learned, tried = examples_of(_images(80)), examples_of(_images(50))
    shares = shares_among_samples(_model(0.2, layout), learned, tried, NAMES, count=500)
    assert shares is not None
    assert (shares.count, shares.learned, shares.tried) == (500, 80, 50)
    bright, unseen = shares.shares
    assert (bright.name, bright.accuracy) == ("bright", 1.0)
    assert bright.in_samples == pytest.approx(0.2, abs=0.05)
    assert bright.in_data == pytest.approx(np.concatenate([learned.having, tried.having])[:, 0].mean())
    assert bright.called == tried.having[:, 0].mean()
    assert (unseen.name, unseen.in_samples) == ("unseen", None)


def test_of_large_pictures_fewer_samples_are_drawn_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.weaknesses.MOST_DRAWN_VALUES", 64 * 30)
    monkeypatch.setattr("latente.weaknesses.VALUES_AT_ONCE", 64 * 7)  # seven at a time
    parts = examples_of(_images(40)), examples_of(_images(40))
    asked: dict[str, int]
    for asked, drawn in (({}, 30), ({"most": 20}, 20), ({"count": 45}, 45)):
        shares = shares_among_samples(_model(0.5), *parts, NAMES, **asked)
        assert shares is not None
        assert shares.count == drawn


def test_nothing_is_said_where_nothing_can_be_learned_or_drawn() -> None:
    parts = examples_of(_images(40)), examples_of(_images(40))
    assert shares_among_samples(SimpleNamespace(), *parts, NAMES) is None
    assert shares_among_samples(_model(0.5), examples_of(_images(19)), parts[1], NAMES) is None
    alike = Examples(parts[0].pixels, np.ones((40, 2), bool))
    assert shares_among_samples(_model(0.5), alike, parts[1], NAMES) is None

    def refuse(n: int = 16, random_state: Any = None) -> np.ndarray:
        raise InputError("sample needs a density of the codes")

    assert shares_among_samples(SimpleNamespace(sample=refuse, layout_="NCHW"), *parts, NAMES) is None


def test_halves_share_no_image_and_targets_stand_for_images() -> None:
    images = _images(41)
    images = Images(images.pixels, {**images.columns, "target": 255 - images.pixels}, attribute_names=NAMES)
    learned, tried = halves_of(images)
    assert (len(learned), len(tried)) == (21, 20)
    both = np.concatenate([learned.pixels, tried.pixels])
    assert sorted(both.sum(axis=(1, 2, 3))) == sorted((255 - images.pixels).sum(axis=(1, 2, 3)))
    np.testing.assert_array_equal(learned.having[:, 0], learned.pixels.mean(axis=(1, 2, 3)) < 180)
