"""A model beside PCA with as many numbers per image: how well images come back, and how well neighbours stay."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor, nn

from latente import formulas, latents, metrics
from latente.errors import InputError
from latente.estimators import Autoencoder, BaseAutoencoder, Estimator
from latente.estimators.abilities import Decodes, Encodes
from latente.estimators.data import split
from latente.images import Images, Scaling, from_layout, to_layout
from latente.training import Batches
from latente.training.surroundings import own_surroundings

__all__ = ["Comparison", "Contestant", "compare_with_pca"]

EXAMPLES = 10
MOST_IN_MEMORY = 250_000_000  # scaled values of the training images that PCA takes at once: 1 GB
_VALUES_AT_ONCE = 2_000_000
_MOST_NEIGHBOURS = 2_000  # images among which trustworthiness is measured

Progress = Callable[[int, int, str], None]


@dataclasses.dataclass(frozen=True, eq=False)
class Contestant:
    """What one way of coding images reaches on the test images.

    mse: mean squared error per value in the network's range. psnr: mean PSNR in dB with peak 1 (`metrics.PROTOCOLS`).
    knn_accuracy: share of test images for whose class the k nearest training codes vote; None without labels.
    trustworthiness: how far neighbours among the codes are neighbours among the images (`latents.trustworthiness`), on
    at most 2,000 test images; None for fewer than 4. codes: (N, D) of the test images. reconstructions: of the
    comparison's `originals`, in the network's range and not clipped to it.
    """

    mse: float
    psnr: float
    knn_accuracy: float | None
    trustworthiness: float | None
    codes: np.ndarray
    reconstructions: np.ndarray

    @property
    def figures(self) -> dict[str, float | None]:
        """The numbers by name."""
        return {name: getattr(self, name) for name in ("mse", "psnr", "knn_accuracy", "trustworthiness")}


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """A model and PCA on the same images: "autoencoder", "PCA" and, where asked for, "decoder on PCA codes".

    dimensions: numbers in a code. k: neighbours that vote. train_count, test_count: images. originals: (E, C, H, W) or
    (E, F), a few test images in the network's range, spread evenly over their classes. rows: which test images these
    are. labels: (N,) of the test images, where there are any, and their names.
    """

    contestants: Mapping[str, Contestant]
    dimensions: int
    k: int
    train_count: int
    test_count: int
    originals: np.ndarray
    rows: np.ndarray
    labels: np.ndarray | None
    label_names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        counts = {name: getattr(self, name) for name in ("dimensions", "k", "train_count", "test_count")}
        return counts | {"contestants": {name: one.figures for name, one in self.contestants.items()}}


@own_surroundings()
def compare_with_pca(
    model: Any,
    train: Images,
    test: Images,
    *,
    k: int = 15,
    equal_decoder: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Return what a fitted model and PCA with as many dimensions reach on `test`, both learned from `train`.

    model: an estimator, or anything with `encode` and `decode` that takes images in the layout and units of `train`.
    train: the set that the model was fitted on, whole: what `fit` held out of it to judge the epochs by, PCA does not
    see either, nor do those images vote. test: images of the same kind. Both are taken as they are, without the
    model's corruption. progress: called as progress(done, total, what).

    PCA is scikit-learn's on the scaled images: exact or, for wide images, randomised (Halko et al. 2011), as its "auto"
    chooses; incremental (Ross et al. 2008) where the training images have more than 250 million values.

    equal_decoder: also train a decoder like the model's (fresh weights; a caller's own module starts as it was given)
    on PCA's codes, each scaled to unit variance, so that the two encodings meet equal decoders. It is trained as an
    `Autoencoder` with the model's loss, optimiser, epochs, batch size, seed and held-out images; for a variational
    model that loss is the one of its likelihood, "bce" for Bernoulli and "mse" for Gaussian, without noise in the
    codes. Its codes, and with them its neighbours, are those of PCA.

    Raises InputError where the images do not match, where the model does not decode, where a code is no shorter than an
    image or than the number of training images (PCA would copy, or lack directions), and, for equal_decoder, where the
    model is no estimator or `train` scales otherwise than the images that it was fitted on.
    """
    _check(train, test)
    rebuilds = isinstance(model, Encodes) and isinstance(model, Decodes)
    if not rebuilds:
        raise InputError(f"a {type(model).__name__} does not rebuild images, which is what PCA is compared by")
    if getattr(model, "condition", None) is not None:
        raise InputError(
            "PCA knows images alone, and this model encodes them with their conditions: no fair comparison"
        )
    ours = isinstance(model, Estimator)
    rows = split(train, _validation(model), model.seed_).rows if ours else np.arange(len(train))
    scaling = model.scaling_ if ours else Scaling.fit(train.pixels, rows, train.depth)
    if equal_decoder and not (ours and Scaling.fit(train.pixels, rows, train.depth) == scaling):
        raise InputError("an equal decoder can be trained for an estimator only, on the images that it was fitted on")
    tell = progress or (lambda done, total, what: None)
    judge = _Judge(Batches(train, scaling, torch.device("cpu")), rows, train.labels, test, scaling, k)
    coder = _coder_of(model) if ours else _foreign_coder(model, scaling, test.layout)

    tell(0, 3, "the autoencoder")
    contestants = {"autoencoder": judge(coder)}
    dimensions = contestants["autoencoder"].codes.shape[1]
    tell(1, 3, "the principal components")
    pca = _fit_pca(judge.train, rows, dimensions)
    tell(2, 3, "PCA")
    contestants["PCA"] = judge(_Coder(pca.encode, pca.decode))
    if equal_decoder:
        twin = _train_decoder(model, pca, train, rows, tell)
        decoded = judge(_coder_of(twin), with_neighbours=False)
        same = {name: getattr(contestants["PCA"], name) for name in ("knn_accuracy", "trustworthiness", "codes")}
        contestants["decoder on PCA codes"] = dataclasses.replace(decoded, **same)
    return Comparison(
        contestants, dimensions, k, len(rows), len(test), judge.originals, judge.examples, test.labels, test.label_names
    )


