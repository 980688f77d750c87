"""Generative adversarial networks: a generator of new images, and the critic that taught it."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from latente import augmentations, words
from latente.errors import InputError
from latente.estimators import data
from latente.estimators.decoding import Decoder
from latente.estimators.options.adversarial import AdversarialOptions
from latente.estimators.resemblance import MOST_COMPARED, Resemblance
from latente.images import Images, Openable
from latente.networks.build import NETWORKS, own_pair, shape_made
from latente.networks.conv import SMALLEST_SIDE, ConvDecoder, ConvEncoder, each_level
from latente.networks.dense import DenseDecoder, DenseEncoder
from latente.networks.layers import widths
from latente.networks.spectral import with_spectral_norm
from latente.objectives import AdversarialObjective, Batch, Objective
from latente.training.batches import Batches
from latente.training.loop import Judge
from latente.training.randomness import settle_seed
from latente.training.surroundings import own_surroundings

__all__ = ["GAN"]

FEWEST_STEPS = 400  # of an epoch; where a pass over the images has fewer, it is one of several
USUAL_STEPS = 20_000  # that a training takes at least, where nobody chose its epochs
SMALL = 2_000  # images; of fewer the critic learns the very ones by heart, unless they are changed
_JUDGED, _JUDGEMENTS = 2_000, 20  # images of either kind that an epoch is judged by, and how often in a training
_FEWEST_TO_JUDGE_BY = 200  # held out
_SHOWN = 16  # latents whose images are drawn while it trains, the same from the first to the last
_DENSE = (256, 128)
_PIXELS_OF_R1 = 784  # of an image for which R1 weighs 1, those of MNIST
_SMALLEST_INNER = 4  # pixels: the side to which the levels come down
_CHANNELS, _MOST_CHANNELS = 24, 256


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class GAN(AdversarialOptions, Decoder):
    """Learn to make new images that a critic cannot tell from real ones (Goodfellow et al. 2014).

    A code is a latent of `latent_dim` values, normally distributed; with `conditional` one value more for each class,
    1 for that of the image and 0 for the others. network: "auto", "dense", "conv", or a pair of modules (generator,
    critic): codes (B, K) -> images (B, C, H, W) in the network's range, which is [0, 1] of pictures, and images, of
    pictures within [-1, 1], -> scores (B, 1), or (B, classes) where it is conditional. hidden, stride: from the image
    inwards, as of an autoencoder; hidden=None is levels of 24, 48, 96, ... channels until the shorter side is at most
    4. loss, r1, r2, gradient_penalty, critic_steps: see `AdversarialObjective`; what is None suits the loss.
    critic_augmentation: changes real and made images alike, where the critic sees them (Zhao et al. 2020).

    What is saved and used is the running average of the generator's weights (`ema`). Its best epoch is the one whose
    new images are nearest to those held out, by the Frechet distance between the two, see `evaluate`.

    `encode` finds codes whose images come near to those given, by descent; `score_samples` is the critic's score,
    which is high for what looks real. What X may be, and which errors are raised: see `Estimator`.

    Fitted: `classes_` (the names of the classes; their numbers where they have none; empty where it is not
    conditional), `history_`.
    """

    kind = "gan"
    takes_tables = False
    usual_count = 500  # each code takes a hundred steps to find

    # -- fitting

    def check(self) -> None:
        super().check()
        if self.optimizer == "lbfgs":
            raise InputError("optimizer 'lbfgs' asks for a loss that stays; two players take 'adam'")
        if self.hidden is not None and self._own_pair() is None:
            widths(self.hidden, least=1)
        if self._changes_size(self.critic_augmentation):
            raise InputError("critic_augmentation cannot crop: the critic sees images of one size; use augmentation")

    def _changes_size(self, option: Any) -> bool:
        return option != "auto" and augmentations.window_of(augmentations.from_option(option)) is not None

    def _accepts(self, images: Images) -> None:
        super()._accepts(images)
        if not self.conditional:
            return
        if images.labels is None:
            raise InputError(f"{images.name} has no labels to learn classes by: leave conditional out")
        if (images.labels < 0).any():
            count = int((images.labels < 0).sum())
            raise InputError(f"{count} images of {images.name} have no label: leave them out, or leave conditional out")

    def _split(self, images: Images) -> data.Split:
        return data.split(images, self.validation, self.seed_, images.labels if self.conditional else None)

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        self.classes_: tuple[str, ...] = ()
        if self.conditional:
            labels = parts.images.labels
            assert labels is not None
            self.classes_ = parts.images.label_names or tuple(map(str, range(int(labels.max()) + 1)))
        self.is_few_ = len(parts.rows) < SMALL

    def _settle_training(self, parts: data.Split) -> None:
        super()._settle_training(parts)
        if self.epochs is None:
            self.epochs_ = max(20, math.ceil(USUAL_STEPS / max(FEWEST_STEPS, self._steps_of_a_pass(parts))))

    def _settle(self, parts: data.Split) -> None:
        super()._settle(parts)
        if self._steps_of_a_pass(parts) < FEWEST_STEPS:
            self.objective_.epoch_steps = FEWEST_STEPS

    def _steps_of_a_pass(self, parts: data.Split) -> int:
        assert self.batch_size_ is not None
        return math.ceil(len(parts.rows) / self.batch_size_)

    def _build(self) -> None:
        count = len(self.classes_)
        self.code_shape_ = (self.latent_dim + count,)
        pair = self._own_pair()
        generator, critic = self._networks_by_name() if pair is None else copy.deepcopy(pair)
        self.objective_: AdversarialObjective = AdversarialObjective(
            generator,
            critic,
            latent_dim=self.latent_dim,
            classes=count,
            bounded=self.scaling_.bounded,
            ends=pair is None,
            loss=self.loss,
            r2=self.r2,
            penalty_every=self.penalty_every,
            augmentation=self._critic_augmentation(),
            **self._suiting(),
        )
        if pair is not None:
            self._check_pair()

    def _suiting(self) -> dict[str, Any]:
        """Return the options that suit the loss and the images where nobody says otherwise.

        The same critic of images k times as large has gradients of which k times as many are a k-th as long each: so
        the weight of their squares grows with the pixels, as that of Karras et al. (2020, StyleGAN2-ADA) does.
        """
        is_wasserstein = self.loss == "wasserstein"  # as Gulrajani et al. 2017 have it
        pixels = math.prod(self.image_shape_[1:])
        usual = {
            "r1": 0.0 if is_wasserstein else pixels / _PIXELS_OF_R1,
            "gradient_penalty": 10.0 if is_wasserstein else 0.0,
            "critic_steps": 5 if is_wasserstein else 1,
        }
        return {name: value if getattr(self, name) is None else getattr(self, name) for name, value in usual.items()}

    def _networks_by_name(self) -> tuple[nn.Module, nn.Module]:
        """Return the generator and the critic that the options describe."""
        shape, (kind, hidden) = self.image_shape_, self._resolved()
        critic_hidden = hidden if self.critic_hidden is None else self.critic_hidden
        spectral = self.critic_normalization == "spectral"
        layers: dict[str, Any] = {"activation": self.activation, "slope": self.slope}
        of_generator = {**layers, "normalization": self.normalization}
        of_critic = {**layers, "dropout": self.critic_dropout}
        if not spectral:
            of_critic["normalization"] = self.critic_normalization
        if len(self.stride) > max(1, len(hidden), len(critic_hidden)):
            raise InputError(
                f"stride={tuple(self.stride)} is for {len(self.stride)} levels, and hidden has {len(hidden)}"
            )
        codes, scores = self.code_shape_[0], max(1, len(self.classes_))
        generator: nn.Module
        critic: nn.Module
        if kind == "dense":
            generator = DenseDecoder(codes, shape, hidden, **of_generator)
            critic = DenseEncoder(shape, scores, critic_hidden, **of_critic)
        else:
            kernel, strides = self.kernel_size, self._strides
            generator = ConvDecoder(codes, shape, hidden, kernel_size=kernel, stride=strides(hidden), **of_generator)
            critic = ConvEncoder(
                shape, scores, critic_hidden, kernel_size=kernel, stride=strides(critic_hidden), **of_critic
            )
        if spectral:
            with_spectral_norm(critic)
        return generator, critic

    def _strides(self, hidden: Sequence[int]) -> tuple[int, ...]:
        """Return the stride of each level; a network of fewer levels than the other has those next to the image."""
        return each_level("stride", tuple(self.stride)[: len(hidden)], len(hidden))

    def _resolved(self) -> tuple[str, tuple[int, ...]]:
        """Return the kind of networks and the generator's widths, with every default decided."""
        shorter, kind = min(self.image_shape_[1:]), self.network
        if kind == "auto":
            kind = "conv" if shorter >= SMALLEST_SIDE else "dense"
        if self.hidden is not None:
            return kind, widths(self.hidden, least=1)
        if kind == "dense":
            return kind, _DENSE
        levels = max(1, math.ceil(math.log2(shorter / _SMALLEST_INNER)))
        return kind, tuple(min(_CHANNELS * 2**level, _MOST_CHANNELS) for level in range(levels))

    def _own_pair(self) -> tuple[nn.Module, nn.Module] | None:
        return own_pair(self.network, NETWORKS, "generator, critic")

    def _check_pair(self) -> None:
        """Raise InputError, naming the module, where a caller's own networks do not fit the images."""
        objective, scores = self.objective_, (max(1, len(self.classes_)),)
        for name, module, takes, gives in (
            ("generator", objective.generator, self.code_shape_, self.image_shape_),
            ("critic", objective.critic, self.image_shape_, scores),
        ):
            what = f"the {name} {type(module).__name__}"
            made = shape_made(module, takes, what, words.shape(takes))
            if made != gives:
                raise InputError(
                    f"network: {what} makes {words.shape(made)} of {words.shape(takes)}; this model needs "
                    f"{words.shape(gives)}"
                )

    def _critic_augmentation(self) -> Callable[..., dict[str, Tensor]] | None:
        if self.critic_augmentation != "auto":
            return augmentations.from_option(self.critic_augmentation)
        if not self.is_few_:
            return None
        shift = max(1, min(self.image_shape_[1:]) // 8)
        return augmentations.from_name(f"tones,shift:{shift},cutout:0.5")

    def _settled(self) -> dict[str, Any]:
        settled = super()._settled()
        settled |= self._suiting()
        if self.critic_augmentation == "auto":
            augmentation = self.objective_.augmentation
            settled["critic_augmentation"] = None if augmentation is None else str(augmentation)
        if self._own_pair() is None:
            network, hidden = self._resolved()
            settled |= {"network": network, "hidden": hidden}
        return settled

    def _convolutions(self) -> tuple[int, ...] | None:
        if self._own_pair() is not None:
            return None
        kind, hidden = self._resolved()
        return hidden if kind == "conv" else None

    def _networks(self) -> dict[str, tuple[int, ...]]:
        return {"generator": self.code_shape_, "critic": self.image_shape_}

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]] | None:
        codes = torch.from_numpy(self._draw_codes(_SHOWN, np.random.default_rng([self.seed_, 5]))).to(self.device_)

        def lines() -> list[np.ndarray]:
            made = self.objective_.decode(codes).cpu().numpy()
            return [made[: _SHOWN // 2], made[_SHOWN // 2 :]]

        return lines

    def _judge(self, parts: data.Split) -> tuple[Judge, int] | None:
        """An epoch is judged by how far its new images are from real ones, some 20 times a training."""
        if parts.validation is None:
            return None
        images, rows = parts.validation
        if len(rows) < _FEWEST_TO_JUDGE_BY:  # too few for a covariance: what it learned from must do
            images, rows = parts.images, parts.rows
        real = self._batches(images, columns=False)
        resemblance = Resemblance(self._in_parts(real, data.draw(rows, _JUDGED, self.seed_)))
        codes = self._draw_codes(_JUDGED, np.random.default_rng([self.seed_, 6]))

        def judge(objective: Objective) -> dict[str, float]:
            return {"objective": resemblance.frechet(self._made(codes))}

        assert self.epochs_ is not None
        return judge, max(1, self.epochs_ // _JUDGEMENTS)

    def _in_parts(self, batches: Batches, rows: np.ndarray) -> Iterator[Tensor]:
        return (batch["images"] for batch in batches.in_order(torch.from_numpy(rows), self._chunk()))

    def _made(self, codes: np.ndarray) -> Iterator[Tensor]:
        """Yield the images of codes, scaled, batch by batch."""
        with torch.no_grad():
            for part in torch.from_numpy(codes).split(self._chunk()):
                yield self.objective_.decode(part.to(self.device_))

    # -- using

    @own_surroundings()
    def evaluate(self, X: Openable) -> dict[str, Any]:
        """Return how like the images of X new ones are, as two crowds: as many are made, 5,000 at most.

        Keys: count; frechet_distance (Heusel et al. 2017), lower is better; precision and recall
        (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020), of 1 at best, from 6 images on. They are
        over at most 64 principal components of the edges and tones of the images' cells of 4x4 pixels, see
        `latente.networks.cells`, and depend on the number of images: compare what was measured on as many.
        """
        images = self._open(X)
        if len(images) < 2:
            raise InputError(f"{images.name} holds one image; to compare crowds takes two or more")
        rows = data.draw(np.arange(len(images)), MOST_COMPARED, 0)
        resemblance = Resemblance(self._in_parts(self._batches(images, columns=False), rows))
        made = self._made(self._draw_codes(len(rows), np.random.default_rng([self.seed_, 7])))
        return {"count": len(images), **resemblance.figures(made)}

    def sample(
        self, n: int = 16, random_state: Any = None, *, labels: ArrayLike | None = None, truncation: float = 1.0
    ) -> np.ndarray:
        """Return n new images in the training's layout, made from latents that `random_state` draws.

        labels: of a conditional model, the class of each image, or one of all, as numbers or names; drawn where it is
        None. truncation: factor of the latents' length, from 0 to 1: smaller ones give more usual images, less varied.
        """
        self._check_number(n)
        if not 0 <= truncation <= 1:
            raise InputError(f"truncation must lie between 0 and 1, not {truncation}")
        rng = np.random.default_rng(settle_seed(random_state))
        return self.decode(self._draw_codes(n, rng, self._numbers_of(labels, n), truncation))

    def _numbers_of(self, labels: ArrayLike | None, n: int) -> np.ndarray | None:
        """Return the classes of n images as numbers; None where they are to be drawn."""
        if labels is None:
            return None
        if not self.classes_:
            raise InputError("labels: this model knows no classes; train it with conditional=True")
        named = np.asarray(labels).reshape(-1)
        numbers = [self._number_of(label) for label in named.tolist()]
        if len(numbers) not in (1, n):
            raise InputError(f"labels holds {len(numbers)} classes for {n} images; give one, or one for each")
        return np.broadcast_to(numbers, n)

    def _number_of(self, label: Any) -> int:
        if isinstance(label, str) and label in self.classes_:
            return self.classes_.index(label)
        if str(label).isdecimal() and int(label) < len(self.classes_):
            return int(label)
        few = ", ".join(self.classes_[:10]) + (" ..." if len(self.classes_) > 10 else "")
        raise InputError(f"there is no class {label!r}; there are {few}")

    def _draw_codes(
        self, n: int, rng: np.random.Generator, numbers: np.ndarray | None = None, truncation: float = 1.0
    ) -> np.ndarray:
        latents = truncation * rng.standard_normal((n, self.latent_dim), dtype=np.float32)
        if not self.classes_:
            return np.asarray(latents, np.float32)
        if numbers is None:
            numbers = rng.integers(len(self.classes_), size=n)
        return np.concatenate([latents, np.eye(len(self.classes_), dtype=np.float32)[numbers]], 1, dtype=np.float32)

    def score_samples(self, X: Openable) -> np.ndarray:
        """Return the critic's score of each image (N,): the lower, the less it looks like those of the training."""

        def scores(batch: Batch) -> dict[str, Tensor]:
            return {"scores": self.objective_.score(batch["images"])}

        return self._over(self._open(X), scores)["scores"]

    def score(self, X: Openable, y: ArrayLike | None = None) -> float:
        """Return the mean of `score_samples`."""
        return float(self.score_samples(X).mean(dtype=np.float64))

    def _with_scores(self, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.no_grad():
            return outputs | {"scores": self.objective_.score(outputs["images"])}

    def _columns(self) -> tuple[str, ...]:
        return ()

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "classes_": self.classes_, "is_few_": self.is_few_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.classes_ = tuple(map(str, facts["classes_"]))
        self.is_few_ = bool(facts["is_few_"])
