"""The variational autoencoder: a density of images with a code for each."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from latente.errors import InputError, did_you_mean
from latente.estimators import data, planning
from latente.estimators.autoencoders import BaseAutoencoder
from latente.estimators.options.variational import VariationalOptions
from latente.estimators.passing import finite
from latente.images import Conditioned, Images, Openable, Scaling, require_condition, to_layout
from latente.networks.dense import DenseDecoder, DenseEncoder
from latente.networks.summary import LayerSummary
from latente.objectives import Batch, ConditionedObjective, VariationalObjective, check_bound
from latente.training.randomness import settle_seed
from latente.training.surroundings import own_surroundings

__all__ = ["VariationalAutoencoder"]

_BESIDE = (128, 128)  # hidden widths of the networks of a condition
_DRAWN, _MOST_DRAWS = 50, 5_000  # codes drawn for each image within bounds: at once, and in all
_KEPT = 1_000  # conditions of the training, from which those of samples are drawn


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class VariationalAutoencoder(VariationalOptions, BaseAutoencoder):
    """Learn a density of images with a normal code for each (Kingma & Welling 2014), in nats per image.

    likelihood: "bernoulli", "gaussian" (one learned sigma; the density is that of the data in their own units), or
    "auto": Bernoulli for pictures of 8 bits or fewer, else Gaussian. beta: weight of the KL divergence (Higgins et al.
    2017). beta_warmup: steps in which it rises from 0. free_bits: nats per latent dimension that cost nothing (Kingma
    et al. 2016). samples: codes drawn for each image in a training step, over which the reconstruction's term is
    averaged (Kingma & Welling 2014, eq. 7). importance_samples: k > 1 trains the importance-weighted bound instead
    (Burda et al. 2016). binarization: "dynamic" draws each pixel anew as 0 or 1, with its intensity for the probability
    of 1, whenever an image is met, so that a Bernoulli likelihood of grey pictures is a density. The other options are
    those of `BaseAutoencoder`.

    condition: the numbers beside each image, the column "condition" of `Images`. "joint" learns the density of both:
    encoder and decoder have a part for them, with a scaling of its own, each number to [0, 1], and a normal likelihood
    whose sigma is learned for each; then `decode`, `sample` and `reconstruct` return a pair (images, conditions), both
    in the data's units. condition_weight: how many nats of the image one nat of the condition counts for; only with 1
    is the bound that of the pair's density. "given" tells both networks the condition, for a density of images by it (a
    conditional variational autoencoder, Sohn et al. 2015): `decode` and `sample` take `conditions`. Either needs images
    with conditions wherever it encodes.

    `encode` returns posterior means; `score_samples` is the evidence lower bound in nats per image, by the prior
    N(0, I), which is also prior="normal". Any other `prior` concerns samples alone: images' codes, draws from their
    posteriors, do not fill N(0, I) evenly, and where none lies the decoder has learned nothing. A Bernoulli likelihood
    of data that are not binary is a cross-entropy and no log-likelihood; `is_density_` says which it is.
    """

    kind = "vae"
    noises = 100
    code_multiplier = 2

    def check(self) -> None:
        super().check()
        check_bound(self.samples, self.importance_samples, self.free_bits)
        if self.condition != "joint" and self.condition_weight != 1:
            raise InputError("condition_weight weighs a condition that is decoded: give condition='joint'")
        if self.condition is None:
            return
        if self.corruption is not None:
            raise InputError("condition goes with images as they are: leave corruption out")
        if self.condition == "given" and self.latent_dim is None:
            raise InputError("condition='given' needs codes that are vectors: give latent_dim")
        if self.condition == "given" and self.prior not in ("auto", "normal"):
            raise InputError(f"condition='given' draws codes from the normal prior: leave prior={self.prior!r} out")

    def _accepts(self, images: Images) -> None:
        super()._accepts(images)
        if self.condition is not None:
            require_condition(images)

    def _columns(self) -> tuple[str, ...]:
        return ("target",) if self.condition is None else ("target", "condition")

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        self.condition_names_: tuple[str, ...] = ()
        self.conditions_: np.ndarray | None = None
        if self.condition is not None:
            self._examine_condition(parts)
        self.likelihood_ = self._likelihood()
        plain_bernoulli = self.likelihood_ == "bernoulli" and self.binarization is None
        self.is_binary_ = self.binarization is not None
        if plain_bernoulli:  # otherwise it has no meaning, and looking through all images takes long
            self.is_binary_ = data.is_binary(parts.images, self.scaling_)

    def _examine_condition(self, parts: data.Split) -> None:
        """Settle names and scaling of the conditions; of those that are given, keep some to draw from."""
        values = require_condition(parts.images)
        numbered = tuple(f"condition {k + 1}" for k in range(values.shape[1]))
        self.condition_names_ = parts.images.condition_names or numbered
        require_condition(parts.held_out, self.condition_names_)
        self.column_scalings_["condition"] = Scaling.of_columns(values, parts.visible_rows)
        if self.condition == "given":
            few = parts.rows[np.linspace(0, len(parts.rows) - 1, min(len(parts.rows), _KEPT)).astype(int)]
            self.conditions_ = np.asarray(values[few], np.float32)

    def _settle(self, parts: data.Split) -> None:
        super()._settle(parts)
        if self.condition is not None:
            self.objective_.columns = tuple(name for name in self._columns() if name in parts.images.column_names)
            if self.conditions_ is not None:
                usual = torch.from_numpy(self._scaled(self.conditions_.mean(0, keepdims=True))[0])
                self._conditioned.usual_condition.copy_(usual)
        if self._draws > 1:
            option = "samples" if self.importance_samples == 1 else "importance_samples"
            values = math.prod(self.image_shape_)
            planning.check_draws(option, self._draws, self._training_options(), len(parts.rows), values, self.device_)

    @property
    def _draws(self) -> int:
        """How many codes of each image a training step decodes; at most one of the two options is not 1."""
        return max(self.samples, self.importance_samples)

    def _cost(self, parts: data.Split, layers: list[LayerSummary]) -> tuple[float, int]:
        # each code that a step draws goes through the decoder, and leaves what its layers gave in memory
        draws = (self._draws,)
        return super()._cost(
            parts,
            [
                row._replace(output=row.output + draws) if row.output and row.name.startswith("decoder.") else row
                for row in layers
            ],
        )

    def _likelihood(self) -> str:
        dtype = np.dtype(self.scaling_.dtype)
        if self.likelihood == "auto":
            is_picture = dtype in (np.uint8, np.bool_) and len(self.image_shape_) == 3
            return "bernoulli" if is_picture else "gaussian"
        return self.likelihood

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "is_binary_": self.is_binary_, "condition_names_": self.condition_names_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.is_binary_ = bool(facts["is_binary_"])
        self.condition_names_ = tuple(map(str, facts.get("condition_names_", ())))  # of older models there are none
        self.conditions_ = None
        size = len(self.column_scalings_["condition"].scale) if "condition" in self.column_scalings_ else 0
        if (self.condition is not None) != (size > 0) or len(self.condition_names_) != size:
            raise ValueError(f"it learned conditions {self.condition_names_}, and has a scaling for {size} numbers")
        self.likelihood_ = self._likelihood()

    def _settled(self) -> dict[str, Any]:
        return {**super()._settled(), "likelihood": self.likelihood_}

    def _told(self) -> int:
        return len(self.condition_names_) if self.condition == "given" else 0

    def _networks(self) -> dict[str, tuple[int, ...]]:
        networks = super()._networks()
        if self.condition is None:
            return networks
        size, code = len(self.condition_names_), (math.prod(self.code_shape_),)
        if self.condition == "given":
            return {**networks, "decoder": (code[0] + size,), "condition_encoder": (size,)}
        return {**networks, "condition_encoder": (size,), "condition_decoder": code}

    def _objective(self, encoder: nn.Module, decoder: nn.Module, output: str) -> VariationalObjective:
        options: dict[str, Any] = {
            "likelihood": self.likelihood_,
            "output": "sigmoid" if self.likelihood_ == "bernoulli" else output,
            "beta": self.beta,
            "beta_warmup": self.beta_warmup,
            "free_bits": self.free_bits,
            "samples": self.samples,
            "importance_samples": self.importance_samples,
            "corruption": self._corruption(),
            "log_jacobian": self.scaling_.log_jacobian(self.image_shape_),
            "is_binary": self.is_binary_,
            "binarization": self.binarization,
        }
        if self.condition is None:
            return VariationalObjective(encoder, decoder, **options)
        scaling, code = self.column_scalings_["condition"], math.prod(self.code_shape_)
        size = len(scaling.scale)
        return ConditionedObjective(
            encoder,
            decoder,
            way=self.condition,
            size=size,
            condition_encoder=DenseEncoder((size,), 2 * code, _BESIDE, activation="silu"),
            condition_decoder=None if self._told() else DenseDecoder(code, (size,), _BESIDE, activation="silu"),
            weight=self.condition_weight,
            condition_log_jacobian=scaling.log_jacobian((size,)),
            **options,
        )

    @property
    def is_density_(self) -> bool:
        """Whether the bounds are log-likelihoods: always for a Gaussian; for a Bernoulli, of binary data only."""
        return self._bounds.density

    def evaluate(self, X: Openable, bound_samples: int | None = None) -> dict[str, Any]:
        """Return what `BaseAutoencoder.evaluate` does, the evidence lower bound, and the bound with `bound_samples`.

        Reconstruction and objective are of one code for each image, drawn by one of 50 noises or their mirror images:
        where a single one met all images, its chance would move the means by nats. "elbo_error" is the standard error
        that is left.
        """
        images = self._open(X)
        figures = super().evaluate(images)
        if bound_samples is None:
            return figures
        bound = float(self.bound(images, bound_samples).mean(dtype=np.float64))
        return figures | {"bound": bound, "bound_samples": bound_samples}

    def _outputs(self, batch: Batch, generator: torch.Generator, noise: int) -> dict[str, Tensor]:
        return self._bounds.outputs(batch, generator.manual_seed(self._noise_seed(noise // 2)), (-1.0) ** noise)

    @property
    def _bounds(self) -> VariationalObjective:
        return cast(VariationalObjective, self.objective_)

    def posterior(self, X: Openable) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and log-variance of the posterior of each image, each of the codes' shape, float32."""
        images = self._open(X)

        def posterior(batch: Batch) -> dict[str, Tensor]:
            mean, log_var = self._bounds.posterior(batch["images"], batch.get("condition"))
            return {"mean": mean, "log_var": log_var}

        parameters = self._over(images, posterior, columns=self.condition is not None)
        return parameters["mean"], parameters["log_var"]

    def bound(self, X: Openable, samples: int = 100) -> np.ndarray:
        """Return each image's importance-weighted bound of log p(x) in nats (N,), with so many samples.

        Source: Burda et al. 2016, eq. 8. All images meet the same noise; the bound rises with the samples to log p(x).
        """
        images = self._open(X)
        if samples < 1:
            raise InputError(f"samples must be at least 1, not {samples}")
        generator = torch.Generator(self.device_)

        def bound(batch: Batch) -> dict[str, Tensor]:
            return {"bound": self._bounds.bound(batch, samples, generator.manual_seed(self.seed_))}

        return self._over(images, bound, columns=self.condition is not None)["bound"]

    # -- images, and the conditions beside them

    def encode(self, X: Openable) -> np.ndarray:
        """Return the posteriors' means of X, float32: (N, latent_dim), or (N, C, H, W) where codes are spatial."""
        return super().encode(X) if self.condition is None else self.posterior(X)[0]

    def decode(self, codes: Any, conditions: ArrayLike | None = None) -> Any:
        """Return the images that codes stand for, in the training's layout; with a condition, a pair of both.

        conditions: where the condition is given, one (K,) for all, or one for each (N, K), in the data's units; the
        mean of the training where it is None. Raises InputError for codes or conditions that are NaN or infinite, and
        for conditions that nothing is told of.
        """
        if self.condition is None:
            self._refuse(conditions)
            return super().decode(codes)
        check_is_fitted(self, "objective_")
        if self.condition == "joint":
            self._refuse(conditions)
            images = super().decode(codes)
            rows = np.asarray(codes, np.float32).reshape(len(images), -1)
            return Conditioned(images, self._in_units(self._over_codes(rows, self._conditioned.conditions)))
        codes = np.asarray(codes, np.float32)
        told = self._given(conditions, len(codes))
        rows = np.concatenate([codes.reshape(len(codes), -1), self._scaled(told)], 1)
        size = math.prod(self.code_shape_)
        if rows.shape[1] != size + len(self.condition_names_) or not np.isfinite(rows).all():
            return Conditioned(super().decode(codes), told)  # which says what is wrong with them
        scaled = self._over_codes(rows, lambda row: self._conditioned.decode(row[:, :size], row[:, size:]))
        return Conditioned(to_layout(self.scaling_.invert(finite(scaled, "decoded images")), self.layout_), told)

    def sample(
        self,
        n: int = 16,
        random_state: Any = None,
        *,
        conditions: ArrayLike | None = None,
        within: Mapping[str, tuple[float, float]] | None = None,
    ) -> Any:
        """Return n new images in the training's layout, decoded from codes that `random_state` draws; or such a pair.

        conditions: as `decode` takes them; where the condition is given and they are None, n are drawn from those of
        the training. within: of a joint condition, the lowest and the highest value of some of its numbers by name;
        codes that decode to others are drawn again. Raises InputError where 5,000 draws for each image do not do.
        """
        self._check_number(n)
        if within is not None:
            return self.decode(self._draw_within(n, np.random.default_rng(settle_seed(random_state)), within))
        if self.condition != "given":
            self._refuse(conditions)
            return self.decode(self.draw_codes(n, random_state))
        if conditions is None:
            assert self.conditions_ is not None
            rng = np.random.default_rng([settle_seed(random_state), 5])
            conditions = self.conditions_[rng.integers(len(self.conditions_), size=n)]
        return self.decode(self.draw_codes(n, random_state), self._given(conditions, n))

    def _draw_within(self, n: int, rng: np.random.Generator, within: Mapping[str, tuple[float, float]]) -> np.ndarray:
        """Return codes (n, ...) whose conditions lie within the bounds."""
        if self.condition != "joint":
            raise InputError("within: this model decodes no conditions; train it with condition='joint'")
        names = self.condition_names_
        for name in within:
            if name not in names:
                raise did_you_mean("condition", name, names)
        kept, missing = [], n
        for _ in range(_MOST_DRAWS // _DRAWN):
            codes = self._draw_codes(_DRAWN * n, rng)
            made = self._in_units(self._over_codes(codes.reshape(len(codes), -1), self._conditioned.conditions))
            fits = np.ones(len(codes), bool)
            for name, (low, high) in within.items():
                values = made[:, names.index(name)]
                fits &= (values >= low) & (values <= high)
            kept.append(codes[fits][:missing])
            missing -= len(kept[-1])
            if not missing:
                return np.concatenate(kept)
        asked = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in within.items())
        raise InputError(
            f"within {asked}: {n - missing} of {n} images were found among {_MOST_DRAWS * n:,} draws; ask for a region "
            "that the training images have"
        )

    def reconstruct(self, X: Openable, *, samples: int | None = None) -> Any:
        """Return what becomes of X by way of its posteriors' means, in its layout and units; with a condition, a pair.

        samples: the mean over so many draws from each image's posterior instead, as an estimate of the mean of
        p(x | z) over q(z | x); all images meet the same noise. The conditions are decoded alike, or those given.
        """
        if samples is None and self.condition is None:
            return super().reconstruct(X)
        if samples is not None and samples < 1:
            raise InputError(f"samples must be at least 1, not {samples}")
        images = self._open(X)

        def rebuilt(batch: Batch) -> dict[str, Tensor]:
            condition = batch.get("condition")
            mean, log_var = self._bounds.posterior(batch["images"], condition)
            generator = torch.Generator(self.device_).manual_seed(self.seed_)
            total: dict[str, Tensor] = {}
            for _ in range(samples or 1):
                code = mean
                if samples is not None:
                    noise = torch.randn((1, *mean.shape[1:]), generator=generator, device=mean.device)
                    code = mean + torch.exp(0.5 * log_var) * noise
                made = {"images": self._decoded_with(code, condition)}
                if self.condition == "joint":
                    made["conditions"] = self._conditioned.conditions(code)
                total = {name: value + total.get(name, 0) for name, value in made.items()}
            means = {name: value / (samples or 1) for name, value in total.items()}
            means["images"] = torch.from_numpy(self.scaling_.invert(finite(means["images"], "results")))
            return means

        made = self._over(images, rebuilt, columns=self.condition is not None)
        pixels = images.as_given(made["images"])
        if self.condition is None:
            return pixels
        told = self._in_units(made["conditions"]) if "conditions" in made else np.asarray(images.columns["condition"])
        return Conditioned(pixels, told)

    @property
    def _conditioned(self) -> ConditionedObjective:
        return cast(ConditionedObjective, self.objective_)

    def _decoded_with(self, code: Tensor, condition: Tensor | None) -> Tensor:
        """Return the scaled images of codes, whose decoder may be told a condition."""
        return self._bounds.decode(code) if self.condition is None else self._conditioned.decode(code, condition)

    def _refuse(self, conditions: ArrayLike | None) -> None:
        if conditions is not None:
            raise InputError("conditions: this model is given none; train it with condition='given'")

    def _given(self, conditions: ArrayLike | None, n: int) -> np.ndarray:
        """Return conditions for n images, (n, K) float32 in the data's units."""
        names = self.condition_names_
        if conditions is None:
            assert self.conditions_ is not None
            conditions = self.conditions_.mean(0)
        values = np.atleast_2d(np.asarray(conditions, np.float32))
        if values.shape not in ((1, len(names)), (n, len(names))) or not np.isfinite(values).all():
            raise InputError(
                f"conditions must be finite numbers ({', '.join(names)}), once or for each of {n} images, not an array "
                f"of shape {np.shape(conditions)}"
            )
        return np.repeat(values, n // len(values), axis=0)

    def _scaled(self, conditions: np.ndarray) -> np.ndarray:
        return self.column_scalings_["condition"].to_range(conditions)

    def _in_units(self, conditions: np.ndarray | Tensor) -> np.ndarray:
        return self.column_scalings_["condition"].invert(finite(torch.as_tensor(conditions), "conditions"))

    @own_surroundings()
    @torch.no_grad()
    def _over_codes(self, rows: np.ndarray, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply a function to rows that hold codes, some at a time."""
        tensor = torch.from_numpy(np.ascontiguousarray(rows))
        return torch.cat([function(part.to(self.device_)).cpu() for part in tensor.split(self._chunk())])

    def _matched(self, images: Images) -> Images:
        images = super()._matched(images)
        if self.condition is not None:
            require_condition(images, self.condition_names_)
        return images

    def _rebuilt(self, inputs: Tensor, batch: Batch) -> Tensor:
        condition = batch.get("condition")
        return self._decoded_with(self._bounds.encode(inputs, condition), condition)

    def _preview(self, batch: Batch) -> list[np.ndarray]:
        lines, count = super()._preview(batch), len(batch["images"])
        codes = np.random.default_rng(0).standard_normal((count, *self.code_shape_), dtype=np.float32)
        decoded = self._decoded_with(torch.from_numpy(codes).to(self.device_), batch.get("condition"))
        return [*lines, decoded.cpu().numpy()]

    # -- samples

    def _after_training(self, parts: data.Split) -> None:
        if self.condition != "given":  # codes that are told of the condition are drawn from the prior that it was
            super()._after_training(parts)

    def _codes(self, images: Images, rows: np.ndarray, count: int) -> np.ndarray:
        if self.condition is None:
            return super()._codes(images, rows, count)
        few = images.take(rows[np.linspace(0, len(rows) - 1, min(len(rows), count)).astype(int)])
        mean, log_var = (torch.from_numpy(part).flatten(1) for part in self.posterior(few))
        generator = torch.Generator().manual_seed(self.seed_)
        codes: np.ndarray = (mean + torch.exp(0.5 * log_var) * torch.randn(mean.shape, generator=generator)).numpy()
        return codes

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {**super()._arrays(), "conditions_": self.conditions_}

    def _check_arrays(self) -> None:
        super()._check_arrays()
        shape = None if self.conditions_ is None else self.conditions_.shape
        expected = len(self.condition_names_) if self.condition == "given" else None
        if (shape is None) != (expected is None) or (shape is not None and shape[1:] != (expected,)):
            raise ValueError(f"the conditions that it draws from have the shape {shape}")

    def _scores(self, terms: Mapping[str, Tensor]) -> Tensor:
        return -(terms["reconstruction"] + terms["kl"])

    def _codes_about(self, x: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_var = self._bounds.posterior(x)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return mean + torch.exp(0.5 * log_var) * noise

    def _normal_in_words(self) -> str:
        return "the standard normal prior"

    def _draw_normal(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((n, *self.code_shape_), dtype=np.float32)
