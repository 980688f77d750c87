"""The damage index of a plate: where the curvature of its modes has what a smooth plate's has not.

All lengths are in points of the picture, of which neighbours are 10 mm apart.
"""

from __future__ import annotations

import functools

import numpy as np

__all__ = ["REACH", "SCALE", "damage_index", "noisy"]

BLUR = 2.0  # deviation of the Gaussian whose derivatives make the curvatures
REACH = 7  # of the window of the fit, to each side
GAP = 2  # of its hole, to each side
SCALE = 0.66  # the 0.999 quantile over all points of the 2,800 training plates of seed 0, noise 0.04


def noisy(deflections: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return modes (K, H, W) as they are measured: normal noise at each point, `noise` times the mode's RMS.

    The edges are not measured: they rest on their supports.
    """
    size = noise * np.sqrt(np.mean(deflections**2, axis=(1, 2), keepdims=True))
    measured = deflections + size * rng.standard_normal(deflections.shape)
    measured[:, [0, -1], :] = measured[:, :, [0, -1]] = 0
    return measured


def damage_index(deflections: np.ndarray) -> np.ndarray:
    """Return the index (H, W), at least 0, of modes (K, H, W) of a simply supported plate.

    The curvatures w,xx and w,yy and the twist w,xy of each mode are derivatives of its convolution with a Gaussian
    (Lindeberg 1990), where the deflection goes on beyond the supports as an odd function, as it would swing there. From
    each is taken what a quadratic says that is fitted to its surroundings without their middle (the gapped smoothing of
    Ratcliffe & Bagaria 1998, in two dimensions). The index is the root of the mean over the modes of the squared rest
    over the mode's mean squared curvature; the twist counts twice, as in the energy of bending.

    How far window and hole reach, beside the noise, decides how hard a plate is to judge. They were chosen so that with
    noise of 0.04 a dense net of 512 and 512 comes near to what [UAO] reports of it (0.892 of the test plates right).
    """
    along, up = (_derivatives(side) for side in (deflections.shape[2], deflections.shape[1]))
    bends = np.stack(
        [
            up[0] @ deflections @ along[2].T,
            up[2] @ deflections @ along[0].T,
            up[1] @ deflections @ along[1].T * np.sqrt(2),
        ]
    )
    rest = np.stack([_rest(bends[0], is_odd=True), _rest(bends[1], is_odd=True), _rest(bends[2], is_odd=False)])
    energy = np.mean(np.sum(bends**2, axis=0), axis=(1, 2))
    return np.asarray(np.sqrt(np.mean(np.sum(rest**2, axis=0) / energy[:, None, None], axis=0)))


def _rest(fields: np.ndarray, *, is_odd: bool) -> np.ndarray:
    """Return fields (K, H, W) without what the gapped quadratic says of each point.

    is_odd: whether they continue beyond the edges as odd functions, else as even ones.
    """
    from scipy.signal import oaconvolve

    beyond = np.pad(fields, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="reflect")
    if is_odd:
        for edge in (slice(None, REACH), slice(-REACH, None)):
            beyond[:, edge] *= -1
            beyond[:, :, edge] *= -1
    return np.asarray(fields - oaconvolve(beyond, _gapped()[None], mode="valid", axes=(1, 2)))


@functools.cache
def _gapped() -> np.ndarray:
    """The weights of a window's points in the value at its middle of the quadratic fitted to them, 0 in the hole."""
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
    around = np.maximum(abs(x), abs(y)) > GAP
    powers = np.stack([x**0, x, y, x * x, x * y, y * y], axis=-1)[around]
    weights = np.zeros(x.shape)
    weights[around] = np.linalg.pinv(powers.astype(np.float64))[0]
    return weights


@functools.cache
def _derivatives(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the matrices (side, side) that blur by a Gaussian, and take its first and second derivative.

    The values are continued beyond both ends as an odd function. The kernels are exact for polynomials of their order.
    """
    reach = round(4 * BLUR)
    x = np.arange(-reach, reach + 1.0)
    bell = np.exp(-(x**2) / (2 * BLUR**2))
    bell /= bell.sum()
    second = (x**2 - np.sum(x**2 * bell)) * bell
    kernels = bell, x * bell / np.sum(x**2 * bell), 2 * second / np.sum(x**2 * second)
    places = np.arange(side)[:, None] + x.astype(int)
    within = np.where(places < 0, -places, np.where(places >= side, 2 * (side - 1) - places, places))
    sign = np.where(within == places, 1, -1)
    matrices = np.zeros((3, side, side))
    for matrix, kernel in zip(matrices, kernels, strict=True):
        np.add.at(matrix, (np.arange(side)[:, None], within), sign * kernel)
    return matrices[0], matrices[1], matrices[2]
