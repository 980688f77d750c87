"""Which plates are unlike undamaged ones? What has seen no damage ranks plates by how odd they are.

Source: [UAO] Perea, Carmona, Tobar, Marulanda: Trabajando con AutoEncoders.
Claim: a variational autoencoder that learned 1,600 undamaged plates reconstructs damaged ones with a larger error, the
larger the damage; shown by figures, for 300 undamaged test plates and 175 damaged ones, 35 of each class.
Ours: the same parts of plates of our own, see `latente.images.generated.plates`, noise 3 %. The VAE's own AUROC and its
error by class always stand there, beside our detector, PCA's residual and the mean brightness, also where another wins.
Command: latente reproduce plates-one-class --seeds 3
Measured: AUROC 0.9984 by the detector, 0.9969 by the VAE, 0.9900 by the mean brightness, 0.9867 by PCA, means of three
seeds; overlap with the damage 0.34, 0.29, 0.48 and 0.20.
Minutes: 14 of one core with three seeds, of which computing the plates takes seven.

Everything learns from the undamaged plates of the part train, and is judged by the part test: 300 undamaged and 225
damaged plates. The AUROC is the share of pairs of an undamaged and a damaged plate of which the damaged one is ranked
as the odder (Hanley & McNeil 1982). The part val, the report's 175, is judged class by class. Where the damage lies is
told by a map of squared errors; its overlap with the true damage (intersection over union, of all points of the damaged
test plates together) is that at the one threshold that suits the test plates best, which nobody knows beforehand: an
upper bound, the same for all methods.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from latente.experiments.plates import Parts, class_counts, labels_of, open_plates, verdicts
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.sweeps import Estimate

if TYPE_CHECKING:
    from latente import Images, VariationalAutoencoder

__all__ = ["EPOCHS", "Method", "best_overlap", "run", "vae"]

NOISE = 0.03
EPOCHS = 40
COMPONENTS = 30  # of PCA
VAE, DETECTOR, PCA, BRIGHTNESS = "VAE", "detector", "PCA", "mean brightness"
TARGET = 0.95  # of the detector
SHOWS = "[UAO] shows figures, no table"
ALARM = 0.05  # share of the undamaged training plates beyond the threshold of a verdict


@dataclasses.dataclass(frozen=True)
class Method:
    """What ranks plates, by a seed.

    oddness: how odd each image is (N,), higher is odder. errors: a map (N, H, W) of where, higher is odder.
    """

    name: str
    seed: int
    oddness: Callable[[Images], np.ndarray]
    errors: Callable[[Images], np.ndarray]


def run(request: Request) -> Result:
    """Let each method learn the undamaged plates, and rank the test plates, each class, and five other plates."""
    from latente.figures import histograms, strips

    parts, data = open_plates(NOISE, request.tiny)
    train = parts["train"].take(np.flatnonzero(labels_of(parts["train"]) == 0))
    seeds = range(request.seeds)
    learned = [_detector(train, seed) for seed in seeds] + [_vae(request, train, seed) for seed in seeds]
    methods = [*_simple(train), *learned]
    test = parts["test"]
    oddness = [method.oddness(test) for method in methods]
    lines = [_line(method, values, test) for method, values in zip(methods, oddness, strict=True)]
    for line in lines:
        request.tell(f"{line['method']}, seed {line['seed']}: AUROC {line['AUROC']:.4f}")
    of_vae = next(number for number, method in enumerate(methods) if method.name == VAE)
    return Result(
        data=data,
        claims=[
            Claim(
                f"AUROC, mean of the seeds, {name}",
                SHOWS * (name == VAE),
                _mean(lines, name, "AUROC"),
                TARGET if name == DETECTOR else None,
                True,
            )
            for name in (VAE, DETECTOR, PCA, BRIGHTNESS)
        ],
        notes=[_winner(lines)],
        tables={
            "ranking the test plates": lines,
            "mean oddness by class, val": [_by_class(method, parts["val"]) for method in methods],
            "mean oddness by class, test": [_by_class(method, test) for method in methods],
            "plates of each class": class_counts(parts),
            "five plates computed in another way": verdicts(
                {method.name: _judge(method, train) for method in methods if method.seed == 0}
            ),
        },
        figures={
            "error of the VAE": histograms(
                {
                    name: oddness[of_vae][labels_of(test) == label]
                    for label, name in enumerate(test.label_names)
                    if (labels_of(test) == label).any()
                },
                "error of the VAE by class",
            ),
            "where": strips(*_where(methods[of_vae], parts)),
        },
    )


def vae(seed: int, epochs: int = EPOCHS) -> VariationalAutoencoder:
    """Return the variational autoencoder of index images, not yet trained."""
    from latente import VariationalAutoencoder

    return VariationalAutoencoder(
        latent_dim=16,
        network="dense",
        hidden=(512, 256),
        epochs=epochs,
        batch_size=32,
        learning_rate=1e-3,
        schedule="cosine",
        precision="float32",
        threads=1,
        random_state=seed,
    )


# -- methods


def _vae(request: Request, train: Images, seed: int) -> Method:
    """The report's first method: the error with which a VAE draws a plate again."""
    model = request.fit(f"vae-{seed}", vae(seed, 1 if request.tiny else EPOCHS), train)

    def errors(images: Images) -> np.ndarray:
        return np.asarray((images.pixels - model.reconstruct(images))[:, 0] ** 2)

    return Method(VAE, seed, lambda images: -model.score_samples(images), errors)


