"""The gas obeys the laws of gas dynamics: shocks stand at the angles and places of theory, a tube bursts as told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from latente.images.generated.flow_euler import GAMMA, GHOSTS, Grid, advance, mirrored, padded, smoothers, through


def cells_of(state: np.ndarray) -> np.ndarray:
    return state[:, :, GHOSTS:-GHOSTS, GHOSTS:-GHOSTS]


# -- Sod's tube (1978)


def sod(x: np.ndarray, time: float) -> np.ndarray:
    """The density of Sod's tube, worked out wave by wave (Toro 2009, ch. 4)."""
    left, right = (1.0, 1.0), (0.125, 0.1)  # density and pressure, at rest
    sound = np.sqrt(GAMMA * left[1] / left[0])

    def speeds(p: float) -> tuple[float, float]:
        fan = 2 * sound / (GAMMA - 1) * ((p / left[1]) ** ((GAMMA - 1) / 2 / GAMMA) - 1)
        a, b = 2 / (GAMMA + 1) / right[0], (GAMMA - 1) / (GAMMA + 1) * right[1]
        return -fan, (p - right[1]) * np.sqrt(a / (p + b))

    p = brentq(lambda p: speeds(p)[1] - speeds(p)[0], 0.1, 1.0)
    u = speeds(p)[1]
    inner = left[0] * (p / left[1]) ** (1 / GAMMA)
    ratio, g = p / right[1], (GAMMA - 1) / (GAMMA + 1)
    outer = right[0] * (ratio + g) / (g * ratio + 1)
    front = np.sqrt(GAMMA * right[1] / right[0] * ((GAMMA + 1) / 2 / GAMMA * ratio + (GAMMA - 1) / 2 / GAMMA))
    tail = u - sound * (p / left[1]) ** ((GAMMA - 1) / 2 / GAMMA)
    s = x / time
    fan = left[0] * (2 / (GAMMA + 1) - g / sound * s) ** (2 / (GAMMA - 1))
    return np.select([s < -sound, s < tail, s < u, s < front], [left[0], fan, inner, outer], right[0])


def tube_error(count: int) -> float:
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, count + 1), [0.0, 0.1, 0.2])
    grid, middles = Grid.between(x, y), (x[0, 1:] + x[0, :-1]) / 2
    start = np.zeros((4, 1, 2, count))
    start[0], start[3] = np.where(middles < 0, 1.0, 0.125), np.where(middles < 0, 1.0, 0.1)
    state = padded(start)

    def closed(state: np.ndarray) -> None:
        state[:, :, :GHOSTS], state[:, :, -GHOSTS:] = (
            state[:, :, GHOSTS : 2 * GHOSTS],
            state[:, :, -2 * GHOSTS : -GHOSTS],
        )

    steps = round(0.2 / (0.35 / count))
    for _ in range(steps):
        advance(state, grid, closed, step=0.2 / steps)
    return float(np.abs(cells_of(state)[0, 0, 0] - sod(middles, 0.2)).mean())


def test_sod_s_tube_converges_at_the_order_that_shocks_and_contacts_allow() -> None:
    errors = [tube_error(count) for count in (50, 100, 200)]
    assert errors[2] < 0.004
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders.min() > 0.7
    assert orders.max() < 1.3


# -- a wedge in a supersonic flow


def wedge_angle(mach: float, turn: float) -> float:
    """The weak shock's angle in radians: theta-beta-M (Anderson 2003, eq. 4.17)."""

    def turned(beta: float) -> float:
        normal = (mach * np.sin(beta)) ** 2
        return np.arctan(2 / np.tan(beta) * (normal - 1) / (mach**2 * (GAMMA + np.cos(2 * beta)) + 2))

    return float(brentq(lambda beta: turned(beta) - turn, np.arcsin(1 / mach) + 1e-9, np.radians(60)))


def test_the_shock_of_a_wedge_stands_at_the_angle_of_theory_and_raises_the_pressure_as_much() -> None:
    mach, turn = 2.0, np.radians(10)
    across = np.linspace(-0.2, 1.0, 73)
    low = np.maximum(across, 0) * np.tan(turn)
    y = low + np.linspace(0, 1, 61)[:, None] * (1.1 - low)
    grid = Grid.between(np.broadcast_to(across, y.shape), y, slice(0, 72))
    inflow = np.array([1.4, mach, 0.0, 1.0])  # of which the speed of sound is 1
    state = padded(np.broadcast_to(inflow[:, None, None, None], (4, 1, 60, 72)).copy())

    def bounds(state: np.ndarray) -> None:
        inner = slice(GHOSTS, -GHOSTS)
        for k in range(GHOSTS):
            state[:, :, k, inner] = mirrored(state[:, :, 2 * GHOSTS - 1 - k, inner], grid.up[:, 0])
            state[:, :, -1 - k, inner] = mirrored(state[:, :, -2 * GHOSTS + k, inner], grid.up[:, -1])
        state[..., :GHOSTS] = inflow[:, None, None, None]
        state[..., -GHOSTS:] = state[..., -GHOSTS - 1 : -GHOSTS]

    spreading = smoothers(60, 72, 1.3, np.float64)
    for _ in range(250):
        advance(state, grid, bounds, courant=3.0, smoothers=spreading)
    pressure = cells_of(state)[3, 0]
    beta = wedge_angle(mach, turn)
    normal = (mach * np.sin(beta)) ** 2
    ratio = 1 + 2 * GAMMA / (GAMMA + 1) * (normal - 1)
    x = (across[1:] + across[:-1]) / 2
    middles = (y[1:] + y[:-1])[:, 1:] / 4 + (y[1:] + y[:-1])[:, :-1] / 4
    columns = np.flatnonzero((x > 0.3) & (x < 0.95))
    heights = [np.interp(-(1 + ratio) / 2, -pressure[:, k], middles[:, k]) for k in columns]
    slope = np.polyfit(x[columns], heights, 1)[0]
    assert np.degrees(np.arctan(slope)) == pytest.approx(np.degrees(beta), abs=0.05)
    assert pressure[2:20, -15:-2].mean() == pytest.approx(ratio, rel=1e-3)


