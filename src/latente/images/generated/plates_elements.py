"""Vibration modes of rectangular plates by finite elements: Mindlin's theory, MITC4 elements, simple supports.

x runs along the columns of a picture and y along its rows. A node has three unknowns: the deflection w and the
rotations bx and by, by which a point at the height z moves in the plane by z bx and z by.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

__all__ = ["Mesh", "Section", "sandwich"]

GAUSS = 1 / np.sqrt(3)
TOLERANCE = 1e-10  # of an eigenvalue: below it nothing changes but the time
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))  # of an element, in the order of its nodes


@dataclasses.dataclass(frozen=True)
class Section:
    """What a plate is made of, per metre of its width.

    bending: D in N m. poisson: of the bending. shear: of the transverse stresses, x and y, in N/m. mass: in kg/m2.
    rotary: rotary inertia in kg.
    """

    bending: float
    poisson: float
    shear: tuple[float, float]
    mass: float
    rotary: float


def sandwich(
    *,
    skin: float,
    core: float,
    modulus: float,
    poisson: float,
    shear_moduli: tuple[float, float],
    skin_density: float,
    core_density: float,
) -> Section:
    """Return the section of two equal skins (isotropic, in plane stress) on a core that carries nothing but shear.

    skin, core: thicknesses in m. modulus: of the skins, and shear_moduli, of the core, x and y, in Pa. Densities in
    kg/m3. Source: Allen 1969, Analysis and Design of Structural Sandwich Panels, chapter 2: D of the skins about the
    middle of the plate, and S = G d^2 / c with d the distance of the skins' middles.
    """
    whole = core + 2 * skin
    distance = core + skin
    return Section(
        bending=modulus / (1 - poisson**2) * (whole**3 - core**3) / 12,
        poisson=poisson,
        shear=(shear_moduli[0] * distance**2 / core, shear_moduli[1] * distance**2 / core),
        mass=2 * skin * skin_density + core * core_density,
        rotary=skin_density * (whole**3 - core**3) / 12 + core_density * core**3 / 12,
    )


@dataclasses.dataclass(frozen=True)
class Mesh:
    """A plate of the sides (height, width) in m, cut into (rows, columns) equal elements.

    Its edges are simply supported: w is zero there, and so is the rotation along the edge ("hard" support).
    """

    section: Section
    sides: tuple[float, float]
    elements: tuple[int, int]

    def modes(self, stiffness: np.ndarray, mass: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the `count` lowest frequencies in Hz (K,), and the deflections (K, rows + 1, columns + 1).

        A deflection has the RMS 1 and rises from the upper left corner. stiffness, mass: of each element (rows,
        columns), as multiples of the section's; the stiffness counts for bending and shear alike. Solved in full, by
        Cholesky's factors of the banded stiffness and Lanczos' iteration on its inverse (ARPACK): modes that are put
        together from those of the undamaged plate would lack the very bends in the curvature by which damage shows.
        """
        from scipy.linalg import cho_solve_banded, cholesky_banded
        from scipy.sparse.linalg import LinearOperator, eigsh

        places, band = self._numbering, self._assembly
        size = int(places.max()) + 1
        factor = cholesky_banded(
            (band @ stiffness.ravel()).reshape(-1, size), lower=True, overwrite_ab=True, check_finite=False
        )
        root = np.sqrt(self._masses(mass))

        def flexibility(vector: np.ndarray) -> np.ndarray:
            solved = cho_solve_banded((factor, True), root * vector.ravel(), overwrite_b=True, check_finite=False)
            return np.asarray(root * solved)

        operator = LinearOperator((size, size), matvec=flexibility, dtype=np.float64)
        start = np.random.default_rng(0).standard_normal(size)  # the same for every plate, so that nothing is left open
        inverse, vectors = eigsh(operator, count, which="LM", v0=start, ncv=2 * count + 4, tol=TOLERANCE)
        order = np.argsort(-inverse)
        full = np.zeros((count, places.size))
        full[:, places.ravel() >= 0] = (vectors[:, order] / root[:, None]).T
        across, down = self.elements[1] + 1, self.elements[0] + 1
        deflection = full.reshape(count, across, down, 3)[..., 0].transpose(0, 2, 1)
        deflection /= np.sqrt(np.mean(deflection**2, axis=(1, 2), keepdims=True))
        deflection *= np.sign(deflection[:, 1:2, 1:2])  # no nodal line passes so near to a corner
        return np.sqrt(1 / inverse[order]) / (2 * np.pi), deflection

    @property
    def _steps(self) -> tuple[float, float]:
        """The sides of an element, x and y."""
        return self.sides[1] / self.elements[1], self.sides[0] / self.elements[0]

    @functools.cached_property
    def _numbering(self) -> np.ndarray:
        """The number of each unknown (columns + 1, rows + 1, 3), -1 where the supports hold it.

        Counted along the shorter way, so that the band is narrow in a plate that lies.
        """
        rows, columns = self.elements
        free = np.ones((columns + 1, rows + 1, 3), bool)
        free[[0, -1], :, 0] = free[:, [0, -1], 0] = False
        free[[0, -1], :, 2] = False  # by along the edges at the left and the right
        free[:, [0, -1], 1] = False  # bx along those at the top and the bottom
        numbers = np.cumsum(free.ravel()).reshape(free.shape) - 1
        return np.where(free, numbers, -1)

    @functools.cached_property
    def _unknowns(self) -> np.ndarray:
        """The numbers of each element's 12 unknowns, (rows * columns, 12)."""
        rows, columns = self.elements
        down, across = (grid.ravel() for grid in np.mgrid[:rows, :columns])
        nodes = [self._numbering[across + (x > 0), down + (y > 0)] for x, y in CORNERS]
        return np.concatenate(nodes, axis=1)

    @functools.cached_property
    def _assembly(self) -> Any:
        """The sparse matrix that makes the banded stiffness (lower form, flat) of the elements' multiples."""
        from scipy.sparse import coo_array

        unknowns, own = self._unknowns, _element_stiffness(self.section, *self._steps)
        size = int(self._numbering.max()) + 1
        first, second = (grid.ravel() for grid in np.mgrid[:12, :12])
        lower, upper = unknowns[:, first], unknowns[:, second]
        kept = (upper >= 0) & (lower >= upper)
        width = int((lower - upper)[kept].max()) + 1
        elements = np.broadcast_to(np.arange(len(unknowns))[:, None], kept.shape)
        values = np.broadcast_to(own.ravel(), kept.shape)
        places = (lower - upper) * size + upper
        entries = (values[kept], (places[kept], elements[kept]))
        return coo_array(entries, shape=(width * size, len(unknowns))).tocsr()

    def _masses(self, mass: np.ndarray) -> np.ndarray:
        """The mass of each free unknown: a quarter of each element's at each of its nodes (lumped)."""
        x, y = self._steps
        quarter = mass.ravel() * x * y / 4
        node = np.array([self.section.mass, self.section.rotary, self.section.rotary])
        shares = (quarter[:, None] * np.tile(node, 4)).ravel()
        unknowns = self._unknowns.ravel()
        return np.bincount(unknowns[unknowns >= 0], shares[unknowns >= 0])


