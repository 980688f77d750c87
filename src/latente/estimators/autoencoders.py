"""Autoencoders: what all of them do, and the plain one, which wants back what went in, through a narrower code."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from latente import corruptions, words
from latente.errors import InputError, Interrupted
from latente.estimators.data import Split
from latente.estimators.encoding import code_shape
from latente.estimators.options.autoencoders import AutoencoderOptions
from latente.estimators.passing import finite
from latente.estimators.principal import Principal, fit_principal, mean_image
from latente.estimators.sampling import LARGEST_CODE, Sampler
from latente.images import Openable, Scaling
from latente.languages import say
from latente.networks.build import NETWORKS, build_pair, own_pair, resolve
from latente.networks.layers import widths
from latente.networks.shortcut import WithLinear, start_at
from latente.objectives import AutoencoderObjective, Batch, ReconstructionObjective
from latente.training import Batches
from latente.training.randomness import undisturbed_rng
from latente.training.state import TrainingState
from latente.training.surroundings import own_surroundings

__all__ = ["Autoencoder", "BaseAutoencoder"]

_PICTURES = 8
_IMAGES_FOR_DENSITY = 2000


def _undoes_something(model: BaseAutoencoder) -> bool:
    """Whether the model learned to make other images than those it was given; an AttributeError says so where not."""
    objective = getattr(model, "objective_", None)
    if model.corruption is not None or (objective is not None and "target" in objective.columns):
        return True
    raise AttributeError("this autoencoder learned to draw images again, and nothing of worse ones: give a corruption")


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class BaseAutoencoder(Sampler):
    """Base of the autoencoders: everything but the objective, which a subclass builds.

    latent_dim: values in a code; None keeps a convolutional bottleneck spatial. network: "auto", "dense", "conv", or a
    pair of modules (encoder, decoder). corruption: a name such as "gaussian:0.2", or a callable (x, generator,
    shared=False) -> worse x. prior: the density from which `sample` draws codes, "normal"; "mixture", of up to 50
    normal densities fitted to training codes; "flow", a net that carries noise to such codes; or "auto", of the first
    two the one whose samples are nearer to held-out images (`prior_`), where there are 500 training images and codes of
    at most 256 values, else "normal". What comes out has the layout, units and dtype that went in. What X may be, and
    which errors are raised: see `Estimator`.
    """

    code_multiplier: ClassVar[int] = 1  # encoder outputs per latent dimension

    def _objective(self, encoder: nn.Module, decoder: nn.Module, output: str) -> ReconstructionObjective:
        """Build the objective; `output` is the decoder's natural end ("sigmoid" or "linear") for this data."""
        raise NotImplementedError(f"{type(self).__name__} must define _objective(encoder, decoder, output)")

    # -- fitting

    def check(self) -> None:
        super().check()
        if self.hidden is not None and _own_pair(self.network) is None:
            widths(self.hidden, least=int(self.network == "conv"))
        self._corruption()

    @own_surroundings()
    def partial_fit(self, X: Openable, y: ArrayLike | None = None) -> Self:
        """Train one epoch on X, going on from where the last call ended; y is ignored.

        The first call settles scaling and shapes on its X. Nothing is written, and nothing is held out. After Ctrl-C
        the model is that of the latest step.
        """
        with self._unless_it_fails():
            self._fit_further(X)
        return self

    def _fit_further(self, X: Openable) -> None:
        state: TrainingState | None = getattr(self, "_state", None)
        is_fitted = hasattr(self, "objective_")
        images = self._open_for_fit(X, reset=not is_fitted)
        if not is_fitted:
            self._start(self._begin(images, holds_out=False))
        epoch = state.epoch if state else 0
        options = self._training_options(epochs=epoch + 1, minutes=None, schedule="constant", patience=None)
        take_back = self._to_take_back(state)
        try:
            self._state = self._train(images, options, state=state)
        except Interrupted as stopped:
            self._state = stopped.state
            self._state.position = 0  # the next call's images are others: it takes an epoch of its own
            self.history_ = self._state.history
            self.objective_.eval()
            told = Interrupted(f"stopped at step {self._state.step}, of which the model is")
            told.leaves_model = True
            raise told from stopped
        except BaseException:
            take_back()
            raise
        self.history_ = self._state.history

    def _to_take_back(self, state: TrainingState | None) -> Callable[[], None]:
        """Return what puts weights, and the state where there is one, back as they are now: training changes them."""
        if state is None:
            weights = {name: value.clone() for name, value in self.objective_.weights().items()}
            return lambda: self.objective_.load_weights(weights)
        packed = copy.deepcopy({**state.pack_shared(), "ranks": [state.pack_own()]})
        draws, lines = state.draws, len(state.history)

        def take_back() -> None:
            with undisturbed_rng():
                state.restore(packed, 0, 1)
            state.draws = draws
            del state.history[lines:]

        return take_back

    def _fit(self, *arguments: Any) -> Self:
        self.__dict__.pop("_state", None)
        return super()._fit(*arguments)

    def _settle(self, parts: Split) -> None:
        images = parts.images
        target = images.columns.get("target")
        if target is not None and (target.shape != images.pixels.shape or target.dtype != images.dtype):
            raise InputError(
                f"the targets of {images.name} are {target.shape[1:]} {target.dtype}, but the images are "
                f"{images.image_shape} {images.dtype}; both must be alike"
            )
        super()._settle(parts)
        if "target" in images.column_names:
            self.objective_.columns = ("target",)

    def _build(self) -> None:
        shape, pair = self.image_shape_, _own_pair(self.network)
        if pair is not None:
            encoder, decoder = copy.deepcopy(pair)
            output = "linear"  # a caller's own decoder ends as its author wants it
        else:
            encoder, decoder = build_pair(
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
                told=self._told(),
            )
            output = "sigmoid" if self.scaling_.bounded and len(shape) == 3 else "linear"
            encoder, decoder, output = self._beside(encoder, decoder, output)
        if pair is None and self.latent_dim is not None:
            # by construction; to pass through networks that wait for their weights, torch loads its compiler: seconds
            self.code_shape_ = (int(self.latent_dim),)
        else:
            self.code_shape_ = code_shape(encoder, shape, self.code_multiplier)
        self.objective_: ReconstructionObjective = self._objective(encoder, decoder, output)
        self._forget_density()

    def _latent_activation(self) -> str | None:
        """Hook: the name of the activation of the code, None for none."""
        return None

    def _told(self) -> int:
        """Hook: how many values the decoder takes behind a code."""
        return 0

    def _beside(self, encoder: nn.Module, decoder: nn.Module, output: str) -> tuple[nn.Module, nn.Module, str]:
        """Hook: the networks built for this model, and the decoder's end, with what stands beside them."""
        return encoder, decoder, output

    def _settled(self) -> dict[str, Any]:
        settled = super()._settled()
        if _own_pair(self.network) is None:
            network, hidden, latent_dim = resolve(self.network, self.image_shape_, self.latent_dim, self.hidden)
            settled |= {"network": network, "hidden": hidden, "latent_dim": latent_dim}
        return settled

    def _convolutions(self) -> tuple[int, ...] | None:
        if _own_pair(self.network) is not None:
            return None
        network, hidden, _ = resolve(self.network, self.image_shape_, self.latent_dim, self.hidden)
        return hidden if network == "conv" else None

    def _networks(self) -> dict[str, tuple[int, ...]]:
        return {"encoder": self.image_shape_, "decoder": self.code_shape_}

    def _pictures(self, parts: Split) -> Callable[[], list[np.ndarray]] | None:
        images, rows = (parts.held_out, parts.held_out_rows) if parts.validation else (parts.images, parts.rows)
        if images.is_table:
            return None
        few = images.take(rows[:_PICTURES])
        return lambda: self._preview(self._batches(few, columns=True).batch(torch.arange(len(few))))

    def _preview(self, batch: Batch) -> list[np.ndarray]:
        """Return lines of scaled pictures: originals, what the model saw (if corrupted), what it made of that."""
        inputs = batch["images"]
        lines = [inputs]
        if (corruption := self._corruption()) is not None:
            inputs = corruption(inputs, torch.Generator(inputs.device).manual_seed(0))
            lines.append(inputs)
        return [line.cpu().numpy() for line in (*lines, self._rebuilt(inputs, batch))]

    def _rebuilt(self, inputs: Tensor, batch: Batch) -> Tensor:
        """Hook: what becomes of scaled images of a batch."""
        return self.objective_.reconstruct(inputs)

    def _corruption(self) -> Callable[..., Tensor] | None:
        return corruptions.from_option("corruption", self.corruption)

    # -- using

    def reconstruct(self, X: Openable) -> np.ndarray:
        """Return what the model makes of X, which it takes as it is (give a denoiser the noisy images)."""
        images = self._open(X)
        # brought into the data's units batch by batch: in the network's range all of them would take much more memory
        return images.as_given(
            self._apply(
                images,
                lambda x: torch.from_numpy(self.scaling_.invert(finite(self.objective_.reconstruct(x), "results"))),
            )
        )

    @available_if(_undoes_something)
    def restore(self, X: Openable) -> np.ndarray:
        """Return the better images that a model trained with a corruption, or on pairs, makes of worse ones."""
        return self.reconstruct(X)

    @available_if(_undoes_something)
    @own_surroundings()
    @torch.no_grad()
    def restore_picture(
        self,
        picture: np.ndarray,
        scaling: Scaling | None = None,
        *,
        hidden: np.ndarray | None = None,
        tile: int | None = None,
        self_ensemble: bool = False,
        tell: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Return the better one of a picture (C, H, W) as large as those of the training; see `Restorer`.

        It is worked on whole, whatever `tile` says. Raises InputError for other sizes, a mask and a self-ensemble.
        """
        check_is_fitted(self, "objective_")
        if hidden is not None or self_ensemble:
            raise InputError(f"{type(self).__name__} takes neither a mask nor a self-ensemble; a Restorer does")
        if picture.shape != self.image_shape_:
            given, own = words.shape(picture.shape[1:]), words.shape(self.image_shape_[1:])
            raise InputError(
                f"it is {given}, and this {type(self).__name__} restores pictures of {own} alone; train one for any "
                "size: latente fit PHOTOS --model restorer"
            )
        units = self.scaling_ if scaling is None else scaling
        made = self.objective_.reconstruct(units.apply(self._batch_of(picture)))
        return units.invert(finite(made, "results"))[0]

    def score_samples(self, X: Openable) -> np.ndarray:
        """Return each image's score (N,), lower is more abnormal; what it is in which unit, the class says."""
        return self._over(self._open(X), self._batch_scores, columns=True)["scores"]

    def score(self, X: Openable, y: ArrayLike | None = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def _batch_scores(self, batch: Batch) -> dict[str, Tensor]:
        generator = torch.Generator(self.device_).manual_seed(self.seed_)  # all images meet the same noise
        return {"scores": self._scores(self.objective_.evaluate(batch, generator))}

    # -- for subclasses

    def _columns(self) -> tuple[str, ...]:
        return ("target",)

    def _with_scores(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        return outputs | {"scores": self._scores(outputs)}

    def _scores(self, terms: Mapping[str, Tensor]) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define _scores(terms)")


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(AutoencoderOptions, BaseAutoencoder):
    """Learn a code for images from which they can be rebuilt; with a `corruption`, a denoiser (Vincent et al. 2010).

    loss: "mse", "bce" or "l1", each a mean per value in the network's range. shortcut: "pca" adds what the networks
    make to the linear code and image of principal component analysis, from which training thus starts, and which stays
    the model where no epoch betters it; with "mean" the decoder's last bias starts at the mean image (of convolutions:
    the mean of each channel), without which an output between 0 and 1 may never leave a poor start. "auto" is "pca"
    where the code is linear and a vector and the loss "mse" or "l1", else "mean"; none for a caller's own networks.
    latent_activation: of the code; None is linear. The other options are those of `BaseAutoencoder`.

    `score_samples` is the negative loss per image. `sample` draws from a density fitted to the training codes.
    """

    kind = "autoencoder"

    def _latent_activation(self) -> str | None:
        return self.latent_activation

    def _examine(self, parts: Split) -> None:
        super()._examine(parts)
        is_ours = _own_pair(self.network) is None
        is_linear = self.loss != "bce" and self.latent_activation is None and self.latent_dim is not None
        fits = is_ours and is_linear and "target" not in parts.images.column_names
        if self.shortcut == "pca" and not fits:
            raise InputError(
                "shortcut 'pca' needs a linear code of a number of values, networks by name, the loss 'mse' or 'l1', "
                "and no targets; leave it out"
            )
        if self.shortcut == "mean" and not is_ours:
            raise InputError("shortcut 'mean' needs networks by name; start your own decoder as you like")
        self.shortcut_: str | None = self.shortcut
        if self.shortcut == "auto":
            self.shortcut_ = "pca" if fits else "mean" if is_ours else None

    def _beside(self, encoder: nn.Module, decoder: nn.Module, output: str) -> tuple[nn.Module, nn.Module, str]:
        if self.shortcut_ != "pca":
            return encoder, decoder, output
        assert self.latent_dim is not None
        shape, code = self.image_shape_, (self.latent_dim,)
        end = "linear" if output == "linear" else "clipped"  # the image of principal components is no logit
        return WithLinear(encoder, shape, code), WithLinear(decoder, code, shape), end

    def _start(self, parts: Split) -> None:
        """The networks start from the mean or the principal components of the training images."""
        if self.shortcut_ is None:
            return
        crop, columns = self.window_, self.objective_.columns
        learned = Batches(parts.images, self.scaling_, self.device_, columns, crop=crop)
        if self.shortcut_ == "mean":
            start_at(self.objective_.decoder, mean_image(learned, parts.rows), self.objective_.output)
            return
        held_out = None
        if parts.validation is not None:
            images, rows = parts.validation
            held_out = Batches(images, self.scaling_, self.device_, crop=crop), rows
        principal = fit_principal(
            learned, parts.rows, held_out, math.prod(self.code_shape_), crops=crop is not None, seed=self.seed_
        )
        mean, axes = principal.mean, torch.zeros(*self.code_shape_, len(principal.mean))
        axes[: len(principal.axes)] = principal.axes
        cast(WithLinear, self.objective_.encoder).set_linear(axes, -axes @ mean)
        cast(WithLinear, self.objective_.decoder).set_linear(axes.T, mean)

    @property
    def principal_(self) -> Principal | None:
        """The principal components that the networks started from and add to; None without that shortcut."""
        if self.shortcut_ != "pca":
            return None
        encoder, decoder = cast(WithLinear, self.objective_.encoder), cast(WithLinear, self.objective_.decoder)
        return Principal(decoder.bias.cpu(), encoder.weight.cpu())

    def _settled(self) -> dict[str, Any]:
        return {**super()._settled(), "shortcut": self.shortcut_}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "shortcut_": self.shortcut_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.shortcut_ = facts.get("shortcut_")  # models of before there was one have none

    def _objective(self, encoder: nn.Module, decoder: nn.Module, output: str) -> AutoencoderObjective:
        self.codes_mean_: np.ndarray | None = None
        self.codes_covariance_: np.ndarray | None = None
        output = "sigmoid" if self.loss == "bce" else output
        objective = AutoencoderObjective(encoder, decoder, loss=self.loss, output=output, corruption=self._corruption())
        objective.starts_well = self.shortcut_ == "pca"
        return objective

    def _scores(self, terms: Mapping[str, Tensor]) -> Tensor:
        return -terms["objective"]

    def _after_training(self, parts: Split) -> None:
        """Fit a normal density, shrunk after Ledoit and Wolf (2004), to the codes of some training images."""
        self._fit_normal(parts)
        super()._after_training(parts)

    def _fit_normal(self, parts: Split) -> None:
        images, rows = parts.images, parts.rows
        if math.prod(self.code_shape_) > LARGEST_CODE or len(rows) < 2:
            return
        from sklearn.covariance import LedoitWolf

        few = rows[np.linspace(0, len(rows) - 1, min(len(rows), _IMAGES_FOR_DENSITY)).astype(int)]
        density = LedoitWolf().fit(self.transform(images.take(few)))
        self.codes_mean_, self.codes_covariance_ = density.location_, density.covariance_

    def _normal_in_words(self) -> str:
        return say("a normal density fitted to the training codes")

    def _draw_normal(self, n: int, rng: np.random.Generator) -> np.ndarray:
        if self.codes_mean_ is None or self.codes_covariance_ is None:
            raise InputError(
                f"sample needs a density of the codes, which is fitted to codes of at most {LARGEST_CODE} values when "
                "training ends; set latent_dim, or use a VariationalAutoencoder"
            )
        return rng.multivariate_normal(self.codes_mean_, self.codes_covariance_, n, method="eigh").astype(np.float32)

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {**super()._arrays(), "codes_mean_": self.codes_mean_, "codes_covariance_": self.codes_covariance_}

    def _check_arrays(self) -> None:
        super()._check_arrays()
        size = math.prod(self.code_shape_)
        shapes = [None if array is None else array.shape for array in (self.codes_mean_, self.codes_covariance_)]
        if shapes not in ([None, None], [(size,), (size, size)]):
            raise ValueError(f"the density of its codes has the shapes {shapes}")


def _own_pair(network: Any) -> tuple[nn.Module, nn.Module] | None:
    """Return the caller's own (encoder, decoder), or None where `network` is a name."""
    return own_pair(network, NETWORKS, "encoder, decoder")
