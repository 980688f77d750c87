"""Walks through a latent space and what a model decodes on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from latente.errors import InputError, did_you_mean
from latente.latents.coding import Coder, decode_grid, flat_codes

__all__ = ["interpolate", "interpolate_codes", "lattice", "nearby_codes", "traverse"]

WAYS = ("linear", "spherical")
PARALLEL = 1e-4  # radians: codes this close to one line give the sphere's formula nothing to divide by


def traverse(
    model: Coder,
    codes: np.ndarray,
    *,
    steps: int = 7,
    span: float = 3.0,
    dimensions: Sequence[int] | None = None,
    at: np.ndarray | None = None,
) -> np.ndarray:
    """Return images (D, steps, ...): each latent dimension from -span to span standard deviations of the codes.

    codes: (N, ...) of the data, N at least 2, as `model.encode` gives them; their standard deviation (over N) is the
    unit. dimensions: which of the flattened code, by default all, in order. at: the code from which one dimension at
    a time moves (one code, flat or not); by default the mean of `codes`. In the model's layout and units.
    """
    _check_steps(steps)
    flat = flat_codes(codes)
    size = flat.shape[1]
    if len(flat) < 2:
        raise InputError("a traversal needs at least 2 codes, from which the standard deviations come")
    axes = np.arange(size) if dimensions is None else np.asarray(dimensions, dtype=int).reshape(-1)
    if not len(axes) or axes.min() < 0 or axes.max() >= size:
        raise InputError(f"dimensions {axes.tolist()} are not all within 0 to {size - 1}, those of the codes")
    start = flat.mean(axis=0, dtype=np.float64) if at is None else np.asarray(at, dtype=np.float64).reshape(-1)
    if start.shape != (size,):
        raise InputError(f"`at` has {start.size} values, but a code has {size}")
    grid = np.tile(start, (len(axes), steps, 1))
    offsets = np.linspace(-span, span, steps) * flat.std(axis=0, dtype=np.float64)[axes, None]
    grid[np.arange(len(axes)), :, axes] += offsets
    return decode_grid(model, grid.astype(flat.dtype), np.shape(codes)[1:])


def interpolate(model: Coder, a: Any, b: Any, *, steps: int = 8, how: str = "linear") -> np.ndarray:
    """Return images (N, steps, ...) decoded on the way from the codes of images `a` to those of `b` (N each).

    how: see `interpolate_codes`. The first and the last of each row are the reconstructions of its ends.
    """
    start, end = np.asarray(model.encode(a)), np.asarray(model.encode(b))
    path = interpolate_codes(start, end, steps, how)
    return decode_grid(model, path, start.shape[1:])


def interpolate_codes(a: np.ndarray, b: np.ndarray, steps: int = 8, how: str = "linear") -> np.ndarray:
    """Return codes (N, steps, ...) on the way from each of a (N, ...) to its partner in b, both ends included.

    how: "linear" is the straight line. "spherical" turns from one to the other at even angles about the origin
    (slerp: Shoemake 1985; White 2016, arXiv:1609.04468, for latent codes): with w the angle between a and
    b, sin((1-t) w)/sin(w) a + sin(t w)/sin(w) b, so that codes of a normal prior keep their typical length. Codes that
    are parallel or antiparallel (within 1e-4 radians), or zero, have no such arc, and take the straight line.
    """
    _check_steps(steps)
    if how not in WAYS:
        raise did_you_mean("way", how, WAYS)
    if np.shape(a) != np.shape(b):
        raise InputError(f"interpolation needs as many codes in a as in b, not {np.shape(a)} and {np.shape(b)}")
    path = _between(flat_codes(a), flat_codes(b), np.linspace(0, 1, steps), how)
    return path.reshape(len(path), steps, *np.shape(a)[1:])


def nearby_codes(codes: np.ndarray, draws: np.ndarray, share: float = 0.4) -> np.ndarray:
    """Return codes (N, S, ...): from each of codes (N, ...) a share of the way to each of S draws (N, S, ...).

    draws: codes of new images, as a model's `draw_codes` gives them. share: above 0, which stays at the code, to 1,
    which is the draw. The way is the spherical one of `interpolate_codes`: what lies near a code that a normal prior
    could have drawn could have been drawn by it, too.
    """
    if not 0 < share <= 1:
        raise InputError(f"share must lie above 0 and up to 1, not {share}")
    shape = np.shape(draws)
    if len(shape) != np.ndim(codes) + 1 or (shape[0], *shape[2:]) != np.shape(codes):
        raise InputError(f"draws must have the shape (N, S, ...) beside codes of {np.shape(codes)}, not {shape}")
    start, end = np.repeat(flat_codes(codes), shape[1], axis=0), flat_codes(np.reshape(draws, (-1, *shape[2:])))
    return _between(start, end, np.array([share]), "spherical").reshape(shape)


def _between(start: np.ndarray, end: np.ndarray, t: np.ndarray, how: str) -> np.ndarray:
    """Return what lies at the shares t (T,) of the way from codes (N, D) to others, (N, T, D)."""
    first, second = np.tile(1 - t, (len(start), 1)), np.tile(t, (len(start), 1))
    if how == "spherical":
        angle = _angles(start, end)
        turns = (angle > PARALLEL) & (angle < math.pi - PARALLEL)
        w = angle[turns, None]
        first[turns], second[turns] = np.sin((1 - t) * w) / np.sin(w), np.sin(t * w) / np.sin(w)
    path = first[..., None] * start[:, None] + second[..., None] * end[:, None]
    return path.astype(np.result_type(start, end))


def lattice(model: Coder, steps: int = 20, *, coverage: float = 0.98) -> np.ndarray:
    """Return images (steps, steps, ...): the quantiles of a two-dimensional standard normal prior, decoded.

    Source: Kingma & Welling 2014, figure 4: steps evenly spaced probabilities within the central `coverage` of each
    coordinate, through the normal's inverse distribution function. The first coordinate grows to the right, the second
    upwards: row 0 is its largest. What a model without this prior decodes there says little. Raises InputError for
    a model whose codes are not of two values.
    """
    _check_steps(steps)
    if not 0 < coverage < 1:
        raise InputError(f"coverage must lie between 0 and 1, not {coverage}")
    shape = tuple(getattr(model, "code_shape_", (2,)))
    if math.prod(shape) != 2:
        raise InputError(f"a lattice needs a model with codes of two values, not {math.prod(shape)}")
    normal = NormalDist()
    edge = (1 - coverage) / 2
    values = np.array([normal.inv_cdf(p) for p in np.linspace(edge, 1 - edge, steps)], dtype=np.float32)
    second, first = np.meshgrid(values[::-1], values, indexing="ij")
    return decode_grid(model, np.stack([first, second], axis=-1), shape)


def _angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The angle between partners (N, D), in radians (N,), exact for small ones too; 0 where one has no length."""
    lengths = [np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True) for x in (a, b)]
    u, v = (x / np.where(length > 0, length, 1) for x, length in zip((a, b), lengths, strict=True))
    angles = 2 * np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1))
    return np.where((lengths[0] > 0) & (lengths[1] > 0), angles[:, None], 0)[:, 0]


def _check_steps(steps: int) -> None:
    if steps < 2:
        raise InputError(f"steps must be at least 2, not {steps}")
