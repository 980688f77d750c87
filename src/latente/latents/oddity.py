"""How odd each picture is among others without a clean set: how far its windows are from those of every other one.

A window is a row of numbers, a picture any number of them; `owners` says of each window whose it is. Odd pictures do
not vouch for themselves, since a window is compared with those of other pictures only; two that are odd in the same
way can vouch for each other.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from latente.errors import InputError

__all__ = ["MOST_REFERENCES", "Spread", "draw_references", "picture_numbers", "window_distances"]

MOST_REFERENCES = 400  # pictures; time grows with their number times that of the pictures scored
MOST_WINDOWS = 100_000  # among all references; more are drawn at random
LARGEST = 4  # windows of a picture whose mean tells what is odd in one place

_BLOCK_VALUES = 4_000_000  # distances at a time: 16 MB
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


def window_distances(windows: Tensor, owners: Tensor, references: Tensor, reference_owners: Tensor) -> Tensor:
    """Return the distance (P,) of each window (P, D) to the nearest reference (M, D) that another picture owns.

    owners (P,), reference_owners (M,): integers; an owner without references, such as -1 for pictures that are new, is
    compared with all. The search is exhaustive, in blocks. Raises InputError where some picture owns every reference.
    """
    centre = references.mean(0)  # around their mean numbers are small, and so is what float32 rounds off
    windows, references = windows - centre, references - centre
    lengths = references.square().sum(1)
    nearest = torch.empty(len(windows), dtype=windows.dtype, device=windows.device)
    step = max(1, _BLOCK_VALUES // max(1, len(references)))
    for first in range(0, len(windows), step):
        part = slice(first, first + step)
        # squared distances, short of the window's own length, which changes no order
        squares = torch.addmm(lengths, windows[part], references.T, alpha=-2)
        for owner in owners[part].unique():  # of which there are few in a block: quicker than to compare all with all
            own, known = (owners[part] == owner).nonzero(), (reference_owners == owner).nonzero()[:, 0]
            squares[own, known] = torch.inf
        nearest[part] = squares.amin(1)
    if not nearest.isfinite().all():
        raise InputError("one picture alone cannot be compared with others; give at least 2")
    return (nearest + windows.square().sum(1)).clamp(min=0).sqrt()


def picture_numbers(distances: Tensor, owners: Tensor) -> Tensor:
    """Return two numbers for each picture (N, 2): log of the mean of its 4 largest distances, log of the mean of all.

    distances, owners (P,): each window's, of pictures 0 to N - 1, each of which has one or more.
    """
    numbers = []
    for own in distances[owners.argsort(stable=True)].split(owners.bincount().tolist()):
        largest = own.topk(min(LARGEST, len(own))).values
        numbers.append(torch.stack([largest.mean(), own.mean()]))
    return torch.stack(numbers).clamp(min=_LEAST).log()


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
