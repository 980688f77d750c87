"""Clothes on a map: codes of two values by an autoencoder and by PCA, and new clothes drawn from a fitted density.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders.
Claim: an autoencoder 784-512-256-128-64-16-2 against PCA on Fashion-MNIST, also with a decoder trained on the codes of
PCA; maps, reconstructions and new images are shown, no figure.
Ours: on the 10,000 test images a mean squared error per pixel in [0, 1] of 0.0224, 0.486 of PCA's (asked for: half), a
k-NN accuracy in the plane of 0.753, 0.209 above PCA's (asked for: 0.20), and a trustworthiness of 0.970; new images
from a Gaussian mixture of the codes.
Command: latente reproduce map-fashion
Minutes: 8 on one core beside other work

Why the autoencoder wins. Whatever the code z of an image x, the decoder of least mean squared error is the mean of all
images with that code, E[x | z], and what it leaves is their variance: the error falls as the images that share a code
are more alike. PCA's decoder is that mean only where images lie about a plane. So there are two gains to tell apart.
The decoder trained on PCA's codes comes nearer to E[x | z], the codes being the same; what is then left belongs to the
codes: a plane laid through the cloud of images puts unlike ones, a bag and a shirt, onto one spot, where no decoder
tells them apart. A bent sheet can avoid that: it is what the autoencoder's encoder adds, and what neighbours measure,
who know of no decoder: k-NN accuracy asks whether those nearby on the map are of one kind, trustworthiness whether they
are near among the images too (Venna & Kaski 2001).

Why new images need a density. Nothing in the loss says where the codes shall lie: they fill arms and islands of any
size, with gaps between them for which the decoder was never trained. Whoever draws codes from a box around them, or
from a standard normal density, as if this were a variational autoencoder, guesses, and hits gaps, or always the same
few islands. A Gaussian mixture fitted to the codes, with as many components as the Bayesian information criterion asks
for (Schwarz 1978: -2 log-likelihood + parameters x log(codes)), draws where codes are. How well a density fits is told
by the log-likelihood of the codes of test images, in nats; how much like clothes its pictures are, by the root mean
squared difference per pixel from the nearest training image. The yardstick is the distance of the test images'
reconstructions: the model draws nothing sharper than these. And since whoever draws one good picture again and again
would win by that measure, the other direction counts as well: how far test images' reconstructions are from the
nearest of the drawn.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.experiments.sets import open_parts

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from sklearn.mixture import GaussianMixture

    from latente import Autoencoder, Images
    from latente.comparison import Comparison

__all__ = ["Density", "autoencoder", "densities", "novelty", "run"]

HIDDEN = (512, 256, 128, 64, 16)
EPOCHS = 40
TARGET, GAIN = 0.5, 0.20  # of PCA's error; in k-NN accuracy
NEW, IN_A_ROW = 1_000, 12  # images drawn from each density, and those of them in the figure
MIXTURE, BOX, REBUILT = "Gaussian mixture", "box", "test images rebuilt"
DECODED = "decoder on PCA codes"
SHOWS = "[UAO] shows pictures, no figure"


def run(request: Request) -> Result:
    """Train once per seed, compare with PCA, and draw new images from several densities of the codes."""
    train, test, data = open_parts("fashion-mnist", request.tiny)
    comparisons: list[Comparison] = []
    drawings: list[_Drawings] = []
    for seed in range(request.seeds):
        model = request.fit(f"autoencoder-{seed}", autoencoder(seed, 2 if request.tiny else EPOCHS), train)
        comparisons.append(_compare(model, train, test, request, seed))
        drawings.append(_Drawings.of(model, train, test, seed, request))
    first, drawing = comparisons[0], drawings[0]
    return Result(
        data=data,
        claims=_claims(comparisons, drawings),
        notes=[_gains(first), _choice(drawing), drawing.yardstick()],
        tables={
            "autoencoder and PCA": [line for seed, one in enumerate(comparisons) for line in _contest(one, seed)],
            "new images": [line for one in drawings for line in one.lines],
            "components of the mixture": [line for one in drawings for line in one.fits],
        },
        extra={"test_mse": [_of(one, "autoencoder", "mse") for one in comparisons]},
        figures={
            "maps": _maps(first),
            "reconstructions": _reconstructions(first),
            "figures beside each other": _bars(first),
            "decoded plane": drawing.plane,
            "new images": drawing.pictures,
            "distances": drawing.distances,
        },
    )


def autoencoder(seed: int, epochs: int = EPOCHS) -> Autoencoder:
    """Return the autoencoder of the source's widths, not yet trained."""
    from latente import Autoencoder

    return Autoencoder(
        latent_dim=2,
        network="dense",
        hidden=HIDDEN,
        activation="gelu",
        shortcut=None,
        epochs=epochs,
        batch_size=128,
        learning_rate=1e-3,
        schedule="cosine",
        warmup=0,
        precision="float32",
        threads=1,
        random_state=seed,
    )