@dataclasses.dataclass(frozen=True)
class _Coder:
    """A way of coding: scaled images (n, *shape) to codes (n, ...), and codes to scaled images."""

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]


def _coder_of(model: Any) -> _Coder:
    objective, device = model.objective_, model.device_
    return _Coder(
        lambda x: objective.encode(x.to(device)),
        lambda codes: objective.decode(codes.to(device)).cpu(),
    )


def _foreign_coder(model: latents.Coder, scaling: Scaling, layout: str) -> _Coder:
    """Wrap a model that works in the data's layout and units."""

    def encode(x: Tensor) -> Tensor:
        return torch.as_tensor(np.asarray(model.encode(to_layout(scaling.invert(x), layout))))

    def decode(codes: Tensor) -> Tensor:
        return scaling.apply(torch.as_tensor(from_layout(np.asarray(model.decode(codes.numpy())), layout)))

    return _Coder(encode, decode)


class _Judge:
    """Measures ways of coding on one and the same test images."""

    def __init__(
        self, train: Batches, rows: np.ndarray, labels: np.ndarray | None, test: Images, scaling: Scaling, k: int
    ) -> None:
        self.train, self.rows, self.k = train, rows, k
        self.test = Batches(test, scaling, torch.device("cpu"))
        self.labels = None if labels is None or test.labels is None else (np.asarray(labels)[rows], test.labels)
        self.examples = _examples(test)
        self.originals = self._images(self.test, self.examples).numpy()
        most = max(4, min(_MOST_NEIGHBOURS, 50_000_000 // math.prod(test.image_shape)))
        self.neighbours = np.sort(np.random.default_rng(0).permutation(len(test))[:most])

    @torch.no_grad()
    def __call__(self, coder: _Coder, with_neighbours: bool = True) -> Contestant:
        codes, errors, psnrs = [], [], []
        for part in _parts(np.arange(len(self.test)), math.prod(self.originals.shape[1:])):
            images = self._images(self.test, part)
            code = coder.encode(images)
            rebuilt = coder.decode(code)
            codes.append(code.flatten(1).cpu().numpy())
            errors.append(metrics.mse(images, rebuilt))
            psnrs.append(np.minimum(metrics.psnr(images, rebuilt, data_range=1.0), metrics.PSNR_CEILING))
        flat = np.concatenate(codes)
        reconstructions = coder.decode(coder.encode(torch.from_numpy(self.originals)))
        return Contestant(
            mse=float(np.concatenate(errors).mean()),
            psnr=float(np.concatenate(psnrs).mean()),
            knn_accuracy=self._knn_accuracy(coder, flat) if with_neighbours else None,
            trustworthiness=self._trustworthiness(flat) if with_neighbours else None,
            codes=flat,
            reconstructions=reconstructions.numpy(),
        )

    def _knn_accuracy(self, coder: _Coder, codes: np.ndarray) -> float | None:
        if self.labels is None:
            return None
        parts = _parts(self.rows, math.prod(self.originals.shape[1:]))
        known = [coder.encode(self._images(self.train, part)).flatten(1).cpu().numpy() for part in parts]
        return latents.knn_accuracy(np.concatenate(known), self.labels[0], codes, self.labels[1], k=self.k)

    def _trustworthiness(self, codes: np.ndarray) -> float | None:
        if len(self.neighbours) < 4:
            return None
        images = self._images(self.test, self.neighbours).flatten(1).numpy()
        return latents.trustworthiness(images, codes[self.neighbours], k=self.k)

    @staticmethod
    def _images(batches: Batches, rows: np.ndarray) -> Tensor:
        return batches.batch(torch.from_numpy(rows))["images"]


class _PCA(nn.Module):
    """Principal components as a network without parameters: what was fitted lies in buffers."""

    mean: Tensor
    components: Tensor
    spread: Tensor

    def __init__(self, fitted: Any, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        spread = np.sqrt(np.maximum(fitted.explained_variance_, 1e-12))
        for name, value in (("mean", fitted.mean_), ("components", fitted.components_), ("spread", spread)):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, dtype=np.float32)))

    def encode(self, x: Tensor) -> Tensor:
        return (x.flatten(1) - self.mean) @ self.components.T

    def decode(self, codes: Tensor) -> Tensor:
        return (codes @ self.components + self.mean).unflatten(1, self.shape)

    def forward(self, x: Tensor) -> Tensor:
        """Return codes of unit variance, which a network learns from more easily."""
        return self.encode(x) / self.spread


