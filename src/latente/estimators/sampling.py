"""New images: from which density their codes are drawn, how it is fitted, and which one is chosen."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from latente import words
from latente.errors import InputError
from latente.estimators.data import Split
from latente.estimators.decoding import Decoder
from latente.estimators.flows import MOST_CODES, Flow, fit_flow, weights_of
from latente.estimators.options.autoencoders import ReconstructionOptions
from latente.estimators.principal import fit_principal
from latente.images import Images
from latente.languages import joined, say
from latente.latents import Mixture, fit_mixture
from latente.metrics import frechet_distance
from latente.objectives import Batch, ReconstructionObjective
from latente.training.surroundings import own_surroundings

__all__ = ["LARGEST_CODE", "Sampler"]

LARGEST_CODE = 1024  # values in a code, to which a density is fitted
FEWEST_IMAGES = 500  # for which "auto" looks beyond the normal density: of fewer a model learns fast, a mixture little
LOOKED_AT = 2_000  # held-out images, and samples beside them
_LONGEST_CODE = 256  # of which "auto" fits a mixture
_FEWEST_CODES = 20
_MOST_CODES = 5_000
_COMPONENTS = (1, 2, 5, 10, 20, 50, 100)
_TOLERANCE = 0.01  # nats per code: what more patience gains cannot be seen
_WORK = 4e8  # codes times components times the square of their length, which take seconds
_FEATURES = 64  # principal components of images, by which samples are judged
_OF_MIXTURE = ("mixture_weights_", "mixture_means_", "mixture_covariances_")
_OF_FLOW = ("flow_weights_", "flow_mean_", "flow_root_")
_VALUES = 25_000_000  # of images that are looked at, 100 MB

Draw = Callable[[int, np.random.Generator], np.ndarray]
Way = str | int  # a density's name, or the number of a mixture's components


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Sampler(ReconstructionOptions, Decoder):
    """A decoder whose new codes are drawn from a density that was fitted to its codes, its `prior`.

    A subclass says what its normal density is (`_draw_normal`), and how codes lie about an image (`_codes_about`).
    """

    # -- using

    @property
    def _coder(self) -> ReconstructionObjective:
        return cast(ReconstructionObjective, self.objective_)

    def drawn_from(self) -> str:
        """Return in words the density from which samples are drawn, and where it was chosen, by what."""
        text = self._normal_in_words()
        if self.prior_ == "mixture":
            assert self.mixture_weights_ is not None
            count = len(self.mixture_weights_)
            text = say("a normal density fitted to the training codes")
            if count > 1:
                text = say("a mixture of {count} normal densities fitted to the training codes", count=count)
        if self.prior_ == "flow":
            text = say("a flow fitted to the training codes")
        if self.prior_ not in self.prior_distances_:
            return text
        own, *others = sorted(self.prior_distances_.items(), key=lambda one: one[0] != self.prior_)
        beside = joined(say("{name} {value}", name=name, value=words.figure(value)) for name, value in others)
        template = "{density} (Frechet distance to held-out images {distance}; {others})"
        return say(template, density=text, distance=words.figure(own[1]), others=beside)

    # -- fitting

    def _settle(self, parts: Split) -> None:
        self.prior_: str = "normal"  # until training has ended
        self.prior_distances_: dict[str, float] = {}
        super()._settle(parts)
        values = math.prod(self.code_shape_)
        if self.prior not in ("auto", "normal") and values > LARGEST_CODE:
            raise InputError(
                f"prior={self.prior!r} is fitted to codes of at most {LARGEST_CODE:,} values, not {values:,}; set "
                "latent_dim, or take prior='normal'"
            )
        if self.prior not in ("auto", "normal") and len(parts.rows) < _FEWEST_CODES:
            raise InputError(
                f"prior={self.prior!r} is fitted to {_FEWEST_CODES} training images or more, not {len(parts.rows)}"
            )

    def _forget_density(self) -> None:
        self.mixture_weights_: np.ndarray | None = None
        self.mixture_means_: np.ndarray | None = None
        self.mixture_covariances_: np.ndarray | None = None
        self.flow_weights_: np.ndarray | None = None
        self.flow_mean_: np.ndarray | None = None
        self.flow_root_: np.ndarray | None = None

    @own_surroundings()
    def _after_training(self, parts: Split) -> None:
        """Fit the density of codes; of several the one is taken whose samples are the nearest to held-out images."""
        super()._after_training(parts)
        if self.prior == "auto" and (len(parts.rows) < FEWEST_IMAGES or math.prod(self.code_shape_) > _LONGEST_CODE):
            return
        if self.prior == "normal":
            return
        if self.prior == "flow":
            self._fit_flow(parts)
            return
        others = parts.validation or (parts.images, parts.rows)
        learned = self._codes(parts.images, parts.rows, _MOST_CODES)
        if not np.isfinite(learned).all():
            return  # what came of such a training is told elsewhere
        work = len(learned) * learned.shape[1] ** 2
        components = [count for count in _COMPONENTS if count == 1 or count * work <= _WORK]
        likeliest, fitted = fit_mixture(learned, self.seed_, components, tol=_TOLERANCE)
        mixtures = {one.n_components: Mixture(one.weights_, one.means_, one.covariances_) for one, _ in fitted}
        ways: dict[Way, Draw] = {count: one.draw for count, one in mixtures.items()}
        if self.prior == "auto":
            ways["normal"] = self._draw_normal
        distances = self._distances(ways, parts, others)
        judged = [count for count in mixtures if count in distances]
        best = min(judged, key=lambda count: distances[count], default=likeliest.n_components)
        self.prior_ = self.prior
        if self.prior == "auto":
            named: list[tuple[str, Way]] = [("normal", "normal"), ("mixture", best)]
            self.prior_distances_ = {name: distances[way] for name, way in named if way in distances}
            self.prior_ = min(self.prior_distances_, key=lambda name: self.prior_distances_[name], default="normal")
        if self.prior_ == "mixture":
            mixture = mixtures[best]
            self.mixture_weights_, self.mixture_means_ = mixture.weights, mixture.means
            self.mixture_covariances_ = mixture.covariances

    def _fit_flow(self, parts: Split) -> None:
        codes = self._codes(parts.images, parts.rows, MOST_CODES)
        if np.isfinite(codes).all():
            flow = fit_flow(codes, self.seed_, str(self.device_), self.threads)
            self.prior_ = "flow"
            self.flow_weights_, self.flow_mean_, self.flow_root_ = flow.weights, flow.mean, flow.root

    def _distances(self, ways: Mapping[Way, Draw], parts: Split, others: tuple[Images, np.ndarray]) -> dict[Way, float]:
        """Return the Frechet distance from the samples of each density to images, by principal components of images."""
        count = min(LOOKED_AT, max(2, _VALUES // math.prod(self.image_shape_)))
        few = _some(parts.images, parts.rows, count)
        batches = self._batches(few, columns=True)
        principal = fit_principal(batches, np.arange(len(few)), None, _FEATURES, seed=self.seed_)
        mean, axes = principal.mean.numpy(), principal.axes.numpy()
        shown = _some(*others, count)
        real = self._over(
            shown, lambda batch: {"images": batch.get("target", batch["images"]).flatten(1)}, columns=True
        )
        features = (real["images"] - mean) @ axes.T
        distances = {}
        for name, draw in ways.items():
            made = self._decoded(draw(max(2, len(shown)), np.random.default_rng([self.seed_, 6])))
            if len(shown) > 1 and np.isfinite(made).all():
                distances[name] = frechet_distance(features, (made - mean) @ axes.T)
        return distances

    def _codes(self, images: Images, rows: np.ndarray, count: int) -> np.ndarray:
        """Return codes (N, D) that lie about at most so many images."""
        generator = torch.Generator(self.device_).manual_seed(self.seed_)
        few = _some(images, rows, count)

        def codes(batch: Batch) -> dict[str, Tensor]:
            return {"codes": self._codes_about(batch, generator).flatten(1)}

        return self._over(few, codes, columns=True)["codes"]

    @torch.no_grad()
    def _decoded(self, codes: np.ndarray) -> np.ndarray:
        """Return the images of codes (N, D) in the network's range, as rows."""
        tensor = torch.from_numpy(codes.astype(np.float32)).reshape(len(codes), *self.code_shape_)
        parts = [self._coder.decode(part.to(self.device_)).flatten(1).cpu() for part in tensor.split(self._chunk())]
        values: np.ndarray = torch.cat(parts).numpy()
        return values

    def _draw_codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self._draw()(n, rng).astype(np.float32).reshape(n, *self.code_shape_)

    def _draw(self) -> Draw:
        """Return what draws codes from the density that was settled on."""
        if self.prior_ == "normal":
            return self._draw_normal
        if self.prior_ == "flow":
            assert self.flow_weights_ is not None
            assert self.flow_mean_ is not None
            assert self.flow_root_ is not None
            return Flow(self.flow_weights_, self.flow_mean_, self.flow_root_).draw
        assert self.mixture_weights_ is not None
        assert self.mixture_means_ is not None
        assert self.mixture_covariances_ is not None
        return Mixture(self.mixture_weights_, self.mixture_means_, self.mixture_covariances_).draw

    # -- for subclasses

    def _codes_about(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Hook: a code of each image of a batch (B, ...), drawn where the model gives it many."""
        return self._coder.encode(batch["images"])

    def _draw_normal(self, n: int, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} must define _draw_normal(n, rng)")

    def _normal_in_words(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} must define _normal_in_words()")

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "prior_": self.prior_, "prior_distances_": dict(self.prior_distances_)}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        # models of before there was another have the normal density
        self.prior_ = facts.get("prior_", "normal")
        distances = cast(Mapping[str, float], facts.get("prior_distances_", {}))
        self.prior_distances_ = {str(name): float(value) for name, value in distances.items()}
        if self.prior_ not in ("normal", "mixture", "flow"):
            raise ValueError(f"it draws its samples from {self.prior_!r}, which is no density that is known")

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {**super()._arrays(), **{name: getattr(self, name) for name in (*_OF_MIXTURE, *_OF_FLOW)}}

    def _check_arrays(self) -> None:
        super()._check_arrays()
        size = math.prod(self.code_shape_)
        arrays = [getattr(self, name) for name in (*_OF_MIXTURE, *_OF_FLOW)]
        shapes = [None if array is None else array.shape for array in arrays]
        expected: list[tuple[int, ...] | None] = [None] * len(shapes)
        if self.prior_ == "mixture":
            count = max(1, 0 if self.mixture_weights_ is None else len(self.mixture_weights_))
            expected[:3] = [(count,), (count, size), (count, size, size)]
        elif self.prior_ == "flow":
            expected[3:] = [(weights_of(size),), (size,), (size, size)]
        if shapes != expected:
            raise ValueError(f"the density of its codes, a {self.prior_}, has the shapes {shapes}")


def _some(images: Images, rows: np.ndarray, count: int) -> Images:
    """Return at most so many of the rows of images, evenly spread."""
    return images.take(rows[np.linspace(0, len(rows) - 1, min(len(rows), count)).astype(int)])
