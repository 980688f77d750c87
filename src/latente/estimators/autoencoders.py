"""Autoencoders: what all of them do, and the plain one, which wants back what went in, through a narrower code."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from latente import latents, networks
from latente.errors import InputError
from latente.estimators import notebook, persistence, planning
from latente.estimators.base import Estimator
from latente.estimators.data import Split
from latente.images import Images, Scaling, to_layout
from latente.metrics import evaluate_images
from latente.objectives import AutoencoderObjective, ReconstructionObjective
from latente.training import Batches, TrainingState, evaluate, train
from latente.training.randomness import settle_seed

__all__ = ["Autoencoder", "BaseAutoencoder", "code_shape"]

_PICTURES = 8
_IMAGES_FOR_DENSITY = 2000
_LARGEST_CODE = 1024


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class BaseAutoencoder(Estimator):
    """Base of the autoencoders: everything but the objective, which a subclass builds.

    latent_dim: values in a code; None keeps a convolutional bottleneck spatial. network: "auto" (dense for tables and
    sides under 8, else convolutional), "dense", "conv", or a pair of modules (encoder, decoder). hidden: widths or
    channels of the encoder, mirrored in the decoder; None is chosen by the network. activation, normalization, dropout,
    kernel_size, stride, depth (convolutions per level): see `latente.networks`. corruption: a name such as
    "gaussian:0.2", or a callable (x, generator, shared=False) -> worse x. The other options, what X may be and which
    errors are raised: see `Estimator`. What comes out has the layout, units and dtype that went in.
    """

    code_multiplier: ClassVar[int] = 1  # encoder outputs per latent dimension

    latent_dim: int | None = 32
    network: Any = "auto"
    hidden: tuple[int, ...] | None = None
    activation: str = "relu"
    normalization: str | None = None
    dropout: float = 0.0
    kernel_size: int = 3
    stride: int = 2
    depth: int = 1
    corruption: Any = None

    def _objective(
        self, encoder: nn.Module, decoder: nn.Module, output: str, is_binary: Callable[[], bool]
    ) -> ReconstructionObjective:
        """Build the objective; `output` is the decoder's natural end ("sigmoid" or "linear") for this data."""
        raise NotImplementedError

    # -- fitting

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on X, from scratch, and keep the weights of the best epoch; y is ignored.

        With `out` the whole training is written to that folder and can be resumed from there.
        """
        self.__dict__.pop("_state", None)
        return self._train(self._open_for_fit(X), resumed=None)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Train one epoch on X, going on from where the last call ended; y is ignored.

        The first call settles scaling and shapes on its X. Nothing is written, and nothing is held out.
        """
        state: TrainingState | None = getattr(self, "_state", None)
        fitted = hasattr(self, "objective_")
        images = self._open_for_fit(X, reset=not fitted)
        if not fitted:
            self.seed_ = settle_seed(self.random_state)
            self._settle(images, np.arange(len(images)))
            self.history_, self.best_epoch_ = [], 0
        epoch = state.epoch if state else 0
        options = self._training_options(epochs=epoch + 1, schedule="constant", patience=None)
        self._state = train(self.objective_, images, self.scaling_, options, seed=self.seed_, state=state)
        self.history_ = self._state.history
        return self

    def _settle(self, images: Images, rows: np.ndarray) -> None:
        super()._settle(images, rows)
        if (target := images.columns.get("target")) is not None:
            if target.shape != images.pixels.shape or target.dtype != images.dtype:
                raise InputError(
                    f"the targets of {images.name} are {target.shape[1:]} {target.dtype}, but the images are "
                    f"{images.shape} {images.dtype}; both must be alike"
                )
            self.objective_.columns = ("target",)

    def _build(self, is_binary: Callable[[], bool]) -> None:
        own = persistence.own_networks(self.network)
        shape = self.image_shape_
        if own is not None:
            encoder, decoder = copy.deepcopy(own)
            self.code_shape_ = code_shape(encoder, shape, self.code_multiplier)
            output = "linear"  # a caller's own decoder ends as its author wants it
        else:
            encoder, decoder = networks.build_pair(
                self.network,
                shape,
                self.latent_dim,
                hidden=self.hidden,
                activation=self.activation,
                normalization=self.normalization,
                dropout=self.dropout,
                kernel_size=self.kernel_size,
                stride=self.stride,
                depth=self.depth,
                code_multiplier=self.code_multiplier,
                latent_activation=self._latent_activation(),
            )
            self.code_shape_ = code_shape(encoder, shape, self.code_multiplier)
            output = "sigmoid" if self.scaling_.bounded and len(shape) == 3 else "linear"
        self.objective_: ReconstructionObjective = self._objective(encoder, decoder, output, is_binary)

    def _latent_activation(self) -> str | None:
        """Hook: the name of the activation of the code, None for none."""
        return None

    def _pictures(self, parts: Split) -> Callable[[], list[np.ndarray]] | None:
        source, rows = (parts.held_out, parts.held_out_rows) if parts.validation else (parts.images, parts.rows)
        if source.is_table:
            return None
        few = source.take(rows[:_PICTURES])
        return lambda: self._preview(
            Batches(few, self.scaling_, self.device_).batch(torch.arange(len(few))), few.pixels
        )

    def _preview(self, batch: Mapping[str, Tensor], pixels: np.ndarray) -> list[np.ndarray]:
        """Return lines of pictures: originals, what the model saw of them (where corrupted), what it made of that."""
        shown = batch["images"]
        lines = [pixels]
        corruption = self._corruption()
        if corruption is not None:
            shown = corruption(shown, torch.Generator(shown.device).manual_seed(0))
            lines.append(self.scaling_.invert(shown))
        lines.append(self.scaling_.invert(self.objective_.reconstruct(shown)))
        return lines

    def _corruption(self) -> Any:
        return persistence.as_corruption("corruption", self.corruption)

    # -- using

    def decode(self, codes: Any) -> np.ndarray:
        """Return the images that codes (as `encode` returns them, or flattened) stand for, in the training's layout."""
        check_is_fitted(self, "objective_")
        codes = np.asarray(codes, dtype=np.float32)
        if codes.size != len(codes) * math.prod(self.code_shape_):
            raise InputError(f"codes have shape {codes.shape}, but this model decodes (N, *{self.code_shape_})")
        return to_layout(self._decode(codes), self.layout_)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the images that the codes X (N, K) stand for."""
        return self.decode(X)

    def reconstruct(self, X: Any) -> np.ndarray:
        """Return what the model makes of X, which it takes as it is (give a denoiser the noisy images)."""
        images = self._open(X)
        rebuilt = self._apply(images, lambda x: self.scaling_.invert(self.objective_.reconstruct(x)))
        return images.as_given(rebuilt)

    def sample(self, n: int = 16, random_state: Any = None) -> np.ndarray:
        """Return n new images in the training's layout, decoded from codes that `random_state` draws."""
        check_is_fitted(self, "objective_")
        if n < 1:
            raise InputError(f"n must be at least 1, not {n}")
        return self.decode(self._draw_codes(n, np.random.default_rng(settle_seed(random_state))))

    def interpolate(self, a: Any, b: Any, steps: int = 8) -> np.ndarray:
        """Return (N, steps, ...) images decoded from the straight line between the codes of a and b (N each)."""
        return latents.interpolate(self, a, b, steps=steps)

    def score_samples(self, X: Any) -> np.ndarray:
        """Return each image's score (N,), lower is more abnormal; what it is in which unit, the class says."""
        return self._scores(self._terms(self._open(X))).astype(np.float32)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def evaluate(self, X: Any) -> dict[str, Any]:
        """Return the means over X of the objective's terms and of the image metrics (protocols: `latente.metrics`).

        The image metrics are those of values in the network's range, so that the data range is 1 whatever the units.
        Where there is a corruption, the same draw of it meets every image, and the result is compared with the clean
        one (with the column "target" where X has it).
        """
        images = self._open(X)
        means = {name: float(values.mean(dtype=np.float64)) for name, values in self._terms(images).items()}
        return {"count": len(images), **means, **self._image_metrics(images)}

    def _image_metrics(self, images: Images) -> dict[str, float]:
        columns = ("target",) if "target" in images.columns else ()
        batches = Batches(images, self.scaling_, self.device_, columns)
        corruption, generator = self._corruption(), torch.Generator(self.device_)
        sums: dict[str, float] = {}
        for batch in batches.in_order(torch.arange(len(images)), self._chunk()):
            seen, truth = batch["images"], batch.get("target", batch["images"])
            if corruption is not None:
                seen = corruption(seen, generator.manual_seed(self.seed_), shared=True)
            with torch.no_grad():
                rebuilt = self.objective_.reconstruct(seen)
            for name, mean in evaluate_images(truth.cpu().numpy(), rebuilt.cpu().numpy(), 1.0).items():
                sums[name] = sums.get(name, 0.0) + mean * len(seen)
        return {name: total / len(images) for name, total in sums.items()}

    def plan(self, X: Any, steps: int = 5) -> dict[str, Any]:
        """Return what `fit` would do with X, without doing it: options, data, layers, estimated seconds and memory."""
        return planning.plan(self, X, steps)

    # -- for subclasses

    def _scores(self, terms: Mapping[str, np.ndarray]) -> np.ndarray:
        raise NotImplementedError

    def _draw_codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError

    def _terms(self, images: Images, draws: int = 1) -> dict[str, np.ndarray]:
        """Return each image's terms; there are so many draws of noise, and every one of them meets as many images."""
        columns = ("target",) if "target" in images.columns else ()
        batches = Batches(images, self.scaling_, self.device_, columns)
        rows = self._rows(images)
        parts = [
            evaluate(self.objective_, batches, rows[draw::draws], self._chunk(), seed=self.seed_ + draw)
            for draw in range(min(draws, len(rows)))
        ]
        back = torch.cat([torch.arange(draw, len(rows), draws) for draw in range(len(parts))]).argsort()[: len(images)]
        return {name: np.concatenate([part[name] for part in parts])[back.numpy()] for name in parts[0]}

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        tensor = torch.from_numpy(np.ascontiguousarray(codes)).reshape(len(codes), *self.code_shape_)
        with torch.no_grad():
            parts = [
                self.scaling_.invert(self.objective_.decode(part.to(self.device_)))
                for part in tensor.split(self._chunk())
            ]
        return np.concatenate(parts)

    def __getstate__(self) -> dict[str, Any]:
        # a training in progress holds generators, which cannot be pickled; its weights are in objective_
        return {name: value for name, value in super().__getstate__().items() if name != "_state"}

    def _html_repr(self) -> str:
        """Return what a notebook shows: scikit-learn's diagram of the options, and once fitted, what came of them."""
        if hasattr(self, "objective_"):
            return notebook.html_of(self)
        diagram: str = super()._html_repr()
        return diagram


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(BaseAutoencoder):
    """Learn a code for images from which they can be rebuilt; with a `corruption`, a denoiser (Vincent et al. 2010).

    loss: "mse", "bce" (needs data within [0, 1]) or "l1", each a mean per value in the network's range.
    latent_activation: of the code; None is linear. The other options are those of `BaseAutoencoder`.

    `score_samples` is the negative loss per image. `sample` draws codes from a normal density fitted to training codes.
    """

    model = "autoencoder"

    loss: str = "mse"
    latent_activation: str | None = None

    def _latent_activation(self) -> str | None:
        return self.latent_activation

    def _objective(
        self, encoder: nn.Module, decoder: nn.Module, output: str, is_binary: Callable[[], bool]
    ) -> AutoencoderObjective:
        if self.loss == "bce" and not _within_unit_range(self.scaling_):
            raise InputError(
                f"loss 'bce' needs data that scale to [0, 1], not {self.scaling_.dtype}; use 'mse' or 'l1'"
            )
        self.codes_mean_: np.ndarray | None = None
        self.codes_covariance_: np.ndarray | None = None
        output = "sigmoid" if self.loss == "bce" else output
        return AutoencoderObjective(encoder, decoder, loss=self.loss, output=output, corruption=self._corruption())

    def _scores(self, terms: Mapping[str, np.ndarray]) -> np.ndarray:
        return -terms["objective"]

    def _after_training(self, images: Images, rows: np.ndarray) -> None:
        """Fit a normal density, shrunk after Ledoit and Wolf (2004), to the codes of some training images."""
        if math.prod(self.code_shape_) > _LARGEST_CODE or len(rows) < 2:
            return
        from sklearn.covariance import LedoitWolf

        few = rows[np.linspace(0, len(rows) - 1, min(len(rows), _IMAGES_FOR_DENSITY)).astype(int)]
        density = LedoitWolf().fit(self.transform(images.take(few)))
        self.codes_mean_, self.codes_covariance_ = density.location_, density.covariance_

    def _draw_codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        if self.codes_mean_ is None or self.codes_covariance_ is None:
            raise InputError(
                f"sample needs a density of the codes, which is fitted to codes of at most {_LARGEST_CODE} values when "
                "training ends; set latent_dim, or use a VariationalAutoencoder"
            )
        return rng.multivariate_normal(self.codes_mean_, self.codes_covariance_, n, method="eigh").astype(np.float32)

    def _extra(self) -> dict[str, np.ndarray]:
        if self.codes_mean_ is None or self.codes_covariance_ is None:
            return {}
        return {"codes_mean_": self.codes_mean_, "codes_covariance_": self.codes_covariance_}


def _within_unit_range(scaling: Scaling) -> bool:
    """Whether the scaled training images lie in [0, 1]: all do but those of signed 8 and 16-bit integers."""
    return scaling.dtype not in ("int8", "int16")


def code_shape(encoder: nn.Module, shape: tuple[int, ...], multiplier: int) -> tuple[int, ...]:
    """Return the shape of one code, found by encoding two blank images."""
    training = encoder.training
    encoder.eval()
    try:
        device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
        with torch.no_grad():
            code = encoder(torch.zeros(2, *shape, device=device))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"network: the encoder {type(encoder).__name__} cannot take images {shape}: {reason}"
        ) from error
    encoder.train(training)
    if code.ndim < 2 or code.shape[1] % multiplier:
        raise InputError(
            f"network: the encoder {type(encoder).__name__} returns {tuple(code.shape[1:])} per image; "
            f"this model needs {multiplier} values for each latent dimension, along the first axis"
        )
    return (code.shape[1] // multiplier, *code.shape[2:])
