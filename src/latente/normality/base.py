"""What several normal things have in common, learned from their features alone, and how far from it others lie."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["FOLDS", "Normality", "folds"]

FOLDS = 5


class Normality(nn.Module):
    """What normal features are like: `learn` it once, then ask how far others are from it.

    What is learned rests in buffers, whose shapes follow from the features: `reserve` makes room for those of a file.
    A subclass defines `learn`, `residuals`, and `left_out` where it knows a shorter way.
    """

    def learn(self, features: Float[Tensor, "n f"], groups: np.ndarray) -> None:
        """Learn from features, each of which is of the group of this number; nothing else is asked for later."""
        raise NotImplementedError

    def residuals(self, features: Float[Tensor, "b f"]) -> tuple[Tensor, Tensor]:
        """Return how far each lies from what is normal, squared, (B,), and how that spreads over the features (B, F).

        The second adds up to the first where the distance has such parts, and follows them where it has not.
        """
        raise NotImplementedError

    def forward(self, features: Float[Tensor, "b f"]) -> Float[Tensor, "b"]:
        """Return how far each of the features lies from what is normal, squared."""
        return self.residuals(features)[0]

    def left_out(self, features: Float[Tensor, "n f"], groups: np.ndarray, seed: int) -> Float[Tensor, "n"]:
        """Return how far each of the features that were learned lies from what the others of another group teach.

        In five parts, drawn by `seed`, that keep groups together: each is judged by what the other four teach.
        """
        distances = features.new_empty(len(features))
        for fold in folds(groups, seed):
            others = np.setdiff1d(np.arange(len(features)), fold)
            judge = copy.deepcopy(self)
            judge.learn(features[torch.from_numpy(others)], groups[others])
            place = torch.from_numpy(fold)
            distances[place] = judge(features[place])
        return distances

    def reserve(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """Give each buffer its shape."""
        for name, buffer in list(self.named_buffers()):
            owner, _, own = name.rpartition(".")
            setattr(self.get_submodule(owner), own, torch.empty(tuple(shapes[name]), dtype=buffer.dtype))


def folds(groups: np.ndarray, seed: int, count: int = FOLDS) -> list[np.ndarray]:
    """Return the rows of at most `count` parts of about equal size, none of which shares a group with another."""
    kinds, kind_of = np.unique(groups, return_inverse=True)
    order = np.random.default_rng([seed, 5]).permutation(len(kinds))
    fold_of = np.empty(len(kinds), np.int64)
    fold_of[order] = np.arange(len(kinds)) % min(count, len(kinds))
    return [np.flatnonzero(fold_of[kind_of] == fold) for fold in range(min(count, len(kinds)))]
