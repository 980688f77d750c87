"""Pictures of flows between blades, and what is read off them: where the shock stands, and whether it was swallowed."""

from __future__ import annotations

import functools

import numpy as np

from latente.images.generated.flow_cascade import AXIAL_CHORD, FINE, PITCH, Cascade, surfaces

__all__ = ["BLADE", "LEFT", "LOWEST", "SIDE", "WIDTH", "blades", "pictures", "shock_positions", "swallowed"]

SIDE = 96  # pixels
LEFT, LOWEST, WIDTH = -0.015, -0.006, 0.060  # of a picture, m: the lower left corner is left ahead of a blade's edge
BLADE = 0.0  # what stands in a blade, where there is no flow
ABOVE = 0.0025  # m above a blade's upper side, where the shock is looked for
SONIC = 1.0
INLET = 0.1  # of the axial chord behind the leading edge, on the lower side: subsonic where the shock stands ahead


def pictures(mach: np.ndarray) -> np.ndarray:
    """Return pictures (N, 1, 96, 96) float32 of Mach numbers (N, 32, 96), `BLADE` where the blades are.

    They show 60 mm in either direction, y upwards. Between cells they are bilinear along the passage.
    """
    places, weights = _gathering()
    values = mach.reshape(len(mach), -1).astype(np.float32)
    made = np.zeros((len(mach), places.shape[1]), np.float32)
    for place, weight in zip(places, weights, strict=True):
        made += values[:, place] * weight
    made[:, blades().ravel()] = BLADE
    return made.reshape(len(mach), 1, SIDE, SIDE)


@functools.cache
def blades() -> np.ndarray:
    """Return where in a picture the blades are, (96, 96) bool."""
    x, y = _points()
    low, high = surfaces(x)
    return np.asarray((y - low) % PITCH >= high - low)


def shock_positions(made: np.ndarray) -> np.ndarray:
    """Return where above the upper side of a blade the flow of pictures (N, 1, 96, 96) falls below Mach 1 for good.

    (N,) in shares of the axial chord behind the leading edge, between pixels by a straight line; NaN where it never
    does.
    """
    x = LEFT + (np.arange(SIDE) + 0.5) * WIDTH / SIDE
    along = np.flatnonzero((x > 0) & (x < AXIAL_CHORD))
    height = (surfaces(x[along])[0] + ABOVE - LOWEST) * SIDE / WIDTH - 0.5
    row = np.floor(height).astype(int)
    share = (height - row).astype(np.float32)
    upwards = made[:, 0, ::-1]
    line = upwards[:, row, along] * (1 - share) + upwards[:, row + 1, along] * share
    found = np.full(len(made), np.nan)
    for k, values in enumerate(line):
        falls = np.flatnonzero((values[:-1] >= SONIC) & (values[1:] < SONIC))
        if len(falls):
            last = falls[-1]
            part = (values[last] - SONIC) / (values[last] - values[last + 1])
            found[k] = (x[along[last]] + part * WIDTH / SIDE) / AXIAL_CHORD
    return found


def swallowed(mach: np.ndarray) -> np.ndarray:
    """Return whether the shock of flows (N, 32, 96) stands within the passage, (N,) bool; else it stands ahead."""
    x = Cascade(*FINE).x
    column = int(np.searchsorted(x, INLET * AXIAL_CHORD)) - 1
    return np.asarray(mach[:, -1, column] >= SONIC)


def _points() -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the middles of the pixels, (96, 96) each, from the top."""
    steps = (np.arange(SIDE) + 0.5) * WIDTH / SIDE
    x, y = np.meshgrid(LEFT + steps, (LOWEST + steps)[::-1])
    return x, y


@functools.cache
def _gathering() -> tuple[np.ndarray, np.ndarray]:
    """Return which four cells make each pixel, and their shares, (4, 96 * 96) each."""
    rows, columns = FINE
    x, y = (values.ravel() for values in _points())
    low, high = surfaces(x)
    nodes = Cascade(*FINE).x
    across = np.interp(x, (nodes[1:] + nodes[:-1]) / 2, np.arange(columns))
    up = ((y - low) % PITCH) / (high - low) * rows - 0.5
    column, row = np.minimum(across.astype(int), columns - 2), np.floor(up).astype(int)
    is_open = (x < 0) | (x > AXIAL_CHORD)
    lower, upper = (np.where(is_open, line % rows, np.clip(line, 0, rows - 1)) for line in (row, row + 1))
    right, rise = across - column, up - row
    places = np.stack([line * columns + column + step for line in (lower, upper) for step in (0, 1)])
    weights = np.stack([a * b for a in (1 - rise, rise) for b in (1 - right, right)])
    return places, weights.astype(np.float32)
