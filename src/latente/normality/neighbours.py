"""The nearest of what is known, and the flat surface that they span."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latente.normality.base import Normality

__all__ = ["Hyperplane", "Nearest"]

MOST_KNOWN = 20_000  # that are kept of what was learned
_VALUES_AT_ONCE = 4_000_000  # of distances, and of neighbours that are gathered: 16 MB each
_BLOCK = (200, 2_000)  # of features and of what is known, whose distances stay in the processor's cache


class Nearest(Normality):
    """The mean squared distance to the `count` nearest of what was learned, of which 20,000 are kept at most."""

    memory: Tensor

    def __init__(self, count: int = 1) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("memory", torch.empty(0, 0))

    def learn(self, features: Float[Tensor, "n f"], groups: np.ndarray) -> None:
        self.memory = features[self._kept(len(features))].clone()

    def residuals(self, features: Float[Tensor, "b f"]) -> tuple[Tensor, Tensor]:
        return self._over(features)

    def left_out(self, features: Float[Tensor, "n f"], groups: np.ndarray, seed: int) -> Float[Tensor, "n"]:
        """Return the distances to the nearest of another group."""
        own = torch.from_numpy(groups).to(features.device)
        return self._over(features, own, own[self._kept(len(features))])[0]

    def _kept(self, count: int) -> Tensor:
        """Return which of so many are kept, a draw that is always the same."""
        rows = np.arange(count)
        if count > MOST_KNOWN:
            rows = np.sort(np.random.default_rng(0).choice(count, MOST_KNOWN, replace=False))
        return torch.from_numpy(rows).to(self.memory.device)

    def closest(self, features: Float[Tensor, "b f"], aside: Tensor | None = None) -> Float[Tensor, "b"]:
        """Return the squared distance to the nearest one alone; aside: (M,) bool, what of the memory does not count.

        Much faster than `forward` for features by the million.
        """
        known = self._centred(self.memory)
        lengths = known.square().sum(1)
        if aside is not None and not bool(aside.all()):
            lengths = lengths.masked_fill(aside, math.inf)
        rows, columns = _BLOCK
        blocks = list(zip(lengths.split(columns), known.split(columns), strict=True))
        return torch.cat(
            [
                torch.stack([torch.addmm(own, part, block.T, alpha=-2).amin(1) for own, block in blocks]).amin(0)
                + part.square().sum(1)
                for part in self._centred(features).split(rows)
            ]
        ).clamp(min=0)

    def _over(self, features: Tensor, own: Tensor | None = None, known: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Measure the features, a part at a time; own, known: the groups of the features, and of what is known."""
        parts = []
        rows = max(1, _VALUES_AT_ONCE // max(len(self.memory), self.count * features.shape[1]))
        lengths = self._centred(self.memory).square().sum(1)
        for start in range(0, len(features), rows):
            part = features[start : start + rows]
            same = None if own is None or known is None else own[start : start + rows, None].eq(known)
            parts.append(self._measured(part, self._neighbours(part, lengths, same)))
        distances, residuals = zip(*parts, strict=True)
        return torch.cat(distances), torch.cat(residuals)

    def _centred(self, features: Tensor) -> Tensor:
        """Around the mean numbers are small, and so is what float32 rounds off."""
        return features - self.memory.mean(0)

    def _neighbours(self, features: Tensor, lengths: Tensor, same: Tensor | None) -> Tensor:
        """Return the nearest (B, k, F); lengths: squared, of the memory. same: (B, N), what does not count."""
        squares = torch.addmm(lengths[None], self._centred(features), self._centred(self.memory).T, alpha=-2)
        count = min(self.count, len(self.memory))
        if same is not None:
            squares = squares.masked_fill(same, math.inf)
            count = max(1, min(count, int((~same).sum(1).min())))
        return self.memory[squares.topk(count, largest=False).indices]

    def _measured(self, features: Tensor, neighbours: Tensor) -> tuple[Tensor, Tensor]:
        residuals = (features[:, None] - neighbours).square().mean(1)
        return residuals.sum(1), residuals


class Hyperplane(Nearest):
    """The squared distance to the hyperplane through the 20 nearest of what was learned (Vincent and Bengio 2001).

    With the neighbours N, their mean c, G the Gram matrix of N - c and t its mean diagonal, the nearest point of the
    plane is c + w (N - c), w = (G + r t I)^-1 (N - c)(q - c), and what lies far out on it is held against it: the
    distance of q is |q - c - w (N - c)|^2 + r t |w|^2, r = 0.3. That is their equation 7, with the weight r relative to
    how far the neighbours lie apart.
    """

    RIDGE = 0.3

    def __init__(self, count: int = 20) -> None:
        super().__init__(count)

    def _measured(self, features: Tensor, neighbours: Tensor) -> tuple[Tensor, Tensor]:
        centre = neighbours.mean(1)
        spokes, query = neighbours - centre[:, None], features - centre
        gram = spokes @ spokes.mT
        ridge = self.RIDGE * gram.diagonal(dim1=1, dim2=2).mean(1)
        # neighbours that are all the same span nothing
        ridge = ridge.clamp(min=torch.finfo(ridge.dtype).tiny ** 0.5)
        identity = torch.eye(gram.shape[1], device=gram.device, dtype=gram.dtype)
        factor = torch.linalg.cholesky(gram + ridge[:, None, None] * identity)
        weights = torch.cholesky_solve(spokes @ query[..., None], factor)
        residuals = (query - (spokes.mT @ weights)[..., 0]).square()
        return residuals.sum(1) + ridge * weights[..., 0].square().sum(1), residuals
