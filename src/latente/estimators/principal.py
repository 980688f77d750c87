"""Principal components of images, from a few passes over them: the linear code that an autoencoder can start from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from latente.training import Batches

__all__ = ["Principal", "fit_principal", "mean_image"]

View = Callable[[Tensor], Tensor]

_MOST = 50_000  # images that are looked at, their views and crops counted
_CROPS = 5_000  # that are wanted of photographs
_VALUES_AT_ONCE = 1_000_000
_PASSES = 6
_MORE = 16  # directions beside those that are wanted, which make the passes converge faster


def _as_it_is(x: Tensor) -> Tensor:
    return x


def _mirrored(x: Tensor) -> Tensor:
    return x.flip(-1)


_MIRROR = (_as_it_is, _mirrored)
_TURNS = tuple(
    lambda x, turns=turns, flip=flip: flip(x.rot90(turns, (-2, -1))) for turns in range(4) for flip in _MIRROR
)


@dataclasses.dataclass(frozen=True)
class Principal:
    """The mean (F,) of flat images and the K orthonormal directions (K, F) in which they vary most."""

    mean: Tensor
    axes: Tensor

    def rebuild(self, x: Tensor) -> Tensor:
        """Return flat images (B, F) as mean and directions rebuild them."""
        return (x - self.mean) @ self.axes.T @ self.axes + self.mean


def mean_image(batches: Batches, rows: np.ndarray) -> Tensor:
    """Return the mean (C, H, W) or (F,) of images in the network's range, or of their targets where they have some."""
    few = torch.from_numpy(_some(rows, _MOST))
    example = batches.batch(few[:1])["images"]
    count, total = 0, torch.zeros(())
    for part in few.split(max(1, _VALUES_AT_ONCE // example.numel())):
        batch = batches.batch(part)
        x = batch.get("target", batch["images"])
        count, total = count + len(x), total + x.double().sum(0).to("cpu")
    return (total / count).float()


def fit_principal(
    batches: Batches,
    rows: np.ndarray,
    held_out: tuple[Batches, np.ndarray] | None,
    dimensions: int,
    *,
    crops: bool = False,
    seed: int = 0,
) -> Principal:
    """Return the principal components of images in the network's range: at most `dimensions`, all that there are.

    Few pictures say little of the directions in which their kind varies. Where mirror images of them (or, of square
    ones, all turns and mirror images) give components that rebuild the held-out images better, those are taken. crops:
    whether `batches` cuts a window out of each image; then several of each are drawn.
    """
    example = batches.batch(torch.from_numpy(rows[:1]))["images"]
    ways: list[Sequence[View]] = [(_as_it_is,)]
    if held_out is not None and len(held_out[1]) and example.ndim == 4:
        ways += [_MIRROR] if example.shape[2] != example.shape[3] else [_MIRROR, _TURNS]
    fitted = []
    for views in ways:
        laps = max(1, _CROPS // (len(rows) * len(views))) if crops else 1
        few = np.tile(_some(rows, max(1, _MOST // len(views))), laps)
        source = _Source(batches, few, views, seed if crops else None)
        fitted.append(_fit(source, dimensions, seed))
    if len(fitted) == 1:
        return fitted[0]
    assert held_out is not None
    judges = _Source(held_out[0], held_out[1], (_as_it_is,), None)
    return min(fitted, key=lambda principal: _error(principal, judges))


@dataclasses.dataclass(frozen=True)
class _Source:
    """Images to pass over again and again; seed: of where windows are cut, None for the centre."""

    batches: Batches
    rows: np.ndarray
    views: Sequence[View]
    seed: int | None

    def __iter__(self) -> Iterator[Tensor]:
        """Yield flat images (B, F) on the device."""
        values = self.batches.batch(torch.from_numpy(self.rows[:1]))["images"].numel()
        generator = None if self.seed is None else torch.Generator().manual_seed(self.seed)
        for part in torch.from_numpy(self.rows).split(max(1, _VALUES_AT_ONCE // values)):
            x = self.batches.batch(part, generator)["images"]
            for view in self.views:
                yield view(x).flatten(1)


def _fit(source: _Source, dimensions: int, seed: int) -> Principal:
    """Return the components by subspace iteration (Halko et al. 2011, algorithm 4.4), a batch in memory at a time."""
    count, total = 0, torch.zeros(())
    for x in source:
        count, total = count + len(x), total + x.double().sum(0).to("cpu")
    mean = (total / count).float()
    kept = min(dimensions, len(mean), max(1, count - 1))
    width = min(kept + _MORE, len(mean))
    basis = _orthonormal(torch.randn(len(mean), width, generator=torch.Generator().manual_seed(seed)))
    for _ in range(_PASSES):
        product = torch.zeros_like(basis)
        for x in source:
            centred = x - mean.to(x.device)
            product += (centred.T @ (centred @ basis.to(x.device))).cpu()
        basis = _orthonormal(product)
    spread = torch.zeros(width, width, dtype=torch.float64)
    for x in source:
        inner = ((x - mean.to(x.device)) @ basis.to(x.device)).double().cpu()
        spread += inner.T @ inner
    turn = torch.linalg.eigh(spread)[1].flip(1)[:, :kept]
    return Principal(mean, (basis.double() @ turn).T.float().contiguous())


def _orthonormal(columns: Tensor) -> Tensor:
    return torch.linalg.qr(columns.double())[0].float()


def _error(principal: Principal, source: _Source) -> float:
    total, values = 0.0, 0
    for x in source:
        on_device = dataclasses.replace(principal, mean=principal.mean.to(x.device), axes=principal.axes.to(x.device))
        total += float((on_device.rebuild(x) - x).square().sum(dtype=torch.float64))
        values += x.numel()
    return math.inf if not values else total / values


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of the rows, evenly spread."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]
