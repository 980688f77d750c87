"""Restorers: better pictures of worse ones, at their own size. A denoiser, an inpainter, a super-resolver are one."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import Generator, Tensor, nn

from latente import augmentations, corruptions, words
from latente.errors import InputError
from latente.estimators import data
from latente.estimators.base import Estimator
from latente.estimators.options.restoration import NETWORKS, RestorationOptions, UNetOptions
from latente.estimators.passing import finite
from latente.estimators.tiling import in_tiles
from latente.images import Images, Openable, Photographs, Scaling
from latente.images.depth import in_units_of
from latente.networks import FilledFirst, PatchCritic, ResidualNet, UNet
from latente.networks.build import own_module, shape_made
from latente.networks.layers import widths
from latente.objectives import RestorationObjective, TranslationObjective
from latente.resampling import enlarged
from latente.training import Batches
from latente.training.crops import centres
from latente.training.surroundings import own_surroundings

__all__ = ["CROP", "Deblurrer", "Denoiser", "Inpainter", "Restorer", "SuperResolver"]

CROP = 64  # pixels of a clean picture; of one that is enlarged by a factor, half of that times the factor
MOST_SHOWN = 256  # pixels of a side of the parts of photographs that are looked at side by side
LEVELS = 255  # in which strengths of noise are counted everywhere
BLIND = (2 / LEVELS, 60 / LEVELS)  # from noise that hardly shows to what a night takes
_VALUES = 1_000_000  # in the images of one pass: the layers have many times as many
_USUAL = {"residual": (32, 5), "shuffle": (64, 4)}  # width and depth
_FOLD = {"residual": 1, "shuffle": 2}


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class Restorer(RestorationOptions, Estimator):
    """Learn to undo what made pictures worse: to enlarge, denoise, deblur them, or to fill in what is missing.

    Trained are pictures of any sizes on crops of them. corruption: what makes them worse, a name such as "downscale:2",
    "gaussian:0.1" or "blur:1.5,jpeg:60", or a callable (x, generator, shared=False) -> worse x of the same size; None
    where the images come as pairs, whose targets may be larger by a whole factor. What hides pixels ("mask:0.5",
    "strokes:6") makes an inpainter, to which `restore` says which ones are missing, and which leaves all others as they
    are; its network gets them filled from around. network: "residual", "shuffle", "unet", or a torch module of one's
    own, worse images (B, C, h, w) -> images (B, C, factor * h, factor * w), of an inpainter with 0 in the gaps and one
    more channel, 1 where a pixel is known; "auto" is "residual" where pictures are enlarged or filled in, else
    "shuffle". Noise whose strength is drawn for each image ("gaussian:0.01:0.2:free") is unlearned without biases, so
    that other strengths are met as well (Mohan et al. 2020). adversarial: weight, beside the distance to what a picture
    should be, of a critic that is shown both and says which is which, place by place (Isola et al. 2017); 0 is no
    critic. Results come out sharper, with details that nothing in the picture vouches for; what is judged is the
    distance alone.

    A module of one's own is passed parts of large pictures where it has `halo` (how many pixels around a pixel it looks
    at) and `step` (the number of pixels by whose multiples parts may begin), else whole ones. What comes out has the
    layout, units and dtype that went in.

    Fitted: `factor_`, by which pictures are enlarged, and `history_`.
    """

    kind = "restorer"
    takes_tables = False
    usual_size = "keep"

    # -- fitting

    def check(self) -> None:
        super().check()
        self._corruption()
        if self.network == "unet":
            widths(self.hidden, least=1)
        if self.adversarial and self.optimizer == "lbfgs":
            raise InputError("optimizer 'lbfgs' asks for a loss that stays; beside a critic take 'adam'")

    def _accepts(self, images: Images) -> None:
        super()._accepts(images)
        is_pair = "target" in images.column_names
        if is_pair and self.corruption is not None:
            raise InputError(
                f"{images.name} has targets, and corruption={str(self.corruption)!r} would make them from the images: "
                "leave one out"
            )
        if not is_pair and self.corruption is None:
            raise InputError(
                f"{images.name} has no targets to learn from: give pairs, or say what the model shall undo by "
                "corruption, such as downscale:2 or gaussian:0.1"
            )

    def _takes_any_size(self, images: Images) -> bool:
        return True

    def _augmentation(self) -> Callable[..., dict[str, Tensor]] | None:
        if self.augmentation is not None:
            return super()._augmentation()
        factor = getattr(self._corruption(), "shrinks_by", 1)
        side = CROP if factor == 1 else CROP // 2 * factor
        return augmentations.from_name(f"crop:{side},flips,turns")

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        corruption, images = self._corruption(), parts.images
        self.factor_ = _enlargement(images) if corruption is None else getattr(corruption, "shrinks_by", 1)
        sides = self.image_shape_[1:]
        if corruption is not None and any(side % self.factor_ for side in sides):
            raise InputError(
                f"crops of {sides[0]}x{sides[1]} pixels cannot be shrunk by {self.factor_}: take sides that it divides"
            )

    def _build(self) -> None:
        corruption, shape = self._corruption(), self.image_shape_
        own = own_module(self.network, NETWORKS)
        network = self._network() if own is None else copy.deepcopy(own)
        more: dict[str, Any] = {
            "loss": self.loss,
            "worsen": None if corruption is None else partial(_worse, corruption, self._levels()),
            "enlarge": None if self.factor_ == 1 else partial(enlarged, factor=self.factor_),
            "clip": self.scaling_.depth is not None,
        }
        self.objective_: RestorationObjective = (
            TranslationObjective(network, PatchCritic(2 * shape[0]), adversarial=self.adversarial, **more)
            if self.adversarial
            else RestorationObjective(network, **more)
        )
        _check_sides(network, self._networks()["network"], (shape[0], *self._wanted_sides()))

    def _network(self) -> nn.Module:
        """Return the network that the options describe."""
        kind, width, depth = self._resolved()
        channels = self.image_shape_[0]
        common: dict[str, Any] = {"factor": self.factor_, "inputs": channels + self.fills_in}
        network: UNet | ResidualNet
        if kind == "unet":
            options = {field.name: getattr(self, field.name) for field in dataclasses.fields(UNetOptions)}
            network = UNet(channels, **common, **options, sides=self._wanted_sides())
        else:
            bias = not self._is_blind()
            network = ResidualNet(channels, **common, width=width, depth=depth, fold=_FOLD[kind], bias=bias)
        return FilledFirst(network) if self.fills_in else network

    def _resolved(self) -> tuple[str, int, int]:
        """Return the kind of network, its width and its depth (of a U-net neither means anything), all decided."""
        kind = self.network
        if kind == "auto":
            kind = "residual" if self.factor_ > 1 or self.fills_in else "shuffle"
        width, depth = _USUAL.get(kind, (0, 0))
        return kind, self.width or width, self.depth or depth

    def _is_blind(self) -> bool:
        corruption = self._corruption()
        parts = corruption.parts if isinstance(corruption, corruptions.Chain) else (corruption,)
        return any(isinstance(part, corruptions.NoiseRange) for part in parts)

    def _corruption(self) -> Callable[..., Tensor] | None:
        return corruptions.from_option("corruption", self.corruption)

    def _levels(self) -> int | None:
        return None if self.scaling_.depth is None else 2**self.scaling_.depth - 1

    def _wanted_sides(self) -> tuple[int, int]:
        """Return the sides of what comes out for an image as training sees it."""
        height, width = self.image_shape_[1:]
        return (height, width) if self.corruption is not None else (height * self.factor_, width * self.factor_)

    def _settled(self) -> dict[str, Any]:
        settled = super()._settled()
        if own_module(self.network, NETWORKS) is None:
            kind, width, depth = self._resolved()
            settled |= {"network": kind} | ({"width": width, "depth": depth} if kind in _USUAL else {})
        augmentation = self._augmentation()
        return settled | ({"augmentation": str(augmentation)} if self.augmentation is None else {})

    def _convolutions(self) -> tuple[int, ...] | None:
        if own_module(self.network, NETWORKS) is not None:
            return None
        kind, width, _ = self._resolved()
        return tuple(self.hidden) if kind == "unet" else (width,)

    def _networks(self) -> dict[str, tuple[int, ...]]:
        channels = self.image_shape_[0] + self.fills_in
        return {"network": (channels, *(side // self.factor_ for side in self._wanted_sides()))}

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]] | None:
        images, rows = (parts.held_out, parts.held_out_rows) if parts.validation else (parts.images, parts.rows)
        few = images.take(rows[:8])
        few = few if self.window_ is None else centres(few, self.window_)

        def lines() -> list[np.ndarray]:
            batch = self._batches(few, columns=True).batch(torch.arange(len(few)))
            outputs = self.objective_.outputs(batch, torch.Generator(self.device_).manual_seed(self.seed_))
            return [outputs[name].cpu().numpy() for name in ("images", "inputs", "reconstructions")]

        return lines

    # -- using

    def open(self, source: Any, **door: Any) -> Images:
        """Open pictures behind a path or name, each at its own size, in the units of the training."""
        return in_units_of(self._open_source(source, **door), self.scaling_)

    def as_seen(self, images: Images) -> Images:
        """Return pictures of one size, to be looked at side by side: of those of many sizes parts around the centre.

        They are as large as the smallest picture, and have 64 to 256 pixels a side.
        """
        images = in_units_of(images, self.scaling_)
        if not isinstance(images.content, Photographs):
            return images
        shortest = int(images.content.sizes.min())
        side = min(max(shortest, CROP), MOST_SHOWN) // self._divisor() * self._divisor()
        return centres(images, (side, side))

    def _divisor(self) -> int:
        """Return by what the sides of the images of an evaluation must be divisible."""
        return 1 if self.corruption is None else self.factor_

    def _judged(self, images: Images) -> Images:
        """Pairs are judged as they are, whatever the model was trained on."""
        if "target" not in images.column_names:
            if self.corruption is None:
                raise InputError(f"{images.name} has no targets to judge by: give pairs, as those of the training")
            return images
        if self.fills_in:
            raise InputError("a model that fills in is judged on what it hides itself: give clean pictures, not pairs")
        if (factor := _enlargement(images)) != self.factor_:
            raise InputError(
                f"the targets of {images.name} are {factor} times as large as the images; this model enlarges by "
                f"{self.factor_}"
            )
        return images

    def _columns(self) -> tuple[str, ...]:
        return ("target",)

    def _batches(self, images: Images, columns: bool) -> Batches:
        names = tuple(name for name in self._columns() if name in images.column_names) if columns else ()
        return Batches(images, self.scaling_, self.device_, names)

    def _chunk(self, images: Images | None = None) -> int:
        if images is None or images.is_photographs:
            return 1
        return max(1, _VALUES // math.prod(images.image_shape))

    @own_surroundings()
    def restore(
        self, X: Openable, *, mask: ArrayLike | None = None, tile: int | None = None, self_ensemble: bool = False
    ) -> np.ndarray | list[np.ndarray]:
        """Return what becomes of worse pictures, `factor_` times as large: (N, ...), a list where sizes differ.

        mask: of an inpainter, which pixels are missing, (H, W) or (N, H, W), not 0 where they are. tile: side of the
        parts in which large pictures are worked on, 512 pixels where nothing is said, and less where memory runs out;
        what comes out is the same. self_ensemble: the mean over the picture's turns and mirror images, of which there
        are 8, in as many times the time (Timofte et al. 2016).
        """
        images = self._open(X)
        masks = self._masks(images, mask)
        pictures = [
            images.as_given(
                self.restore_picture(
                    images.content[row],
                    hidden=None if masks is None else masks[row],
                    tile=tile,
                    self_ensemble=self_ensemble,
                )[None]
            )
            for row in range(len(images))
        ]
        if images.is_photographs:
            return [picture[0] for picture in pictures]
        return np.concatenate(pictures)

    @property
    def fills_in(self) -> bool:
        """Whether it fills in missing pixels, and so is to be told which ones they are."""
        return isinstance(self._corruption(), corruptions.Hiding)

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
        """Return what becomes of one worse picture (C, H, W), (C, factor_ * H, factor_ * W) in its dtype.

        scaling: from the picture's units to [0, 1], where they are others than the training's. hidden: of an inpainter,
        which pixels are missing, (H, W). tell: is told now and then which part of the picture is done. tile and
        self_ensemble: see `restore`. Values are scaled and brought back tile by tile, so that a large picture takes
        little more memory than itself and its result.
        """
        check_is_fitted(self, "objective_")
        units, network = self.scaling_ if scaling is None else scaling, self.objective_.network
        given = picture if hidden is None else np.concatenate([picture, hidden[None].astype(picture.dtype)])
        halo, step = getattr(network, "halo", None), getattr(network, "step", 1)
        height, width = picture.shape[1:]
        if self_ensemble:  # turned parts then begin at multiples of the step, too
            given = np.pad(given, ((0, 0), (0, -height % step), (0, -width % step)), mode="edge")

        def restored(part: np.ndarray) -> np.ndarray:
            known, gone = (part, None) if hidden is None else (part[:-1], part[-1:])
            x = units.apply(self._batch_of(known))
            missing = None if gone is None else self._batch_of(gone) > 0
            restore = partial(_turned_mean, self.objective_.restore) if self_ensemble else self.objective_.restore
            return units.invert(finite(restore(x, missing), "results"))[0]

        if halo is None or getattr(network, "sides", None) is not None:
            made = restored(given)
        else:
            made = in_tiles(restored, given, halo=halo, step=step, factor=self.factor_, tile=tile, tell=tell)
        return made[:, : self.factor_ * height, : self.factor_ * width]

    def _masks(self, images: Images, mask: ArrayLike | None) -> list[np.ndarray] | None:
        """Return which pixels of each picture are missing (H, W); None of a model that fills in nothing."""
        if mask is None:
            columns = images.partners.get("mask", images.columns.get("mask")) if self.fills_in else None
            if columns is None and self.fills_in:
                raise InputError("which pixels are missing? give this inpainter a mask")
            if columns is None:
                return None
            planes = [np.asarray(np.any(plane, axis=0)) for plane in columns]
        else:
            if not self.fills_in:
                raise InputError(f"corruption={str(self.corruption)!r} hides nothing: this model takes no mask")
            array = np.asarray(mask)
            planes = [np.asarray(plane) for plane in array != 0] if array.ndim == 3 else [array != 0] * len(images)
        if len(planes) != len(images):
            raise InputError(f"there are {len(planes)} masks for {len(images)} pictures")
        for row, plane in enumerate(planes):
            sides = np.shape(images.content[row])[-2:]
            if plane.shape != sides:
                raise InputError(
                    f"the mask of {images.name_of(row)} is {words.shape(plane.shape)}, the picture {words.shape(sides)}"
                )
        return planes

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "factor_": self.factor_}

    def _take_facts(self, facts: Any) -> None:
        super()._take_facts(facts)
        self.factor_ = int(facts["factor_"])


def SuperResolver(scale: int = 2, **options: Any) -> Restorer:
    """Return a `Restorer` that makes pictures `scale` times as large; options: all others of a `Restorer`."""
    return Restorer(corruption=f"downscale:{scale}", **options)


def Denoiser(sigma: float | str = "blind", **options: Any) -> Restorer:
    """Return a `Restorer` that removes Gaussian noise.

    sigma: its standard deviation in grey levels of 255, whatever the depth of the pictures, or "blind": unknown, from 2
    to 60 of them. options: all others of a `Restorer`.
    """
    if sigma == "blind":
        return Restorer(corruption=str(corruptions.NoiseRange(*BLIND, clip=False)), **options)
    if isinstance(sigma, str):
        raise InputError(f"sigma is a number of grey levels, or 'blind', not {sigma!r}")
    return Restorer(corruption=str(corruptions.GaussianNoise(sigma / LEVELS, clip=False)), **options)


def Inpainter(mask: float | str = 0.5, **options: Any) -> Restorer:
    """Return a `Restorer` that fills in missing pixels.

    mask: the share of pixels that are missing one by one, or a corruption that hides them, such as "strokes:6".
    options: all others of a `Restorer`.
    """
    return Restorer(corruption=mask if isinstance(mask, str) else f"mask:{mask}", **options)


def Deblurrer(blur: float | str = 1.5, **options: Any) -> Restorer:
    """Return a `Restorer` that sharpens pictures.

    blur: standard deviation of the Gaussian in pixels, or a corruption that blurs, such as "blur:0.5:2,gaussian:0.02".
    options: all others of a `Restorer`.
    """
    return Restorer(corruption=blur if isinstance(blur, str) else f"blur:{blur}", **options)


def _worse(
    corruption: Callable[..., Tensor], levels: int | None, x: Tensor, generator: Generator, shared: bool
) -> tuple[Tensor, Tensor | None]:
    """Return what a corruption makes of images, and which of their pixels it hides."""
    if isinstance(corruption, corruptions.Hiding):
        hidden = corruption.hidden(x, generator, shared)
        return x.masked_fill(hidden, 0.0), hidden
    if isinstance(corruption, corruptions.Corruption):
        return corruption.degrade(x, generator, shared, levels), None
    return corruption(x, generator, shared=shared), None


def _turned_mean(restore: Callable[[Tensor, Tensor | None], Tensor], x: Tensor, missing: Tensor | None) -> Tensor:
    """Return the mean of what is made of a picture in its four turns and their mirror images, each turned back."""

    def turned(image: Tensor, turn: int, flip: bool) -> Tensor:
        image = image.rot90(turn, (2, 3))
        return image.flip(3) if flip else image

    made = [
        (one.flip(3) if flip else one).rot90(-turn, (2, 3))
        for turn in range(4)
        for flip in (False, True)
        for one in [restore(turned(x, turn, flip), None if missing is None else turned(missing, turn, flip))]
    ]
    return torch.stack(made).mean(0)


def _enlargement(images: Images) -> int:
    """Return how many times as large the targets are as the images."""
    if isinstance(images.content, Photographs):
        sizes, partners = images.content.sizes, images.partners["target"].sizes
        return max(1, round(float(np.median(partners / sizes))))
    target = images.columns["target"]
    factors = {large / small for large, small in zip(target.shape[2:], images.image_shape[1:], strict=True)}
    factor = factors.pop()
    if factors or factor != int(factor) or target.shape[1] != images.channels:
        raise InputError(
            f"the targets of {images.name} are {words.shape(target.shape[1:])}, the images "
            f"{words.shape(images.image_shape)}; targets have as many channels, and are larger by one whole factor"
        )
    return int(factor)


def _check_sides(network: nn.Module, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raise InputError where what the network makes of images (C, h, w) has not the shape that is wanted."""
    name = type(network).__name__
    made = shape_made(network, shape, name, f"images {shape}")
    if made != wanted:
        raise InputError(
            f"network: {name} makes {words.shape(made)} of images {words.shape(shape)}; this model "
            f"needs {words.shape(wanted)}"
        )