# -- a duct that widens


def area_ratio(mach: float | np.ndarray) -> float | np.ndarray:
    return (2 / (GAMMA + 1) * (1 + (GAMMA - 1) / 2 * mach**2)) ** ((GAMMA + 1) / 2 / (GAMMA - 1)) / mach


def behind(area: float, place: float) -> float:
    """The pressure at the duct's end, over that at its beginning, where Mach 1.5 meets a shock at a place within."""

    def total(mach: float) -> float:
        return float((1 + (GAMMA - 1) / 2 * mach**2) ** (GAMMA / (GAMMA - 1)))

    throat = 1 / area_ratio(1.5)
    ahead = brentq(lambda m: area_ratio(m) * throat - (1 + area * place), 1.01, 4)
    after = np.sqrt((1 + (GAMMA - 1) / 2 * ahead**2) / (GAMMA * ahead**2 - (GAMMA - 1) / 2))
    jump = 1 + 2 * GAMMA / (GAMMA + 1) * (ahead**2 - 1)
    last = brentq(lambda m: area_ratio(m) / area_ratio(after) - (1 + area) / (1 + area * place), 0.01, 1)
    return total(1.5) / total(ahead) * jump * total(after) / total(last)


def test_a_shock_in_a_widening_duct_stands_where_the_pressure_behind_it_says() -> None:
    area, place, count = 0.3, 0.6, 80
    across = np.linspace(0, 1, count + 1)
    half = 0.04 * (1 + area * across)
    y = np.linspace(-1, 1, 5)[:, None] * half
    grid = Grid.between(np.broadcast_to(across, y.shape), y, slice(0, count), np.float32)
    inflow, back = np.array([1.4, 1.5, 0.0, 1.0], np.float32), np.float32(behind(area, place))
    x = (across[1:] + across[:-1]) / 2
    start = np.broadcast_to(inflow[:, None, None, None], (4, 1, 4, count)).copy()
    start[3], start[1] = np.where(x < 0.5, 1, back), np.where(x < 0.5, 1.5, 0.9)
    start[0] = np.where(x < 0.5, 1.4, 2.2)
    state = padded(start)

    def bounds(state: np.ndarray) -> None:
        inner = slice(GHOSTS, -GHOSTS)
        for k in range(GHOSTS):
            state[:, :, k, inner] = mirrored(state[:, :, 2 * GHOSTS - 1 - k, inner], grid.up[:, 0])
            state[:, :, -1 - k, inner] = mirrored(state[:, :, -2 * GHOSTS + k, inner], grid.up[:, -1])
        state[..., :GHOSTS] = inflow[:, None, None, None]
        state[..., -GHOSTS:] = state[..., -GHOSTS - 1 : -GHOSTS]
        state[3, ..., -GHOSTS:] = back

    spreading = smoothers(4, count, 1.3)
    for _ in range(700):
        advance(state, grid, bounds, courant=3.0, smoothers=spreading)
    mach = np.sqrt((cells_of(state)[1:3] ** 2).sum(0) * cells_of(state)[0] / GAMMA / cells_of(state)[3])[0].mean(0)
    assert np.interp(-1.0, -mach, x) == pytest.approx(place, abs=1 / count)
    masses = through(state, grid)[0, 0].sum(0)
    assert np.ptp(masses) / masses.mean() < 1e-3


def test_what_is_at_rest_beside_a_wall_stays_at_rest_and_no_wall_leaks() -> None:
    x, y = np.meshgrid(np.linspace(0, 1, 7), np.linspace(0, 1, 5))
    y = y + 0.3 * x
    grid = Grid.between(x, y, slice(0, 6))
    state = padded(np.broadcast_to(np.array([1.0, 0, 0, 1.0])[:, None, None, None], (4, 2, 4, 6)).copy())

    def still(state: np.ndarray) -> None:
        """Air at rest, which the ghosts are already."""

    advance(state, grid, still, courant=0.5)
    np.testing.assert_allclose(cells_of(state)[1:3], 0, atol=1e-13)
    np.testing.assert_allclose(cells_of(state)[[0, 3]], 1, atol=1e-13)


def test_smoothers_leave_what_is_even_as_it_is() -> None:
    rows, columns = smoothers(5, 7, 1.5, np.float64)
    np.testing.assert_allclose(rows @ np.ones((5, 7)) @ columns, 1)
