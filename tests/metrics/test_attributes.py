"""What a classifier tells of images, and in what share of drawn ones."""

from __future__ import annotations

import numpy as np
import pytest

from latente import InputError
from latente.metrics import AttributeClassifier, attribute_shares, share_interval
from latente.metrics.attributes import squares_of

rng = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 28, 28), (2, 9, 40), (4, 5, 7)])
def test_squares_are_means_of_at_most_16_by_16(shape: tuple[int, int, int]) -> None:
    images = rng.integers(0, 256, (5, *shape), dtype=np.uint8)
    side = -(-max(shape[1:]) // 16)
    rows = squares_of(images)
    down, right = (-(-length // side) for length in shape[1:])
    assert max(down, right) <= 16
    cells = rows.reshape(5, shape[0], down, right)
    for i in range(down):
        for j in range(right):
            square = images[:, :, i * side : (i + 1) * side, j * side : (j + 1) * side]
            np.testing.assert_allclose(cells[:, :, i, j], square.mean(axis=(2, 3)), rtol=1e-6)


def test_squares_of_bits_floats_and_many_images_are_the_same_means(monkeypatch: pytest.MonkeyPatch) -> None:
    images = rng.random((7, 1, 20, 20)) < 0.5
    rows = squares_of(images)
    np.testing.assert_allclose(rows, squares_of(images.astype(np.float64)))
    monkeypatch.setattr("latente.metrics.attributes.VALUES_AT_ONCE", 800)  # two images at a time
    np.testing.assert_array_equal(rows, squares_of(images))
    assert squares_of(images[:0]).shape == (0, 100)


def _images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images that are bright or dark, with a stroke or without, and with something that nobody can see."""
    having = rng.random((count, 4)) < [0.5, 0.3, 0.5, 0]
    pixels = rng.integers(0, 40, (count, 1, 12, 12), dtype=np.uint8)
    pixels[having[:, 0]] += 60
    pixels[having[:, 1], :, 5] += 150
    return pixels, having


NAMES = ("bright", "stroke", "unseen", "never")


def test_what_can_be_seen_is_told_of_images_that_it_never_saw() -> None:
    classifier = AttributeClassifier(*_images(300), NAMES)
    assert classifier.names == NAMES[:3]
    pixels, having = _images(200)
    right = (classifier.tell(pixels) == having[:, :3]).mean(axis=0)
    assert right[:2].tolist() == [1, 1]
    assert 0.35 < right[2] < 0.65


def test_attributes_that_do_not_fit_are_refused_and_nothing_is_told_of_none() -> None:
    pixels, having = _images(20)
    with pytest.raises(InputError, match="do not fit 20 images and 3 names"):
        AttributeClassifier(pixels, having, NAMES[:3])
    nothing = AttributeClassifier(pixels, np.zeros((20, 1), bool), ["never"])
    assert nothing.tell(pixels).shape == (20, 0)


def test_shares_of_samples_stand_beside_real_ones_the_farthest_first() -> None:
    truth = np.zeros((100, 3), bool)
    truth[:40] = True
    answers = truth.copy()
    answers[30:40, 0] = False  # 90 right, where 60 are the commoner: told, but called less than there are
    answers[15:40, 2] = False  # 75 right: more than half of the 40 errors are left
    drawn = np.zeros((50, 3), bool)
    drawn[:15, 0] = drawn[:5, 1] = drawn[:, 2] = True
    far, near, untold = attribute_shares(["near", "far", "untold"], truth, answers, drawn, np.array([0.4, 0.5, 0.4]))
    assert (far.name, far.accuracy, far.commoner, far.in_data, far.called) == ("far", 1.0, 0.6, 0.5, 0.4)
    assert (far.in_samples, far.interval) == (0.1, share_interval(5, 50))
    assert (near.name, near.accuracy, near.called, near.in_samples) == ("near", 0.9, 0.3, 0.3)
    assert (untold.accuracy, untold.in_samples, untold.interval) == (0.75, None, None)


def test_an_attribute_told_no_better_beyond_chance_has_no_share() -> None:
    truth = np.array([[True]] * 3 + [[False]] * 7)
    answers = truth.copy()
    [told] = attribute_shares(["a"], truth, answers, truth, np.array([0.3]))
    assert share_interval(10, 10)[0] > 0.7
    assert told.in_samples == 0.3
    answers[0] = False  # 9 of 10 right is no more than 7 of 10 beyond chance
    [untold] = attribute_shares(["a"], truth, answers, truth, np.array([0.3]))
    assert untold.in_samples is None
