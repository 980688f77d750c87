"""The flow between the blades of a compressor, unrolled: it meets a row of thin blades that moves across its way.

Numbers of the gas are in units of the still air ahead: its pressure, its density, and the root of their quotient as the
speed. Lengths are in metres.
"""

from __future__ import annotations

import dataclasses
import io
import sys

import numpy as np

from latente.images.generated.flow_euler import GAMMA, GHOSTS, Grid, advance, mirrored, padded, smoothers, through

__all__ = [
    "AXIAL_CHORD",
    "CHORD",
    "DENSITY",
    "FINE",
    "PITCH",
    "SPEED",
    "Cascade",
    "Flows",
    "Surroundings",
    "main",
    "solve",
    "surfaces",
]

Size = tuple[int, int]

PRESSURE, TEMPERATURE = 101_325.0, 288.15  # of the still air, Pa and K
GAS = 287.05  # J/(kg K)
SPEED = float(np.sqrt(GAS * TEMPERATURE))  # the unit of speeds, m/s
DENSITY = PRESSURE / (GAS * TEMPERATURE)  # the unit of densities, kg/m3
CHORD, PITCH, THICKNESS = 0.056, 0.040, 0.035  # m, m, and a share of the chord
SLOPES = tuple(np.tan(np.radians((62.0, 52.0))).tolist())  # of the blade's middle, at its leading and trailing edge
AXIAL_CHORD = CHORD / float(np.hypot(1, sum(SLOPES) / 2))
AHEAD, BEHIND = 0.9, 0.9  # of the grid beyond the blades, in axial chords
USUAL_MASS = 0.48  # the mass flow of a throttle that is told by the pressure alone

COARSE, FINE = (16, 48), (32, 96)  # rows and columns
STEPS = (900, 300)
SETTLED = 150  # steps at the end, whose mean is the flow: a shock may tremble between two cells
COURANT, SMOOTHING = 3.5, 1.5
GAIN = 0.1  # of what the throttle lacks, by which it moves in a step


@dataclasses.dataclass(frozen=True, eq=False)
class Flows:
    """What came of so many flows.

    mach (flows, rows, columns): as the blades meet it, float32; NaN where there is no flow. mass (flows,): what comes,
    in units of density, speed and pitch. mismatch: how far the masses that pass the lines of faces lie apart. drift: by
    how much they differ between the halves of the time in which they should have settled, their mean. Both are shares
    of the mass, infinite where there is no flow.
    """

    mach: np.ndarray
    mass: np.ndarray
    mismatch: np.ndarray
    drift: np.ndarray


