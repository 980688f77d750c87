"""The denoiser of letters in its tiny variant, and the limit that it is judged by."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from latente import open_images
from latente.experiments import Result, reproduce
from latente.experiments.letters_denoise import LEVELS, AnyLevel, limit, nearest_letter
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


@pytest.mark.parametrize("levels", [(1, 2), (0, 2, 3)])
def test_the_limit_of_who_is_not_told_the_level_weighs_each_by_its_patterns(levels: tuple[int, ...]) -> None:
    """Of every level as many cases, each of its patterns being as likely."""
    known = ALPHABET.reshape(3, 6)
    weights: dict[tuple[bool, ...], np.ndarray] = {}
    for level in levels:
        truth, seen = all_cases(level)
        for letter, pattern in zip(truth.reshape(-1, 6), seen.reshape(-1, 6), strict=True):
            own = (known == letter).all(axis=1) * len(truth) ** -1.0
            weights[tuple(pattern)] = weights.get(tuple(pattern), 0) + own
    patterns = np.array(list(weights))
    share = np.array([weight @ known / weight.sum() for weight in weights.values()])
    clear = np.abs(share - 0.5) > 1e-9
    best, expected = limit(patterns.reshape(-1, 1, 2, 3), ALPHABET, *levels)
    np.testing.assert_array_equal(best.reshape(-1, 6)[clear], (share > 0.5)[clear])
    assert expected == pytest.approx(np.minimum(share, 1 - share).sum(axis=1).mean())


def test_any_level_flips_as_often_by_each_and_nothing_else() -> None:
    x = torch.from_numpy(np.repeat(open_images("letters", count=1).pixels, 3_000, axis=0)).float()
    worse = AnyLevel((1, 4))(x, torch.Generator().manual_seed(0))
    counts = (worse != x).sum(dim=(1, 2, 3))
    assert set(counts.tolist()) == {1, 4}
    assert float((counts == 1).float().mean()) == pytest.approx(0.5, abs=0.04)
    shared = AnyLevel((1, 4))(x, torch.Generator().manual_seed(0), shared=True)
    assert bool((shared == shared[:1]).all())


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return reproduce("letters-denoise", tiny=True, out=folder)


def test_the_tiny_variant_judges_every_level_beside_its_limit(result: Result, folder: Path) -> None:
    lines = result.tables["wrong pixels of 100 patterns"]
    assert [line["noise"] for line in lines] == list(LEVELS)
    for line, row in zip(lines, result.claims, strict=False):
        assert line["limit"] <= line["nearest letter"] + 0.1
        assert row.measured == line["denoiser"]
        assert row.target == pytest.approx(1.15 * line["limit"] + 0.05)
    assert (folder / "patterns.png").is_file()


def test_each_net_is_tried_at_every_level_beside_its_own(result: Result) -> None:
    lines = [line for line in result.tables["trained at, tested at"] if line["net"] == "ours, 32 characters"]
    own = {line["noise"]: line["denoiser"] for line in result.tables["wrong pixels of 100 patterns"]}
    assert {line["trained at"]: line[f"at {line['trained at']}"] for line in lines} == own


def test_finite_sets_stand_beside_fresh_patterns_for_each_net(result: Result) -> None:
    lines = result.tables["finite sets of patterns"]
    nets = ("ours", "25-20-15-10, a code of 5, by Adam", "25-20-15-10, a code of 5, by Powell")
    assert {line["net"] for line in lines} == set(nets)
    assert [line["patterns a letter"] for line in lines if line["net"] == "ours"] == [1, 4, "new ones"]
    own = {claim.what: claim.measured for claim in result.claims}
    powell = next(line for line in lines if line["net"] == nets[2])
    assert own["wrong pixels at noise 2 on others, the source's net, 1 a letter"] == powell["on fresh ones"]


def test_one_net_for_all_levels_stands_beside_those_of_their_own(result: Result) -> None:
    lines = result.tables["one net for all levels"]
    assert [line["noise"] for line in lines] == list(LEVELS)
    for line, own in zip(lines, result.tables["wrong pixels of 100 patterns"], strict=True):
        assert (line["a net of its own"], line["limit"]) == (own["denoiser"], own["limit"])


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert {f"wrong pixels at noise {level}" for level in LEVELS} <= set(recorded("letters-denoise").figures)
