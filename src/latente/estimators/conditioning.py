"""The numbers beside images, which a variational autoencoder learns together with them, or is told."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from latente.errors import InputError, did_you_mean
from latente.estimators import data
from latente.estimators.autoencoders import BaseAutoencoder
from latente.estimators.options.variational import VariationalOptions
from latente.estimators.passing import finite
from latente.images import Conditioned, Images, Openable, Scaling, require_condition, to_layout
from latente.networks.dense import DenseDecoder, DenseEncoder
from latente.objectives import Batch, ConditionedObjective, VariationalObjective, reparametrised
from latente.training.randomness import settle_seed
from latente.training.surroundings import own_surroundings

__all__ = ["ConditionedCoder"]

_BESIDE = (128, 128)  # hidden widths of the networks of a condition
_DRAWN, _MOST_DRAWS = 50, 5_000  # codes drawn for each image within bounds: at once, and in all
_KEPT = 1_000  # conditions of the training, from which those of samples are drawn

Bounds = tuple[float | None, float | None]  # the lowest and the highest value, None for no end


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class ConditionedCoder(VariationalOptions, BaseAutoencoder):
    """What a variational autoencoder does with a `condition`: pairs go in and come out; without one, images alone.

    A subclass says what is minimised; where there is a condition, its objective is a `ConditionedObjective`.
    """

    # -- fitting

    def check(self) -> None:
        super().check()
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

    def _condition_parts(self) -> dict[str, Any]:
        """Return what a `ConditionedObjective` takes beside the options of every variational one."""
        scaling, code = self.column_scalings_["condition"], math.prod(self.code_shape_)
        size = len(scaling.scale)
        return {
            "way": self.condition,
            "size": size,
            "condition_encoder": DenseEncoder((size,), 2 * code, _BESIDE, activation="silu"),
            "condition_decoder": None if self._told() else DenseDecoder(code, (size,), _BESIDE, activation="silu"),
            "weight": self.condition_weight,
            "condition_log_jacobian": scaling.log_jacobian((size,)),
        }

    def _after_training(self, parts: data.Split) -> None:
        if self.condition != "given":  # codes that are told of the condition are drawn from the prior that it was
            super()._after_training(parts)

    # -- using

    @property
    def _bounds(self) -> VariationalObjective:
        return cast(VariationalObjective, self.objective_)

    @property
    def _conditioned(self) -> ConditionedObjective:
        return cast(ConditionedObjective, self.objective_)

    def _decoded_with(self, code: Tensor, condition: Tensor | None) -> Tensor:
        """Return the scaled images of codes, whose decoder may be told a condition."""
        return self._bounds.decode(code) if self.condition is None else self._conditioned.decode(code, condition)

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
            return Conditioned(super().decode(codes), self.decode_conditions(codes))
        codes = np.asarray(codes, np.float32)
        told = self._given(conditions, len(codes))
        rows = np.concatenate([codes.reshape(len(codes), -1), self._scaled(told)], 1)
        size = math.prod(self.code_shape_)
        if rows.shape[1] != size + len(self.condition_names_) or not np.isfinite(rows).all():
            return Conditioned(super().decode(codes), told)  # which says what is wrong with them
        scaled = self._over_codes(rows, lambda row: self._conditioned.decode(row[:, :size], row[:, size:]))
        return Conditioned(to_layout(self.scaling_.invert(finite(scaled, "decoded images")), self.layout_), told)

    def decode_conditions(self, codes: Any) -> np.ndarray:
        """Return the conditions (N, K) that codes stand for, in the data's units, of a model that learned them."""
        check_is_fitted(self, "objective_")
        self._require_joint()
        rows = np.asarray(codes, np.float32).reshape(len(codes), -1)
        return self._in_units(self._over_codes(rows, self._conditioned.conditions))

    def sample(
        self,
        n: int = 16,
        random_state: Any = None,
        *,
        conditions: ArrayLike | None = None,
        within: Mapping[str, Bounds] | None = None,
    ) -> Any:
        """Return n new images in the training's layout, decoded from codes that `random_state` draws; or such a pair.

        conditions: as `decode` takes them; where the condition is given and they are None, n are drawn from those of
        the training. within: of a joint condition, the lowest and the highest value of some of its numbers by name,
        None for no end; codes that decode to others are drawn again. Raises InputError where 5,000 draws for each image
        do not do.
        """
        self._check_number(n)
        if within is not None:
            self._refuse(conditions)
            return self.decode(self._draw_within(n, np.random.default_rng(settle_seed(random_state)), within))
        if self.condition != "given":
            self._refuse(conditions)
            return self.decode(self.draw_codes(n, random_state))
        if conditions is None:
            assert self.conditions_ is not None
            rng = np.random.default_rng([settle_seed(random_state), 5])
            conditions = self.conditions_[rng.integers(len(self.conditions_), size=n)]
        return self.decode(self.draw_codes(n, random_state), self._given(conditions, n))

    def _draw_within(self, n: int, rng: np.random.Generator, within: Mapping[str, Bounds]) -> np.ndarray:
        """Return codes (n, ...) whose conditions lie within the bounds."""
        self._require_joint()
        names = self.condition_names_
        for name, (low, high) in within.items():
            if name not in names:
                raise did_you_mean("condition", name, names)
            if low is not None and high is not None and low > high:
                raise InputError(f"within {name}: the lowest value, {low:g}, is above the highest, {high:g}")
        kept, missing = [], n
        for _ in range(_MOST_DRAWS // _DRAWN):
            codes = self._draw_codes(_DRAWN * n, rng)
            made = self.decode_conditions(codes)
            fits = np.ones(len(codes), bool)
            for name, (low, high) in within.items():
                values = made[:, names.index(name)]
                fits &= (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))
            kept.append(codes[fits][:missing])
            missing -= len(kept[-1])
            if not missing:
                return np.concatenate(kept)
        asked = ", ".join(name + _in_words(*bounds) for name, bounds in within.items())
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
                    code = reparametrised(mean, log_var, noise)
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

    def _require_joint(self) -> None:
        if self.condition != "joint":
            raise InputError("this model decodes no conditions; train it with condition='joint'")

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

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "condition_names_": self.condition_names_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.condition_names_ = tuple(map(str, facts.get("condition_names_", ())))  # of older models there are none
        self.conditions_ = None
        size = len(self.column_scalings_["condition"].scale) if "condition" in self.column_scalings_ else 0
        if (self.condition is not None) != (size > 0) or len(self.condition_names_) != size:
            raise ValueError(f"it learned conditions {self.condition_names_}, and has a scaling for {size} numbers")

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {**super()._arrays(), "conditions_": self.conditions_}

    def _check_arrays(self) -> None:
        super()._check_arrays()
        shape = None if self.conditions_ is None else self.conditions_.shape
        expected = len(self.condition_names_) if self.condition == "given" else None
        if (shape is None) != (expected is None) or (shape is not None and shape[1:] != (expected,)):
            raise ValueError(f"the conditions that it draws from have the shape {shape}")


def _in_words(low: float | None, high: float | None) -> str:
    return ("" if low is None else f" from {low:g}") + ("" if high is None else f" to {high:g}")
