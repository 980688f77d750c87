"""One plate: how its stiffness and its mass scatter, and where, of what shape and how heavily it is damaged."""

from __future__ import annotations

import dataclasses

import numpy as np

__all__ = ["CLASSES", "HEIGHT", "WIDTH", "Damage", "Plate", "draw_plate", "share_range"]

HEIGHT, WIDTH = 0.5, 0.7  # of a plate, in m
CLASSES = 6  # 0: undamaged; k: between (k - 1) and k twentieths of the plate
SMALLEST = 0.001  # damaged share of the plate
REMAINING = (0.3, 0.7)  # of the stiffness, where a plate is damaged
LONGEST = 2.5  # ratio of a damage's sides, at most
STIFFNESS_SCATTER, MASS_SCATTER = 0.02, 0.01  # deviation of the logarithm
CORRELATION = 0.05  # m; the logarithms of two points at a distance d correlate by exp(-(d / 0.05 m)^2)
SPACING = 0.01  # m, of the points at which the scatter is drawn
MARGIN = 10  # points beyond each edge, so that the scatter is no smaller there
INSIDE = 4  # points along each side of an element that tell how much of it is damaged


@dataclasses.dataclass(frozen=True)
class Damage:
    """An ellipse or a rectangle whose stiffness is but `remaining` of what it was.

    centre: (y, x) in m from the upper left corner. halves: half its sides or axes, in m. angle: of the first of them
    from x towards y.
    """

    is_ellipse: bool
    centre: tuple[float, float]
    halves: tuple[float, float]
    angle: float
    remaining: float

    def holds(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return which points lie in it, True or False."""
        away, aside = x - self.centre[1], y - self.centre[0]
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        first = (cos * away + sin * aside) / self.halves[0]
        second = (cos * aside - sin * away) / self.halves[1]
        inside = first**2 + second**2 <= 1 if self.is_ellipse else np.maximum(abs(first), abs(second)) <= 1
        return np.asarray(inside)


@dataclasses.dataclass(frozen=True)
class Plate:
    """What is peculiar to a plate.

    stiffness, mass: fields whose points are `SPACING` apart, multiples of the section's; they reach `MARGIN` points
    beyond the edges. damage: None where there is none.
    """

    stiffness: np.ndarray
    mass: np.ndarray
    damage: Damage | None

    def elements(self, counts: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return stiffness and mass of each of (rows, columns) elements, as multiples of the section's."""
        stiffness, mass = (_at_elements(field, counts) for field in (self.stiffness, self.mass))
        if self.damage is not None:
            rows, columns = (np.arange(n * INSIDE) + 0.5 for n in counts)
            y, x = np.meshgrid(rows * HEIGHT / len(rows), columns * WIDTH / len(columns), indexing="ij")
            inside = self.damage.holds(y, x).reshape(counts[0], INSIDE, counts[1], INSIDE).mean(axis=(1, 3))
            stiffness = stiffness * (1 - inside * (1 - self.damage.remaining))
        return stiffness, mass

    def mask(self, nodes: tuple[int, int]) -> np.ndarray:
        """Return where it is damaged, 1 or 0, at (rows, columns) points from edge to edge, uint8."""
        if self.damage is None:
            return np.zeros(nodes, np.uint8)
        y, x = np.meshgrid(np.linspace(0, HEIGHT, nodes[0]), np.linspace(0, WIDTH, nodes[1]), indexing="ij")
        return self.damage.holds(y, x).astype(np.uint8)


def share_range(label: int) -> tuple[float, float]:
    """Return between which shares of a plate the damage of this class lies."""
    return (max(SMALLEST, (label - 1) / 20), label / 20) if label else (0.0, 0.0)


def draw_plate(rng: np.random.Generator, share: float, stiffness_scatter: float = STIFFNESS_SCATTER) -> Plate:
    """Return a plate of which `share` is damaged, drawn by `rng`."""
    stiffness = np.exp(stiffness_scatter * _smooth_noise(rng))
    mass = np.exp(MASS_SCATTER * _smooth_noise(rng))
    return Plate(stiffness, mass, _draw_damage(rng, share) if share else None)


def _draw_damage(rng: np.random.Generator, share: float) -> Damage:
    """Return a damage of this share of the plate; shape, place and angle are uniform among those that fit into it."""
    is_ellipse = bool(rng.random() < 0.5)
    remaining = float(rng.uniform(*REMAINING))
    area = share * HEIGHT * WIDTH / (np.pi if is_ellipse else 4)
    while True:
        ratio = np.exp(rng.uniform(0, np.log(LONGEST)))
        halves = float(np.sqrt(area * ratio)), float(np.sqrt(area / ratio))
        angle = float(rng.uniform(0, np.pi))
        cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
        power = 2 if is_ellipse else 1
        wide = ((halves[0] * cos) ** power + (halves[1] * sin) ** power) ** (1 / power)
        high = ((halves[0] * sin) ** power + (halves[1] * cos) ** power) ** (1 / power)
        if wide < WIDTH / 2 and high < HEIGHT / 2:
            centre = float(rng.uniform(high, HEIGHT - high)), float(rng.uniform(wide, WIDTH - wide))
            return Damage(is_ellipse, centre, halves, angle, remaining)


def _smooth_noise(rng: np.random.Generator) -> np.ndarray:
    """Return a normal field of deviation 1, correlated over `CORRELATION`, its points `SPACING` apart."""
    from scipy.ndimage import gaussian_filter

    points = [round(side / SPACING) + 1 + 2 * MARGIN for side in (HEIGHT, WIDTH)]
    # white noise that is smoothed by a Gaussian of deviation s correlates by exp(-d^2 / (4 s^2))
    reach = CORRELATION / 2 / SPACING
    smooth = gaussian_filter(rng.standard_normal(points), reach, mode="wrap")
    return np.asarray(smooth * 2 * np.sqrt(np.pi) * reach)


def _at_elements(field: np.ndarray, counts: tuple[int, int]) -> np.ndarray:
    """Return the field in the middles of (rows, columns) elements, linear between its points."""
    from scipy.ndimage import map_coordinates

    rows, columns = (
        MARGIN + (np.arange(n) + 0.5) * side / n / SPACING for n, side in zip(counts, (HEIGHT, WIDTH), strict=True)
    )
    values = map_coordinates(field, np.meshgrid(rows, columns, indexing="ij"), order=1)
    return np.asarray(values)
