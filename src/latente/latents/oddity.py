"""How odd each picture is among others without a clean set, by how far its windows are from those of every other one.

A window is a row of numbers, a picture any number of them; `owners` says of each window whose it is.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

__all__ = ["LARGEST", "MOST_REFERENCES", "Spread", "draw_references", "numbers_of", "picture_numbers"]

MOST_REFERENCES = 400  # pictures; time grows with their number times that of the pictures scored
MOST_WINDOWS = 100_000  # among all references; more are drawn at random
LARGEST = 4  # windows of a picture whose mean tells what is odd in one place

_LEAST = 1e-6  # distances and spreads below count as this


def draw_references(owners: Tensor, generator: torch.Generator) -> Tensor:
    """Return the rows, in order, of the windows that others are compared with, owners (P,) being integers.

    All of at most 400 pictures and 100,000 windows, else a random draw of both from `generator`.
    """
    pictures = owners.unique()
    if len(pictures) > MOST_REFERENCES:
        pictures = pictures[torch.randperm(len(pictures), generator=generator)[:MOST_REFERENCES]]
    rows = torch.isin(owners, pictures).nonzero()[:, 0]
    if len(rows) > MOST_WINDOWS:
        rows = rows[torch.randperm(len(rows), generator=generator)[:MOST_WINDOWS]].sort().values
    return rows


def picture_numbers(distances: Tensor, owners: Tensor) -> Tensor:
    """Return two numbers for each picture (N, 2): log of the mean of its 4 largest distances, log of the mean of all.

    distances, owners (P,): each window's, of pictures 0 to N - 1, each of which has one or more.
    """
    counts = owners.bincount().tolist()
    return torch.cat([numbers_of(own[None]) for own in distances[owners.argsort(stable=True)].split(counts)])


def numbers_of(distances: Tensor) -> Tensor:
    """Return the two numbers of `picture_numbers` for pictures (N, 2) that have as many windows each (N, P)."""
    largest = distances.topk(min(LARGEST, distances.shape[1]), 1).values
    return torch.stack([largest.mean(1), distances.mean(1)], 1).clamp(min=_LEAST).log()


@dataclasses.dataclass(frozen=True)
class Spread:
    """Middle and spread of pictures' numbers, which a few odd pictures hardly move: median and MAD.

    middle, spread: (K,), the spread 1.4826 times the median absolute deviation, so that of normal numbers it is the
    standard deviation.
    """

    middle: Tensor
    spread: Tensor

    @classmethod
    def of(cls, numbers: Tensor) -> Spread:
        """Return what `numbers` (N, K) of pictures, of which most are normal, have for middle and spread."""
        middle = numbers.quantile(0.5, dim=0)
        return cls(middle, (1.4826 * (numbers - middle).abs().quantile(0.5, dim=0)).clamp(min=_LEAST))

    def oddity(self, numbers: Tensor) -> Tensor:
        """Return how odd pictures with these numbers (N, K) are (N,): the largest of their K robust z-values."""
        return ((numbers - self.middle) / self.spread).amax(1)
