"""Flow fields in the report's colours, how near others come to them, and the simplest ways to guess them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from latente.images.generated.flow_pictures import blades, shock_positions

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

    from latente import Images

__all__ = ["Looks", "gaussian_process", "guessed_fields", "misranked", "nearest", "rebuilt"]

GUESSED = 10  # principal components of fields that are guessed from conditions


@dataclasses.dataclass(frozen=True)
class Looks:
    """How fields (N, 1, 96, 96) are drawn: Mach numbers from `low` to `high`, those of the training.

    In grey low is black and high is white, and blades are black; in colours they are white.
    """

    low: float
    high: float

    @classmethod
    def of(cls, train: Images) -> Looks:
        values = train.pixels[:, 0, ~blades()]
        return cls(float(values.min()), float(values.max()))

    def grey(self, fields: np.ndarray) -> np.ndarray:
        """Return fields (N, 1, 96, 96) within [0, 1]."""
        shades = np.clip((fields - self.low) / (self.high - self.low), 0, 1)
        return np.where(blades(), 0, shades).astype(np.float32)

    def colours(self, fields: np.ndarray) -> np.ndarray:
        """Return fields as pictures (N, 3, 96, 96) within [0, 1] in the colours that are called jet."""
        import matplotlib as mpl

        painted = mpl.colormaps["jet"](self.grey(fields)[:, 0])[..., :3]
        return np.where(blades()[..., None], 1, painted).transpose(0, 3, 1, 2).astype(np.float32)

    def measure(self, fields: np.ndarray, made: np.ndarray) -> dict[str, np.ndarray]:
        """Return for each field (N,): its SSIM in colours and in grey, its squared error, and how far the shock is off.

        mse: of the grey values. shock: in shares of the chord; NaN where one of the two has none.
        """
        from latente.metrics import mse, ssim

        grey = self.grey(fields), self.grey(made)
        return {
            "colour": ssim(self.colours(fields), self.colours(made), data_range=1),
            "grey": ssim(*grey, data_range=1),
            "mse": mse(*grey),
            "shock": np.abs(shock_positions(made) - shock_positions(fields)),
        }


def rebuilt(train: Images, test: Images, count: int) -> np.ndarray:
    """Return what so many principal components of the training fields make of the test fields (N, 1, 96, 96)."""
    components = _principal(train, count)
    return _fields(components.inverse_transform(components.transform(_rows(test))), train)


def gaussian_process(inputs: np.ndarray, results: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what guesses results (N, R) from inputs (N, K): a Gaussian process each, all of one kernel's shape."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    low, span = inputs.min(0), np.ptp(inputs, axis=0)
    middle, size = results.mean(0), results.std(0) + 1e-12
    scaled, wanted = (inputs - low) / span, (results - middle) / size
    fitted = []
    for column in wanted.T:
        kernel = ConstantKernel(1.0, (1e-2, 1e3)) * RBF([0.3] * inputs.shape[1], (1e-2, 1e2)) + WhiteKernel(
            1e-3, (1e-7, 1)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of components that hang on one input alone
            fitted.append(GaussianProcessRegressor(kernel, random_state=0).fit(scaled, column))

    def guess(asked: np.ndarray) -> np.ndarray:
        there = (asked - low) / span
        return np.stack([process.predict(there) for process in fitted], axis=1) * size + middle

    return guess


def guessed_fields(train: Images, inputs: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the fields (N, 1, 96, 96) that principal components and Gaussian processes guess from inputs."""
    components = _principal(train, min(GUESSED, len(train) - 1))
    guess = gaussian_process(inputs, components.transform(_rows(train)))
    return _fields(components.inverse_transform(guess(asked)), train)


def nearest(train: Images, test: Images) -> np.ndarray:
    """Return which training field is nearest to each test field (N,), by the squared error."""
    from sklearn.neighbors import NearestNeighbors

    known = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(_rows(train))
    rows: np.ndarray = known.kneighbors(_rows(test), return_distance=False)[:, 0]
    return rows


def _principal(train: Images, count: int) -> PCA:
    from sklearn.decomposition import PCA

    return PCA(count, svd_solver="full").fit(_rows(train))


def _rows(images: Images) -> np.ndarray:
    return images.pixels.reshape(len(images), -1).astype(np.float64)


def _fields(rows: np.ndarray, like: Images) -> np.ndarray:
    return rows.reshape(-1, *like.image_shape).astype(np.float32)


def misranked(measured: dict[str, dict[str, np.ndarray]]) -> tuple[int, str, str]:
    """Return the field of which two ways to make it are ranked most differently, and which they are.

    The first has the smaller squared error and the lower SSIM in grey. measured: by way, what `Looks.measure` gives.
    """
    best = (0, next(iter(measured)), next(iter(measured)))
    gap = -np.inf
    for first, one in measured.items():
        for second, other in measured.items():
            gaps = np.where(one["mse"] < other["mse"], other["grey"] - one["grey"], -np.inf)
            if first != second and gaps.max() > gap:
                gap, best = float(gaps.max()), (int(gaps.argmax()), first, second)
    return best
