"""Flipped and mixed patterns of black and white pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latente import open_images
from latente.experiments.patterns import MIXTURES, beside_mixtures, distances, flipped, mixtures, noisy, wrong_pixels

LETTERS = open_images("letters")


def test_distances_count_the_pixels_that_differ() -> None:
    by_hand = (LETTERS.pixels[:5, None] != LETTERS.pixels[None]).sum(axis=(2, 3, 4))
    np.testing.assert_array_equal(distances(LETTERS.pixels[:5], LETTERS.pixels), by_hand)
    np.testing.assert_array_equal(wrong_pixels(LETTERS.pixels[:5], LETTERS.pixels[5:10]), np.diag(by_hand[:, 5:10]))


def test_noise_flips_exactly_so_many_pixels_of_letters_drawn_evenly() -> None:
    truth, seen = noisy(LETTERS, 4, 3_200, seed=0)
    assert set(wrong_pixels(seen, truth)) == {4}
    counts = (distances(truth, LETTERS.pixels) == 0).sum(axis=0)
    assert counts.sum() == 3_200
    assert 50 < counts.min() < counts.max() < 150
    assert not np.array_equal(noisy(LETTERS, 4, 3_200, seed=1)[1], seen)


def test_flipping_draws_from_its_generator_alone() -> None:
    first, again = (flipped(LETTERS.pixels, 2, torch.Generator().manual_seed(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("rule", MIXTURES)
def test_where_all_four_agree_a_mixture_does_too(rule: str) -> None:
    four = LETTERS.pixels[:4]
    made = mixtures(four, rule, 500, seed=0)
    assert made.shape == (500, 1, 7, 5)
    assert made.dtype == bool
    alike = (four == four[0]).all(axis=0)
    assert alike.any()
    assert (made[:, alike] == four[0][alike]).all()


def test_rows_stay_whole_and_pixels_come_from_each_letter_as_often() -> None:
    four = LETTERS.pixels[:4]
    rows = mixtures(four, "row", 300, seed=0)
    assert (rows[:, None] == four[None]).all(axis=-1).any(axis=1).all()
    lone = (four.sum(axis=0) == 1) & four[2]  # pixels that the third letter alone has
    assert lone.any()
    share = mixtures(four, "pixel", 4_000, seed=0)[:, lone].mean()
    assert share == pytest.approx(0.25, abs=0.02)


def test_the_majority_decides_and_a_tie_is_drawn() -> None:
    four = LETTERS.pixels[:4]
    made, votes = mixtures(four, "majority", 4_000, seed=0), four.sum(axis=0)
    assert made[:, votes >= 3].all()
    assert not made[:, votes <= 1].any()
    assert made[:, votes == 2].mean() == pytest.approx(0.5, abs=0.02)


def test_a_mixture_takes_four_different_letters() -> None:
    far = np.eye(6, 35, dtype=bool).reshape(6, 1, 7, 5)  # one pixel each, so that one tells the letter
    votes = np.stack([mixtures(far, "row", 400, seed=seed).reshape(400, -1)[:, :6] for seed in range(3)]).mean(
        axis=(0, 1)
    )
    np.testing.assert_allclose(votes, 4 / 6 / 4, atol=0.05)


def test_a_net_that_knows_one_letter_is_as_wrong_as_that_letter_is_far() -> None:
    known = LETTERS.pixels[:1]
    lines = beside_mixtures(lambda seen: np.broadcast_to(known, seen.shape), known, 50)
    assert [line["rule"] for line in lines] == list(MIXTURES)
    for line in lines:  # of one letter every mixture is that letter
        assert (line["wrong pixels"], line["answers that are letters"]) == (0.0, 1.0)


def test_the_identity_is_never_wrong_and_as_far_from_the_letters_as_its_input() -> None:
    for line in beside_mixtures(lambda seen: seen, LETTERS.pixels, 200):
        assert line["wrong pixels"] == 0.0
        assert line["answer to nearest letter"] == line["mixture to nearest letter"] > 1.0
