"""Patterns of black and white pixels: how far apart they are, flipped ones, and new ones made of known ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.record import Line

if TYPE_CHECKING:
    from torch import Generator

    from latente import Images

__all__ = ["MIXTURES", "beside_mixtures", "distances", "flipped", "mixtures", "noisy", "wrong_pixels"]

# how the pixels of a mixture of four letters are chosen
MIXTURES: Mapping[str, str] = {
    "pixel": "each pixel is one of the four's",
    "row": "each row is one of the four's",
    "majority": "each pixel is what most of the four have, of two against two either",
}
FOUR = 4


def wrong_pixels(pictures: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return in how many pixels each of N pictures differs from what it should be, (N,)."""
    wrong: np.ndarray = (pictures != truth).reshape(len(truth), -1).sum(axis=1)
    return wrong


def distances(patterns: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Return the Hamming distance of each of N patterns from each of M letters, (N, M)."""
    x, known = (array.reshape(len(array), -1).astype(np.int64) for array in (patterns, letters))
    apart: np.ndarray = x.sum(1)[:, None] + known.sum(1) - 2 * x @ known.T
    return apart


def flipped(patterns: np.ndarray, level: int, generator: Generator) -> np.ndarray:
    """Return the patterns with exactly `level` of the pixels of each turned over."""
    import torch

    from latente.corruptions import Flips

    turned: np.ndarray = Flips(level)(torch.from_numpy(patterns).float(), generator).numpy() > 0.5
    return turned


def noisy(letters: Images, level: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return so many letters, drawn at random, and the same with `level` of their pixels flipped."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    truth = letters.pixels[torch.randint(len(letters), (count,), generator=generator).numpy()]
    return truth, flipped(truth, level, generator)


def mixtures(letters: np.ndarray, rule: str, count: int, seed: int) -> np.ndarray:
    """Return `count` patterns, each made of four different letters by one of the rules of `MIXTURES`.

    letters: (M, 1, H, W) booleans; of fewer than four all are taken.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.random((count, len(letters))).argsort(axis=1)[:, :FOUR]
    four = letters[chosen]  # (count, 4, 1, H, W)
    shape = (count, 1, *letters.shape[1:])
    if rule == "majority":
        votes = four.mean(axis=1)
        made: np.ndarray = np.where(votes == 0.5, rng.random(votes.shape) < 0.5, votes > 0.5)
        return made
    whose = rng.integers(four.shape[1], size=shape if rule == "pixel" else (*shape[:-1], 1))
    taken: np.ndarray = np.take_along_axis(four, np.broadcast_to(whose, shape), axis=1)[:, 0]
    return taken


def beside_mixtures(
    rebuild: Callable[[np.ndarray], np.ndarray], letters: np.ndarray, count: int, rules: Sequence[str] = tuple(MIXTURES)
) -> list[Line]:
    """Return, for each rule, what a net makes of so many mixtures of four letters that it was trained on.

    Means over the mixtures: in how many pixels the answer differs from what was put in, how far what was put in is
    from the nearest letter, how far the answer is from its own nearest letter, and the share of the answers that are
    a letter, pixel by pixel.
    """
    lines: list[Line] = []
    for rule in rules:
        patterns = mixtures(letters, rule, count, seed=0)
        answers = rebuild(patterns)
        off = distances(answers, letters).min(axis=1)
        lines.append(
            {
                "rule": rule,
                "wrong pixels": float(wrong_pixels(answers, patterns).mean()),
                "mixture to nearest letter": float(distances(patterns, letters).min(axis=1).mean()),
                "answer to nearest letter": float(off.mean()),
                "answers that are letters": float((off == 0).mean()),
            }
        )
    return lines