# -- densities of codes


@dataclasses.dataclass(frozen=True)
class Density:
    """Something that draws codes: draw(count, rng) -> (count, 2); log_prob((N, 2)) -> (N,) in nats per code."""

    draw: Callable[[int, np.random.Generator], np.ndarray]
    log_prob: Callable[[np.ndarray], np.ndarray]


def densities(codes: np.ndarray, mixture: GaussianMixture) -> dict[str, Density]:
    """Return the mixture and what one might do without it: one normal density, a box, a standard normal one."""
    from scipy.stats import multivariate_normal

    low, high = codes.min(axis=0).astype(np.float64), codes.max(axis=0).astype(np.float64)
    area = float(np.prod(high - low))

    def normal(mean: np.ndarray, covariance: np.ndarray) -> Density:
        return Density(
            lambda count, rng: rng.multivariate_normal(mean, covariance, count),
            lambda z: multivariate_normal(mean, covariance).logpdf(z),
        )

    def draw(count: int, rng: np.random.Generator) -> np.ndarray:
        mixture.set_params(random_state=int(rng.integers(2**31)))
        codes: np.ndarray = rng.permutation(mixture.sample(count)[0])  # which come component by component
        return codes

    return {
        MIXTURE: Density(draw, mixture.score_samples),
        "one normal density": normal(codes.mean(axis=0, dtype=np.float64), np.cov(codes.T)),
        BOX: Density(
            lambda count, rng: rng.uniform(low, high, (count, len(low))),
            lambda z: np.where(((z >= low) & (z <= high)).all(axis=1), -math.log(area), -math.inf),
        ),
        "standard normal": normal(np.zeros(codes.shape[1]), np.eye(codes.shape[1])),
    }


