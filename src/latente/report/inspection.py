"""What a report measures: a model's results on images that were held out, and plain baselines beside."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from latente import formulas, metrics
from latente.errors import InputError
from latente.estimators.autoencoders import BaseAutoencoder
from latente.estimators.variational import VariationalAutoencoder
from latente.images import Images, Scaling
from latente.networks import describe
from latente.report.evidence import Evidence, draw
from latente.training import Batches

__all__ = [
    "Baseline",
    "Inspection",
    "Layer",
    "as_pictures",
    "inspect",
    "latent_use",
    "layers_of",
    "plain",
    "rebuild",
    "scaled",
    "wanted",
]

MOST_IMAGES = 5_000
MOST_VALUES = 20_000_000  # in the images measured at once, so that large pictures do not fill the memory
MOST_SSIM_VALUES = 12_500_000  # in those whose SSIM is told one by one: about 1,000 colour pictures of 64 x 64
SAMPLES = 24
CHUNK = 256  # images in one pass through the model


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The mean squared error per value that something simple reaches on the same images."""

    name: str
    mse: float


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer as one image passes through it; `output` is a shape in words."""

    network: str
    name: str
    kind: str
    output: str
    parameters: int


@dataclasses.dataclass(frozen=True)
class Inspection:
    """A model's results on the judged images; arrays of images are scaled: 0 to 1 is the range of the data.

    rows: the judged images that were measured, in the order of every array below. originals: what the model
    should have made. inputs: what it was given, where that is something else. errors: (N,) mean squared error
    per value. psnrs: (N,) dB. ssims: (M,) of an even draw of M of them; None for tables and for pictures
    smaller than SSIM's window. metrics: means, as the model's own evaluation has them. codes: (N, D). kl,
    active: (D,) nats, and whether each dimension is in use, for models with a posterior. samples:
    (n, C, H, W), for models that can.
    """

    evidence: Evidence
    rows: np.ndarray
    originals: np.ndarray
    inputs: np.ndarray | None
    reconstructions: np.ndarray
    errors: np.ndarray
    psnrs: np.ndarray
    ssims: np.ndarray | None
    metrics: dict[str, float]
    baselines: list[Baseline]
    codes: np.ndarray
    kl: np.ndarray | None
    active: np.ndarray | None
    samples: np.ndarray | None

    @property
    def is_table(self) -> bool:
        return self.evidence.judged.is_table

    @property
    def labels(self) -> np.ndarray | None:
        """The class of each image (N,), where there is one."""
        labels = self.evidence.judged.labels
        return None if labels is None else np.asarray(labels[self.rows])

    @property
    def mse(self) -> float:
        return float(self.errors.mean(dtype=np.float64))

    @property
    def psnr(self) -> float:
        """Mean over the images of each one's PSNR in dB, none counting more than `metrics.PSNR_CEILING`."""
        return float(np.minimum(self.psnrs, metrics.PSNR_CEILING).mean())

    def baseline(self, start: str) -> Baseline | None:
        """The baseline whose name starts so, where it could be had."""
        return next((baseline for baseline in self.baselines if baseline.name.startswith(start)), None)