def _element_stiffness(section: Section, x: float, y: float) -> np.ndarray:
    """Return the stiffness (12, 12) of a rectangle of the sides x and y in m; unknowns w, bx, by, node by node.

    Source: Bathe & Dvorkin 1985 (MITC4): the transverse shear is taken where it is right, in the middles of the edges,
    and interpolated between them, so that thin plates do not lock.
    """
    total = np.zeros((12, 12))
    area = x * y / 4  # of a point of Gauss
    nu = section.poisson
    elastic = section.bending * np.array([[1, nu, 0], [nu, 1, 0], [0, 0, (1 - nu) / 2]])
    for xi in (-GAUSS, GAUSS):
        for eta in (-GAUSS, GAUSS):
            bend, shear = np.zeros((3, 12)), np.zeros((2, 12))
            for node, (a, b) in enumerate(CORNERS):
                along, up = a * (1 + b * eta) / (2 * x), b * (1 + a * xi) / (2 * y)  # derivatives of its function
                w, bx, by = range(3 * node, 3 * node + 3)
                bend[0, bx], bend[1, by] = along, up
                bend[2, bx], bend[2, by] = up, along
                # w,x + bx in the middle of the edges y = -1 and y = 1, w,y + by in that of x = -1 and x = 1
                shear[0, w], shear[0, bx] = a * (1 + b * eta) / (2 * x), (1 + b * eta) / 4
                shear[1, w], shear[1, by] = b * (1 + a * xi) / (2 * y), (1 + a * xi) / 4
            total += area * (bend.T @ elastic @ bend + shear.T @ np.diag(section.shear) @ shear)
    return total