def novelty(images: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each image is from `train`, and each of `held_out` from the images: RMS per value of 255."""
    from latente.latents import nearest

    return nearest(images, train, scale=255).distances[:, 0], nearest(held_out, images, scale=255).distances[:, 0]


@dataclasses.dataclass(frozen=True)
class _Drawings:
    """The new images of one model: figures of each density, of each mixture, and how they look."""

    lines: list[Line]
    fits: list[Line]
    test_distance: float
    plane: Figure
    pictures: Figure
    distances: Figure

    @classmethod
    def of(cls, model: Autoencoder, train: Images, test: Images, seed: int, request: Request) -> _Drawings:
        from latente.figures import histograms
        from latente.latents import fit_mixture
        from latente.latents.mixtures import COMPONENTS

        codes, test_codes = model.transform(train), model.transform(test).astype(np.float64)
        mixture, candidates = fit_mixture(codes, seed, COMPONENTS[:3] if request.tiny else COMPONENTS)
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(test))[: 2 * NEW]
        others, held_out = (_decode(model, test_codes[part], train) for part in np.array_split(rows, 2))
        images = {REBUILT: others}
        nats: dict[str, float | str] = {}
        for name, density in densities(codes, mixture).items():
            images[name] = _decode(model, density.draw(len(others), rng), train)
            mean = float(density.log_prob(test_codes).mean())
            nats[name] = mean if math.isfinite(mean) else "none: a code lies outside"
        apart = {name: novelty(part, train.pixels, held_out) for name, part in images.items()}
        limit = float(np.quantile(apart[REBUILT][0], 0.95))
        lines = [
            {
                "seed": seed,
                "drawn from": name,
                "nats per test code": nats.get(name, ""),
                "to the nearest training image": float(away.mean()),
                "95 %": float(np.quantile(away, 0.95)),
                "beyond, %": 100 * float((away > limit).mean()),
                "test images to the nearest drawn": float(missed.mean()),
            }
            for name, (away, missed) in apart.items()
        ]
        request.tell(f"seed {seed}: a mixture of {mixture.n_components}, {nats[MIXTURE]:.4} nats per test code")
        test_away, _ = novelty(test.pixels[rows], train.pixels, held_out)
        return cls(
            lines=lines,
            fits=_fits(candidates, test_codes, mixture, seed),
            test_distance=float(test_away.mean()),
            plane=_plane(model, codes, train),
            pictures=_above_nearest(images, train),
            distances=histograms(
                {name: away for name, (away, _) in apart.items()}, "distance to the nearest training image"
            ),
        )

    def line(self, name: str) -> dict[str, Any]:
        return next(line for line in self.lines if line["drawn from"] == name)

    def yardstick(self) -> str:
        rebuilt = self.line(REBUILT)["to the nearest training image"]
        return (
            "Distances are root mean squared differences per pixel, of white less black, to the nearest training image;"
            f" test images themselves are {self.test_distance:.4f} away from it, their reconstructions {rebuilt:.4f},"
            " since a mean of several images is nearer to each of them than they are to one another."
            ' "Beyond" is the share'
            " farther away than 95 % of these reconstructions; the last column asks whether all kinds are drawn."
        )


def _decode(model: Autoencoder, codes: np.ndarray, like: Images) -> np.ndarray:
    """Decode codes to images (N, C, H, W), whatever layout the training images came in."""
    return model.decode(codes).reshape(len(codes), *like.image_shape)


def _fits(
    candidates: Sequence[tuple[GaussianMixture, float]], test_codes: np.ndarray, best: GaussianMixture, seed: int
) -> list[Line]:
    return [
        {
            "seed": seed,
            "components": fitted.n_components,
            "BIC per code": bic,
            "nats per test code": float(fitted.score(test_codes)),
            "chosen": "yes" if fitted is best else "",
        }
        for fitted, bic in candidates
    ]


# -- the comparison


def _compare(model: Autoencoder, train: Images, test: Images, request: Request, seed: int) -> Comparison:
    from latente.comparison import compare_with_pca

    tenths: set[tuple[str, int]] = set()

    def progress(done: int, total: int, what: str) -> None:
        tenth = 10 * done // total
        if total > 3 and (what, tenth) not in tenths:  # the three steps before the decoder take seconds
            tenths.add((what, tenth))
            request.tell(f"seed {seed}: {what}, {10 * tenth} %")

    comparison = compare_with_pca(model, train, test, equal_decoder=True, progress=progress)
    line = ", ".join(f"{name} {contestant.mse:.4f}" for name, contestant in comparison.contestants.items())
    request.tell(f"seed {seed}: test MSE {line}")
    return comparison


def _of(comparison: Comparison, who: str, what: str) -> float:
    return float(comparison.contestants[who].figures[what] or 0.0)


def _contest(comparison: Comparison, seed: int) -> list[Line]:
    return [{"seed": seed, "codes and decoder": who, **one.figures} for who, one in comparison.contestants.items()]


def _claims(comparisons: Sequence[Comparison], drawings: Sequence[_Drawings]) -> list[Claim]:
    """Return the worst seed's figures."""

    def most(value: Callable[[Comparison], float]) -> float:
        return max(map(value, comparisons))

    def least(value: Callable[[Comparison], float]) -> float:
        return min(map(value, comparisons))

    away = "to the nearest training image"
    near = max(one.line(MIXTURE)[away] / one.line(BOX)[away] for one in drawings)
    ratio = most(lambda one: _of(one, "autoencoder", "mse") / _of(one, "PCA", "mse"))
    gain = least(lambda one: _of(one, "autoencoder", "knn_accuracy") - _of(one, "PCA", "knn_accuracy"))
    return [
        Claim("test MSE, autoencoder", SHOWS, most(lambda one: _of(one, "autoencoder", "mse"))),
        Claim("test MSE, PCA", SHOWS, most(lambda one: _of(one, "PCA", "mse"))),
        Claim("test MSE, decoder on PCA codes", SHOWS, most(lambda one: _of(one, DECODED, "mse"))),
        Claim("test MSE, autoencoder / PCA", "", ratio, TARGET),
        Claim("k-NN accuracy, autoencoder", "", least(lambda one: _of(one, "autoencoder", "knn_accuracy"))),
        Claim("k-NN accuracy, PCA", "", least(lambda one: _of(one, "PCA", "knn_accuracy"))),
        Claim("k-NN accuracy, autoencoder - PCA", "", gain, GAIN, higher_is_better=True),
        Claim("trustworthiness, autoencoder", "", least(lambda one: _of(one, "autoencoder", "trustworthiness"))),
        Claim("trustworthiness, PCA", "", least(lambda one: _of(one, "PCA", "trustworthiness"))),
        Claim("distance of new images to the nearest training image, mixture / box", "", near, 1.0),
    ]


def _gains(comparison: Comparison) -> str:
    linear, bent, whole = (_of(comparison, who, "mse") for who in ("PCA", DECODED, "autoencoder"))
    return (
        f"Of the error that the autoencoder takes from PCA, {linear - whole:.4f}, a decoder that is no longer linear"
        f" brings {linear - bent:.4f} and codes that are no longer linear the other {bent - whole:.4f}."
    )


def _choice(drawing: _Drawings) -> str:
    chosen = next(line for line in drawing.fits if line["chosen"])
    one = drawing.line("one normal density")
    return (
        f"The Bayesian information criterion asks for {chosen['components']} components, of those tried; they give the"
        f" codes of test images {chosen['nats per test code'] - one['nats per test code']:.2f} nats each more than one"
        " normal density does."
    )


# -- figures


def _maps(comparison: Comparison) -> Figure:
    """Draw test images where both codes lie in the 98 % of each coordinate: the few far out would shrink the others."""
    from latente.figures import maps

    inside = np.ones(comparison.test_count, bool)
    for who in ("autoencoder", "PCA"):
        codes = comparison.contestants[who].codes
        low, high = np.quantile(codes, [0.01, 0.99], axis=0)
        inside &= ((codes >= low) & (codes <= high)).all(axis=1)
    order = np.random.default_rng(0).permutation(np.flatnonzero(inside))[:4_000]
    labels = None if comparison.labels is None else comparison.labels[order]
    panels = [
        (f"{who}: k-NN {_of(comparison, who, 'knn_accuracy'):.3f}", comparison.contestants[who].codes[order])
        for who in ("autoencoder", "PCA")
    ]
    return maps(panels, labels, comparison.label_names)


def _reconstructions(comparison: Comparison) -> Figure:
    from latente.figures import strips

    rows = [comparison.originals, *(one.reconstructions.clip(0, 1) for one in comparison.contestants.values())]
    labels = () if comparison.labels is None else comparison.labels[comparison.rows]
    names = [comparison.label_names[label] for label in labels]
    return strips(np.stack(rows), ["test images", *comparison.contestants], names)


def _bars(comparison: Comparison) -> Figure:
    from latente import figures

    names = {"mse": "test MSE", "knn_accuracy": "k-NN accuracy", "trustworthiness": "trustworthiness"}
    rows = {
        who: {title: float(one.figures[name] or math.nan) for name, title in names.items()}
        for who, one in comparison.contestants.items()
    }
    better = {title: "lower" if name == "mse" else "higher" for name, title in names.items()}
    return figures.comparison(rows, better=better, columns=3)


def _plane(model: Autoencoder, codes: np.ndarray, train: Images, steps: int = 20) -> Figure:
    """Draw what the decoder makes of the plane where 98 % of each coordinate's codes lie."""
    from latente.figures import lattice

    low, high = np.quantile(codes, [0.01, 0.99], axis=0)
    first, second = (np.linspace(low[axis], high[axis], steps) for axis in (0, 1))
    grid = np.stack(np.meshgrid(first, second[::-1]), axis=-1).reshape(-1, 2)
    return lattice(_decode(model, grid, train).reshape(steps, steps, *train.image_shape))


def _above_nearest(images: Mapping[str, np.ndarray], train: Images) -> Figure:
    """Draw the first images (N, C, H, W) by each name above the training images nearest to them."""
    from latente.figures import above_partners
    from latente.latents import nearest

    few = {name: part[:IN_A_ROW] for name, part in images.items()}
    neighbours = {
        name: train.pixels[nearest(part, train.pixels, scale=255).indices[:, 0]] for name, part in few.items()
    }
    return above_partners(few, neighbours, "nearest training image")