def _fit_pca(train: Batches, rows: np.ndarray, dimensions: int) -> _PCA:
    from sklearn.decomposition import PCA, IncrementalPCA

    def images(part: np.ndarray) -> np.ndarray:
        return train.batch(torch.from_numpy(part))["images"].flatten(1).numpy()

    shape = tuple(train.batch(torch.from_numpy(rows[:1]))["images"].shape[1:])
    values = math.prod(shape)
    if dimensions >= min(values, len(rows)):
        raise InputError(
            f"PCA has no {dimensions:,} directions to offer for images of {values:,} values, of which there are "
            f"{len(rows):,}; compare a model with a shorter code, or give more images"
        )
    if len(rows) * values > MOST_IN_MEMORY:
        incremental = IncrementalPCA(dimensions)
        for part in _parts(rows, values, least=5 * dimensions):
            incremental.partial_fit(images(part))
        return _PCA(incremental, shape)
    known = np.empty((len(rows), values), np.float32)
    start = 0
    for part in _parts(rows, values):
        known[start : start + len(part)] = images(part)
        start += len(part)
    if not np.ptp(known, axis=0).any():
        raise InputError("the training images are all alike: there is nothing to compare")
    return _PCA(PCA(dimensions, copy=False, random_state=0).fit(known), shape)


def _train_decoder(model: BaseAutoencoder, pca: _PCA, train: Images, rows: np.ndarray, tell: Progress) -> Autoencoder:
    """Train a decoder like the model's on PCA's codes, in the way in which the model was trained."""
    changed = {"out": None, "init": None, "verbose": False, "validation": _validation(model)}
    settled = {"random_state": model.seed_, "batch_size": model.batch_size_, "precision": model.precision_}
    fresh = clone(model).set_params(**changed, **settled)
    fresh.initialise(train)  # which draws weights as `fit` does
    likelihood = getattr(model, "likelihood_", None)
    loss = {"bernoulli": "bce", "gaussian": "mse", None: getattr(model, "loss", "mse")}[likelihood]
    decoder: nn.Module = fresh.objective_.decoder
    if fresh.objective_.output == "sigmoid" and loss != "bce":
        decoder = nn.Sequential(decoder, nn.Sigmoid())
    elif fresh.objective_.output == "clipped":
        decoder = nn.Sequential(decoder, _Cut())
    encoder = nn.Sequential(pca, nn.Unflatten(1, fresh.code_shape_))
    assert model.batch_size_ is not None
    assert model.epochs_ is not None
    steps = model.epochs_ * math.ceil(len(rows) / model.batch_size_) * model.accumulate
    done = itertools.count(1)

    def count(module: nn.Module, *_: Any) -> None:
        if module.training:
            tell(min(next(done), steps), steps, "a decoder on PCA codes")

    encoder.register_forward_hook(count)
    options = {field.name: getattr(fresh, field.name) for field in dataclasses.fields(BaseAutoencoder)}
    return Autoencoder(**{**options, "network": (encoder, decoder), "loss": loss}).fit(train)


class _Cut(nn.Module):
    """The end of a decoder whose image is cut to [0, 1] as the model's own is."""

    def forward(self, x: Tensor) -> Tensor:
        return formulas.cut(x)


def _validation(model: Estimator) -> Any:
    """The share or set that was held out; a loaded model only has the words for a caller's own set."""
    return None if isinstance(model.validation, str) else model.validation


def _check(train: Images, test: Images) -> None:
    if train.image_shape != test.image_shape or train.dtype != test.dtype:
        raise InputError(f"the test images {test!r} do not match the training images {train!r}")
    for images in (train, test):
        if not len(images):
            raise InputError(f"{images.name} holds no images to compare with PCA on")
        if "target" in images.columns:
            raise InputError(f"{images.name} holds pairs: PCA rebuilds its input, and there is nothing to compare")


def _examples(test: Images) -> np.ndarray:
    """A few rows, spread evenly over the classes where there are any, else over the set."""
    order = np.arange(len(test)) if test.labels is None else np.argsort(test.labels, kind="stable")
    count = min(EXAMPLES, len(test))
    return order[((np.arange(count) + 0.5) * len(test) / count).astype(int)]


def _parts(rows: np.ndarray, values: int, least: int = 1) -> Iterator[np.ndarray]:
    """Yield the rows in parts of at least `least` each, but otherwise of moderate size."""
    size = max(least, min(2048, _VALUES_AT_ONCE // values), 1)
    count = max(1, len(rows) // size)
    yield from np.array_split(rows, count)