def inspect(model: BaseAutoencoder, evidence: Evidence) -> Inspection:
    """Run `model` on at most 5,000 of the judged images, evenly drawn with a fixed seed, and measure.

    A model with a corruption meets corrupted images, with the same draw for all. Raises InputError where the
    images do not fit the model.
    """
    if not len(evidence.rows):
        raise InputError("there are no images to look at")
    most = max(1, MOST_VALUES // math.prod(evidence.judged.shape))
    rows = draw(evidence.rows, min(MOST_IMAGES, most), seed=0)
    images = plain(evidence.judged, rows)
    measured = {name: float(value) for name, value in model.evaluate(images).items() if name != "count"}
    originals, inputs, reconstructions = rebuild(model, images)
    codes = model.transform(images)
    has_posterior = isinstance(model, VariationalAutoencoder) and len(images) > 1
    kl, active = latent_use(model, images) if has_posterior else (None, None)
    return Inspection(
        evidence=evidence,
        rows=rows,
        originals=originals,
        inputs=inputs,
        reconstructions=reconstructions,
        errors=metrics.mse(originals, reconstructions),
        psnrs=metrics.psnr(originals, reconstructions, data_range=1.0),
        ssims=_ssims(originals, reconstructions),
        metrics=measured,
        baselines=_baselines(evidence, model.scaling_, originals, inputs, codes.shape[1]),
        codes=codes,
        kl=kl,
        active=active,
        samples=_samples(model),
    )


def rebuild(model: BaseAutoencoder, images: Images) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return, scaled, what should come out, what goes in (None where that is the same), and what comes out.

    A model with a corruption meets corrupted images, with the same draw for all, however many they are.
    """
    columns = ("target",) if "target" in images.columns else ()
    corruption, generator = model._corruption(), torch.Generator(model.device_)
    parts: list[list[np.ndarray]] = []
    for batch in Batches(images, model.scaling_, model.device_, columns).in_order(torch.arange(len(images)), CHUNK):
        given = batch["images"]
        if corruption is not None:
            given = corruption(given, generator.manual_seed(model.seed_), shared=True)
        with torch.no_grad():
            rebuilt = model.objective_.reconstruct(given)
        parts.append([part.cpu().numpy() for part in (batch.get("target", batch["images"]), given, rebuilt)])
    originals, inputs, reconstructions = (np.concatenate(part) for part in zip(*parts, strict=True))
    return originals, inputs if columns or corruption is not None else None, reconstructions


def scaled(pixels: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Return `pixels` in the network's range as float32."""
    shape = (1, -1) + (1,) * (pixels.ndim - 2)
    offset, scale = (np.array(values).reshape(shape) for values in (scaling.offset, scaling.scale))
    return ((pixels - offset) / scale).astype(np.float32)


def layers_of(model: BaseAutoencoder, images: Images) -> list[Layer]:
    """Return the layers of encoder and decoder as one image passes through them."""
    batches = Batches(plain(images, np.arange(1)), model.scaling_, model.device_)
    example = batches.batch(torch.arange(1))["images"]
    code = torch.zeros(1, *model.code_shape_, device=model.device_)
    found = []
    for network, start in (("encoder", example), ("decoder", code)):
        for row in describe(model.objective_.get_submodule(network), start):
            output = " × ".join(map(str, row.output[1:])) if row.output else "–"
            found.append(Layer(network, row.name, row.type, output, row.parameters))
    return found


def plain(images: Images, rows: np.ndarray) -> Images:
    """The images at `rows`, in the layout in which they are stored, so that results come back in it."""
    taken = images.take(rows)
    return dataclasses.replace(taken, layout="NF" if taken.is_table else "NCHW")


def wanted(images: Images) -> np.ndarray:
    """What a model should make of the images: their targets, where they have some, else themselves."""
    return images.columns.get("target", images.pixels)


def _baselines(
    evidence: Evidence, scaling: Scaling, originals: np.ndarray, inputs: np.ndarray | None, dimensions: int
) -> list[Baseline]:
    """What a corrupted input as it is reaches; else the mean image and PCA, fitted on training images."""
    if inputs is not None:
        return [Baseline("the input as it is", float(((originals - inputs) ** 2).mean()))]
    known_set, known_rows = evidence.learned, evidence.learned_rows
    if known_set is None or known_rows is None or known_set.shape != evidence.judged.shape or len(known_rows) < 3:
        return []
    values = math.prod(known_set.shape)
    rows = draw(known_rows, min(max(2_000, 10 * dimensions), max(3, MOST_VALUES // values)), seed=1)
    known = scaled(known_set.pixels[rows], scaling).reshape(len(rows), values)
    flat = originals.reshape(len(originals), values)
    name = "the mean row" if known_set.is_table else "the mean image"
    found = [Baseline(name, float(((flat - known.mean(axis=0)) ** 2).mean()))]
    # with more dimensions PCA would copy its input, or know these few images by heart
    if dimensions < min(values, len(rows) // 2) and np.ptp(known, axis=0).any():
        from sklearn.decomposition import PCA

        pca = PCA(dimensions, svd_solver="randomized" if values > 500 else "auto", random_state=0).fit(known)
        errors = (flat - pca.inverse_transform(pca.transform(flat))) ** 2
        found.append(Baseline(f"PCA with {dimensions:,} numbers", float(errors.mean())))
    return found


def latent_use(model: VariationalAutoencoder, images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean KL in nats of each latent dimension over the images, and whether it is active."""
    mean, log_var = (torch.from_numpy(part).double().flatten(1) for part in model.posterior(images))
    return formulas.kl_diagonal_normal(mean, log_var).mean(0).numpy(), formulas.active_units(mean).numpy()


def _ssims(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray | None:
    """The SSIM of each of an even draw of the images; None where it is not defined."""
    if originals.ndim != 4 or min(originals.shape[2:]) < metrics.SMALLEST_SSIM_SIDE:
        return None
    few = draw(np.arange(len(originals)), max(1, MOST_SSIM_VALUES // originals[0].size), seed=0)
    return metrics.ssim(originals[few], reconstructions[few], data_range=1.0)


def _samples(model: BaseAutoencoder) -> np.ndarray | None:
    """New images, scaled; None for tables, and for models without a density of codes."""
    if len(model.image_shape_) == 1:
        return None
    try:
        return as_pictures(model, model.sample(SAMPLES, random_state=0))
    except InputError:
        return None


def as_pictures(model: BaseAutoencoder, made: np.ndarray) -> np.ndarray:
    """Return the images (..., *image) that `model` decoded, in the training's layout, as scaled (..., C, H, W)."""
    if model.layout_ == "NHWC":
        made = np.moveaxis(made, -1, -3)
    leading = made.shape[: -2 if model.layout_ == "NHW" else -3]
    flat = scaled(made.reshape(-1, *model.image_shape_), model.scaling_)
    return flat.reshape(*leading, *model.image_shape_)