def _detector(train: Images, seed: int) -> Method:
    """The detector as it is without one option."""
    from latente import AnomalyDetector

    detector = AnomalyDetector(threads=1, random_state=seed).fit(train)

    def maps(images: Images) -> np.ndarray:
        return np.stack(list(detector.anomaly_map(images)))

    return Method(DETECTOR, seed, lambda images: -detector.score_samples(images), maps)


def _simple(train: Images) -> list[Method]:
    """What needs no network: the residual of principal components, and how bright an image is."""
    from sklearn.decomposition import PCA as Components

    table = train.pixels.reshape(len(train), -1).astype(np.float64)
    pca = Components(min(COMPONENTS, len(train) - 1), random_state=0).fit(table)

    def residual(images: Images) -> np.ndarray:
        rows = images.pixels.reshape(len(images), -1).astype(np.float64)
        left = rows - pca.inverse_transform(pca.transform(rows))
        return np.asarray((left**2).reshape(len(images), *images.image_shape[1:]))

    def brightness(images: Images) -> np.ndarray:
        return np.asarray(images.pixels[:, 0])

    return [
        Method(PCA, 0, lambda images: residual(images).mean(axis=(1, 2)), residual),
        Method(BRIGHTNESS, 0, lambda images: brightness(images).mean(axis=(1, 2)), brightness),
    ]


# -- judging


def best_overlap(errors: np.ndarray, mask: np.ndarray) -> float:
    """Return the intersection over union of a mask and the points beyond a threshold, at the best threshold."""
    order = np.argsort(-errors, axis=None, kind="stable")
    damaged = mask.ravel()[order] != 0
    hits = np.cumsum(damaged)
    return float(np.max(hits / (np.arange(1, len(hits) + 1) + hits[-1] - hits)))


def _line(method: Method, oddness: np.ndarray, test: Images) -> Line:
    from sklearn.metrics import average_precision_score, roc_auc_score

    damaged = labels_of(test) > 0
    own = test.take(np.flatnonzero(damaged))
    return {
        "method": method.name,
        "seed": method.seed,
        "AUROC": float(roc_auc_score(damaged, oddness)),
        "average precision": float(average_precision_score(damaged, oddness)),
        "damaged": float(damaged.mean()),
        "best overlap with the damage": best_overlap(method.errors(own), own.columns["mask"][:, 0]),
    }


def _mean(lines: Sequence[Line], name: str, key: str) -> float:
    return float(np.mean([line[key] for line in lines if line["method"] == name]))


def _winner(lines: Sequence[Line]) -> str:
    """Say which method ranks best, and how the seeds of the VAE differ."""
    means = {name: _mean(lines, name, "AUROC") for name in (VAE, DETECTOR, PCA, BRIGHTNESS)}
    best = max(means, key=lambda name: means[name])
    own = np.array([line["AUROC"] for line in lines if line["method"] == VAE])
    around = "" if len(own) < 2 else f", with a standard deviation of {Estimate.of(own).spread:.2g} over the seeds"
    return (
        f"{best} ranks the test plates best, with an AUROC of {means[best]:.4f}; the VAE's is {means[VAE]:.4f}{around}."
    )


def _by_class(method: Method, images: Images) -> Line:
    oddness, labels = method.oddness(images), labels_of(images)
    line: Line = {"method": method.name, "seed": method.seed}
    for label, name in enumerate(images.label_names):
        line[name] = float(oddness[labels == label].mean()) if (labels == label).any() else float("nan")
    return line


def _judge(method: Method, train: Images) -> Callable[[Images], list[str]]:
    """Return what calls those plates odd that are odder than all but a twentieth of the undamaged training plates."""
    threshold = np.quantile(method.oddness(train), 1 - ALARM)

    def judge(plates: Images) -> list[str]:
        return ["odd" if value > threshold else "not odd" for value in method.oddness(plates)]

    return judge


def _where(method: Method, parts: Parts) -> tuple[np.ndarray, list[str], list[str]]:
    """Return rows of pictures: a test plate of each class, its errors, and where it is damaged; their names."""
    test = parts["test"]
    labels = labels_of(test)
    known = [label for label in range(len(test.label_names)) if (labels == label).any()]
    few = test.take(np.array([np.flatnonzero(labels == label)[0] for label in known]))
    errors = method.errors(few)
    rows: Mapping[str, np.ndarray] = {
        "index": few.pixels,
        "error": np.minimum(errors / np.quantile(errors, 0.999), 1)[:, None].astype(np.float32),
        "damage": few.columns["mask"].astype(np.float32),
    }
    return np.stack(list(rows.values())), list(rows), [test.label_names[label] for label in known]
