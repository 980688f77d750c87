"""The denoiser of letters in its tiny variant, and the limit that it is judged by."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from latente import open_images
from latente.experiments import reproduce
from latente.experiments.letters_denoise import EPOCHS, limit, nearest_letter, noisy
from latente.experiments.recorded import recorded

# three letters of 2 x 3 pixels, two of which two flips make alike
ALPHABET = np.array([[1, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 1]], bool).reshape(3, 1, 2, 3)


def all_cases(level: int) -> tuple[np.ndarray, np.ndarray]:
    """Every letter with every choice of `level` flipped pixels: truth, seen."""
    cases = list(itertools.product(range(3), itertools.combinations(range(6), level)))
    truth = ALPHABET[[letter for letter, _ in cases]]
    seen = truth.reshape(-1, 6).copy()
    for row, (_, flipped) in enumerate(cases):
        seen[row, list(flipped)] ^= True
    return truth, seen.reshape(truth.shape)


def fewest_wrong(truth: np.ndarray, seen: np.ndarray) -> float:
    """Try every answer to every pattern; the cases are equally likely."""
    truths, patterns = truth.reshape(-1, 6), seen.reshape(-1, 6)
    answers = np.array(list(itertools.product([False, True], repeat=6)))
    total = 0
    for pattern in np.unique(patterns, axis=0):
        own = truths[(patterns == pattern).all(axis=1)]
        total += min(int((own != answer).sum()) for answer in answers)
    return total / len(truths)


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
def test_the_limit_is_what_trying_every_answer_gives(level: int) -> None:
    truth, seen = all_cases(level)
    best, expected = limit(seen, ALPHABET, level)
    wrong = (best != truth).sum() / len(truth)
    assert wrong == pytest.approx(fewest_wrong(truth, seen))
    assert expected == pytest.approx(wrong)


def test_the_nearest_letter_is_never_better_than_the_limit_on_all_cases() -> None:
    for level in range(5):
        truth, seen = all_cases(level)
        best, _ = limit(seen, ALPHABET, level)
        assert (nearest_letter(seen, ALPHABET) != truth).sum() >= (best != truth).sum()


def test_noise_flips_exactly_so_many_pixels_of_letters_drawn_evenly() -> None:
    letters = open_images("letters")
    truth, seen = noisy(letters, 4, 3_200, seed=0)
    assert set((truth != seen).sum(axis=(1, 2, 3))) == {4}
    counts = (truth[:, None] == letters.pixels[None]).all(axis=(2, 3, 4)).sum(axis=0)
    assert counts.sum() == 3_200
    assert 50 < counts.min() < counts.max() < 150
    assert not np.array_equal(noisy(letters, 4, 3_200, seed=1)[1], seen)


def test_the_tiny_variant_judges_every_level_beside_its_limit(tmp_path: Path) -> None:
    told: list[str] = []
    result = reproduce("letters-denoise", tiny=True, out=tmp_path, progress=told.append)
    (lines,) = result.tables.values()
    assert [line["noise"] for line in lines] == list(EPOCHS)
    assert len(told) == len(result.claims) == len(EPOCHS)
    for line, row in zip(lines, result.claims, strict=True):
        assert line["limit"] <= line["nearest letter"] + 0.1
        assert row.measured == line["denoiser"]
        assert row.target == pytest.approx(1.15 * line["limit"] + 0.05)
    assert (tmp_path / "patterns.png").is_file()


def test_what_is_recorded_of_it_is_what_it_claims() -> None:
    assert set(recorded("letters-denoise").figures) == {f"wrong pixels at noise {level}" for level in EPOCHS}