def surfaces(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how high the passage begins and ends at x: the upper side of a blade, the lower side of the next.

    Beyond the blades it goes on as their middle does. The middle is a parabola, the sides are arcs upon it.
    """
    share = np.clip(x / AXIAL_CHORD, 0, 1)
    bend = SLOPES[1] - SLOPES[0]
    middle = AXIAL_CHORD * (SLOPES[0] * share + 0.5 * bend * share**2)
    middle = middle + SLOPES[0] * np.minimum(x, 0) + SLOPES[1] * np.maximum(x - AXIAL_CHORD, 0)
    half = 2 * THICKNESS * CHORD * share * (1 - share) * np.hypot(1, SLOPES[0] + bend * share)
    return middle + half, middle - half + PITCH


class Cascade:
    """The grid between two blades. x (columns + 1,): of its columns; bladed: those between the blades."""

    def __init__(self, rows: int, columns: int) -> None:
        between = columns * 5 // 8
        ahead = (columns - between) // 2
        self.bladed = slice(ahead, ahead + between)
        self.x = AXIAL_CHORD * np.concatenate(
            [
                -_spread(AHEAD, 1 / between, ahead)[:0:-1],
                np.linspace(0, 1, between + 1),
                1 + _spread(BEHIND, 1 / between, columns - between - ahead)[1:],
            ]
        )
        low, high = surfaces(self.x)
        y = low + np.linspace(0, 1, rows + 1)[:, None] * (high - low)
        self.grid = Grid.between(np.broadcast_to(self.x, y.shape), y, self.bladed, np.float32)

    def passing(self, state: np.ndarray) -> np.ndarray:
        """Return the mass that passes each line of faces (flows, columns + 1) of a padded state."""
        mass: np.ndarray = through(state, self.grid)[0].sum(1) / np.float32(PITCH)
        return mass


def _spread(reach: float, first: float, count: int) -> np.ndarray:
    """Return 0, first ... reach, count + 1 numbers, each step longer than the one before by the same factor."""
    low, high, factor = 1.0, 2.0, 1.5
    for _ in range(50):
        factor = (low + high) / 2
        low, high = (factor, high) if first * (factor**count - 1) / (factor - 1) < reach else (low, factor)
    return np.concatenate([[0.0], first * np.cumsum(factor ** np.arange(count))])


class Surroundings:
    """What lies beyond the grid of so many flows: sets the ghosts of their states.

    Along the blades the wall, elsewhere along the passage its neighbour. Ahead still air, which the blades meet at the
    speed `wheel`; what runs out there is let out. Behind a throttle, `throttle` times the squared mass flow in units of
    `USUAL_MASS` being the pressure that it asks for: what runs into the grid there is moved little by little until it
    is that, and what runs out is let out, so that nothing is thrown back.
    """

    def __init__(self, cascade: Cascade, wheel: np.ndarray, throttle: np.ndarray) -> None:
        self.cascade = cascade
        self.wheel, self.throttle = wheel.astype(np.float32)[:, None, None], throttle.astype(np.float32)
        self.incoming: np.ndarray | None = None

    def __call__(self, state: np.ndarray) -> None:
        rows = slice(GHOSTS, -GHOSTS)
        state[:, :, :GHOSTS, rows] = state[:, :, -2 * GHOSTS : -GHOSTS, rows]
        state[:, :, -GHOSTS:, rows] = state[:, :, GHOSTS : 2 * GHOSTS, rows]
        bladed = self.cascade.bladed
        walls = slice(GHOSTS + bladed.start, GHOSTS + bladed.stop)
        for k in range(GHOSTS):
            low, high = self.cascade.grid.up[:, 0, bladed], self.cascade.grid.up[:, -1, bladed]
            state[:, :, k, walls] = mirrored(state[:, :, 2 * GHOSTS - 1 - k, walls], low)
            state[:, :, -1 - k, walls] = mirrored(state[:, :, -2 * GHOSTS + k, walls], high)
        state[..., :GHOSTS] = self._ahead(state[..., GHOSTS])[..., None]
        state[..., -GHOSTS:] = self._behind(state[..., -GHOSTS - 1])[..., None]

    def _ahead(self, cells: np.ndarray) -> np.ndarray:
        """Air at rest that was set in motion without loss (its heat and motion keep their sum), and meets what leaves.

        With u - 2 a / (g - 1) = r of the cells, the speed of sound a is the root of a quadratic equation.
        """
        density, u, _, pressure = cells
        part = 2 / (GAMMA - 1)
        leaving = u - part * np.sqrt(GAMMA * pressure / density)
        sound = (np.sqrt((1 + part) * GAMMA - leaving**2 / part) - leaving) / (1 + part)
        heat = sound**2 / GAMMA
        return np.stack(
            [heat ** (part / 2), leaving + part * sound, 0 * u + self.wheel[..., 0], heat ** (GAMMA * part / 2)]
        )

    def _behind(self, cells: np.ndarray) -> np.ndarray:
        """What leaves (u + 2 a / (g - 1), the entropy, the speed across) meets what the throttle sends back."""
        density, u, v, pressure = cells
        part = 2 / (GAMMA - 1)
        sound = np.sqrt(GAMMA * pressure / density)
        leaving = u + part * sound
        if self.incoming is None:
            self.incoming = (u - part * sound).mean(1)
        met = 0.5 * (leaving + self.incoming[:, None])
        heat = (leaving - self.incoming[:, None]) / (2 * part * sound)  # the speed of sound beside that of the cells
        return np.stack([density * heat**part, met, v, pressure * heat ** (GAMMA * part)])

    def turn(self, state: np.ndarray) -> None:
        """Move the throttle a little, as it has to between two steps."""
        density, u, _, pressure = state[:, :, GHOSTS:-GHOSTS, -GHOSTS - 1]
        asked = self.throttle * ((density * u).mean(1) / np.float32(USUAL_MASS)) ** 2
        lack = (pressure.mean(1) - asked) / (GAMMA * pressure * density).mean(1) ** 0.5
        if self.incoming is not None:
            self.incoming = self.incoming + np.float32(GAIN) * np.clip(lack, -0.2, 0.2)


def solve(
    throttle: np.ndarray,
    wheel: np.ndarray,
    *,
    coarse: Size = COARSE,
    fine: Size = FINE,
    steps: tuple[int, int] = STEPS,
) -> Flows:
    """Return the flows of as many throttles and speeds of the wheel, in m/s, worked out side by side.

    They settle on a coarse grid first, then on one of twice as many rows and columns. What comes of one flow hangs on
    the others by no more than rounding; a few at a time are the fastest, whose arrays stay in the processor's caches.
    """
    wheel = np.asarray(wheel) / SPEED
    with np.errstate(all="ignore"):  # what blows up is NaN, which is told at the end
        first, last = Cascade(*coarse), Cascade(*fine)
        state = _begin(first, wheel, throttle)
        around = Surroundings(first, wheel, throttle)
        _settle(first, state, around, steps[0])
        state = padded(_finer(state))
        around.cascade = last
        mean, masses = _settle(last, state, around, steps[1])
        cells = mean[:, :, GHOSTS:-GHOSTS, GHOSTS:-GHOSTS]
        mach = np.sqrt((cells[1] ** 2 + cells[2] ** 2) * cells[0] / (GAMMA * cells[3]))
        half, ahead = len(masses) // 2, last.bladed.start
        mean_masses, early, late = masses.mean(0), masses[:half].mean(0), masses[half:].mean(0)
        mass = mean_masses[:, :ahead].mean(1)  # where no shock trembles
        mismatch = np.ptp(mean_masses, axis=1) / mass
        drift = abs(late - early).mean(1) / mass
    is_flow = np.isfinite(mach).all((1, 2)) & np.isfinite(mismatch) & np.isfinite(drift)
    return Flows(mach, mass, np.where(is_flow, mismatch, np.inf), np.where(is_flow, drift, np.inf))


def _settle(cascade: Cascade, state: np.ndarray, around: Surroundings, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Take a state so many steps on, in place; return its mean over the last ones, and what passed in every fifth."""
    mean, masses, last = np.zeros_like(state), [], min(SETTLED, steps)
    rows, columns = cascade.grid.volumes.shape
    spreading = smoothers(rows, columns, SMOOTHING)
    for step in range(steps):
        advance(state, cascade.grid, around, courant=COURANT, smoothers=spreading)
        around.turn(state)
        if steps - step <= last:
            mean += state
            if step % 5 == 0:
                around(state)
                masses.append(cascade.passing(state))
    return mean / np.float32(last), np.array(masses, np.float64)


def _begin(cascade: Cascade, wheel: np.ndarray, throttle: np.ndarray) -> np.ndarray:
    """Return a padded state to start from: air that meets the blades, and pressure that rises along them."""
    u = 0.6
    x = (cascade.x[1:] + cascade.x[:-1]) / 2
    share = np.clip(x / AXIAL_CHORD, 0, 1)
    heat = 1 - (GAMMA - 1) / GAMMA * u**2 / 2
    still = heat ** (GAMMA / (GAMMA - 1))
    state = np.empty((4, len(wheel), *cascade.grid.volumes.shape), np.float32)
    state[3] = still + share * (np.clip(1.2 * throttle, 0.9, 1.4)[:, None, None] - still)
    state[0] = still / heat * (state[3] / still) ** (1 / GAMMA)
    state[1] = u
    state[2] = np.where(x < 0, wheel[:, None, None], u * (SLOPES[0] + (SLOPES[1] - SLOPES[0]) * share))
    return padded(state)


def _finer(state: np.ndarray) -> np.ndarray:
    """Return the cells of a padded state on twice as many rows and columns, each line between those around it."""
    for axis in (2, 3):
        state = np.moveaxis(state, axis, -1)
        inner = state[..., GHOSTS - 1 : state.shape[-1] - GHOSTS + 1]
        low, high = (0.75 * inner[..., 1:-1] + 0.25 * beside for beside in (inner[..., :-2], inner[..., 2:]))
        state = np.moveaxis(np.stack([low, high], axis=-1).reshape(*low.shape[:-1], -1), -1, axis)
    return np.ascontiguousarray(state)


def main() -> None:
    """Solve the throttles and wheel speeds (2, flows) that an array file on the standard input holds."""
    throttle, wheel = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    flows = solve(throttle, wheel)
    content = io.BytesIO()
    np.savez(content, **dataclasses.asdict(flows))
    sys.stdout.buffer.write(content.getvalue())


if __name__ == "__main__":
    main()
