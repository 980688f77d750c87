"""Style transfer: a photograph painted in the style of a picture, by changing the picture itself step by step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn import functional

from latente.errors import InputError
from latente.estimators import data
from latente.estimators.base import Estimator
from latente.estimators.options.style import PICTURE, WRITTEN_SUFFIXES, TransferOptions
from latente.estimators.pictures import coloured, listed, picture_of, resized, saved_paths, write_painted
from latente.estimators.weights import USUAL, FeatureNet, open_network
from latente.images import Images, Openable
from latente.images.options import DoorOptions
from latente.images.sizing import resize_arrays
from latente.networks.summary import LayerSummary
from latente.objectives import StyleObjective
from latente.objectives.style import Aim, aim_at, as_rgb, luminance
from latente.sheets import save_png, to_uint8
from latente.training.options import TrainingOptions
from latente.training.runs import Run
from latente.training.surroundings import own_surroundings

__all__ = ["StyleTransfer"]

_SMALLEST = 16  # pixels of a side, of which one is left in the deepest layers
_COARSEST = 640  # pixels of the longest side up to which one scale is enough


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class StyleTransfer(TransferOptions, Estimator):
    """Paint a photograph in the style of a picture, or of several (Gatys, Ecker & Bethge 2016).

    What learns is the picture: its content comes near to the photograph's in the maps of a network, its style to the
    Gram matrices of a painting's maps. `stylise` returns the painted picture; `fit` does the same with `styles` and
    leaves it in `picture_`.

    styles: paths or arrays (H, W, 3). blend mixes several by shares; regions says instead where in the photograph each
    holds, by pictures that are white there. network: "vgg19" (548 MB, fetched once), "vgg19-distilled",
    "vgg19-normalised" and "squeezenet", whose files are looked for in LATENTE_DATA/style/weights and in the cache, or
    "pyramid", which needs none: random filters, that see textures but no shapes. "auto" is the first of vgg19,
    vgg19-distilled and pyramid that is there. weights: a file in a layout that one of these has. Each channel is
    brought to a mean of 1 on photographs. style_scale: how large the style's picture is beside the result: 2 makes
    strokes twice as large. octaves: the picture is a sum of so many, each half as large as the one before, by which
    colours change as easily as details. scales: a large picture is painted small first, and then twice as large, as
    often as it takes.

    Fitted: `picture_`, (H, W, 3) in the photograph's units; `network_` and `weights_`, by which it was painted, with
    the `sha256_` of the file; `history_`.
    """

    kind = "transfer"
    takes_tables = False
    usual_size = "keep"

    @own_surroundings()
    def stylise(self, content: Openable, style: Any = None) -> np.ndarray:
        """Return the photograph painted in a style, (H, W, 3) in its units; style: a path, an array, or several.

        content: a path, an array (H, W, 3) or (H, W), or `Images` of one. The estimator is fitted by it. Raises
        InputError where either is no picture.
        """
        if style is not None:
            changed = clone(self).set_params(styles=style)
            if isinstance(content, np.ndarray) and (content.ndim == 2 or content.shape[-1] in (3, 4)):
                content = content[None]
            result = changed.fit(content)
            self.__dict__.update({name: value for name, value in vars(result).items() if name.endswith("_")})
            return result.picture_
        return self.fit(content).picture_

    # -- fitting

    def check(self) -> None:
        super().check()
        if self.validation is not None:
            raise InputError("validation: a style transfer has one photograph, and nothing to hold out")
        if self.styles is None:
            raise InputError("styles: name the picture in whose style the photograph is painted")
        count = len(listed(self.styles))
        if self.regions is not None and self.blend is not None:
            raise InputError(
                "blend mixes the styles all over the picture, and regions says where each holds: leave one out"
            )
        for name in ("blend", "regions"):
            value = getattr(self, name)
            if value is not None and len(listed(value)) != count:
                raise InputError(f"{name} says something of {len(listed(value))} styles, and there are {count}")
        if self.blend is not None and not sum(self.blend) > 0:
            raise InputError("blend: at least one style must have a share")
        if self.file is not None and Path(self.file).suffix.lower() not in WRITTEN_SUFFIXES:
            raise InputError(f"file={self.file!r}: name a picture file ({', '.join(WRITTEN_SUFFIXES)})")
        if self.octaves < (self.scales or 1):
            raise InputError(f"scales={self.scales} takes as many octaves at least, and there are {self.octaves}")

    def _open_for_fit(self, X: Openable, y: ArrayLike | None = None, *, reset: bool = True) -> Images:
        images = super()._open_for_fit(X, y, reset=reset)
        self._accepts(images)
        if len(images) != 1:
            raise InputError(f"{images.name} holds {len(images)} images: a style transfer paints one photograph")
        pixels = images.content[0][None]
        height, width = pixels.shape[2:]
        shrinks = 1.0 if self.side is None else self.side / max(height, width)
        sides = round(height * shrinks), round(width * shrinks)
        if min(sides) < _SMALLEST:
            raise InputError(
                f"{images.name} would be {sides[0]}x{sides[1]} pixels: it takes {_SMALLEST} along each side"
            )
        if pixels.shape[1] > 4:
            raise InputError(f"{images.name} has {pixels.shape[1]} channels: a photograph has 1 to 4")
        pixels = np.ascontiguousarray(resize_arrays(pixels, DoorOptions(size=sides)))
        return dataclasses.replace(images, content=pixels, columns={}, partners={}, content_hash=None)

    def _takes_any_size(self, images: Images) -> bool:
        return images.is_photographs and len(images) == 1

    def _settle_training(self, parts: data.Split) -> None:
        super()._settle_training(parts)
        self.batch_size_ = 1

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        net, aims = self._aim_at(parts.images)
        self._aim = net.network, aims
        self.network_, self.sha256_ = net.name, net.sha256
        self.weights_ = None if net.file is None else str(net.file)
        usual = USUAL[net.name]
        self.steps_ = usual.steps if self.steps is None else self.steps
        self.epochs_ = math.ceil(self.steps_ / min(self.preview_every, self.steps_))

    def _build(self) -> None:
        content, style = self._layers()
        height, width = self.image_shape_[1:]
        self.objective_: StyleObjective = StyleObjective(
            (height, width),
            octaves=self._octaves(),
            scales=self._scales(),
            content_layers=content,
            style_layers=style,
            content_weight=self.content_weight,
            style_weight=self._style_weight(),
            tv_weight=self.tv_weight,
            every=math.ceil(self.steps_ / (self.epochs_ or 1)),
            keeps_colours=self.colours == "luminance",
        )
        if (aim := self.__dict__.pop("_aim", None)) is not None:  # which a model from disk has not
            self.objective_.aim(*aim)

    def _octaves(self) -> int:
        """Return how many octaves there are: no more than the smallest has pixels for."""
        return max(1, min(self.octaves, int(math.log2(min(self.image_shape_[1:]) / 8)) + 1))

    def _scales(self) -> int:
        longest = max(self.image_shape_[1:])
        usual = 1 + max(0, math.ceil(math.log2(longest / _COARSEST)))
        return min(usual if self.scales is None else self.scales, self._octaves())

    def _style_weight(self) -> float:
        return USUAL[self.network_].style_weight if self.style_weight is None else self.style_weight

    def _layers(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the layers where content and style are compared, with their weights."""
        usual = USUAL[self.network_]
        return (
            _weighted("content_layers", self.content_layers or usual.content),
            _weighted("style_layers", self.style_layers or usual.style),
        )

    def _start(self, parts: data.Split) -> None:
        content = self._content(parts.images)
        if self.colours == "luminance":
            self.objective_.get_buffer("colours").copy_(content - luminance(content))
            content = luminance(content).expand_as(content)
        image = content
        if self.start == "noise":
            image = 0.5 + 0.1 * torch.randn(content.shape, generator=torch.Generator().manual_seed(self.seed_))
        elif self.start == "style":
            image = functional.interpolate(
                self._painted(content)[0], content.shape[2:], mode="bilinear", antialias=True
            )
        self.objective_.start_from(image.to(content))

    def _aim_at(self, images: Images) -> tuple[FeatureNet, list[Aim]]:
        """Return the network, and what the picture comes near to at each scale, the finest first."""
        net = open_network(self.network, self.weights)
        self.network_ = net.name
        content_layers, style_layers = self._layers()
        for name, layers in (("content_layers", content_layers), ("style_layers", style_layers)):
            if missing := [layer for layer in layers if layer not in net.network.layers]:
                raise InputError(
                    f"{name}: {net.name} has no layer {missing[0]!r}; it has {', '.join(net.network.layers)}"
                )
        net.network.to(self.device_)
        content = self._content(images)
        if self.colours == "luminance":
            content = luminance(content).expand_as(content)
        styles, regions = self._painted(content), self._regions(content)
        aims = []
        for scale in range(self._scales()):
            sides = [-(-side // 2**scale) for side in content.shape[2:]]
            aims.append(
                aim_at(
                    net.network,
                    resized(content, sides),
                    [resized(one, [max(_SMALLEST, -(-side // 2**scale)) for side in one.shape[2:]]) for one in styles],
                    list(content_layers),
                    list(style_layers),
                    shares=self.blend,
                    regions=regions,
                )
            )
        return net, aims

    def _content(self, images: Images) -> Tensor:
        """Return the photograph (1, 3, H, W) in [0, 1]."""
        return as_rgb(self._batches(images, columns=False).batch(torch.arange(1))["images"]).contiguous()

    def _painted(self, content: Tensor) -> list[Tensor]:
        """Return the styles (1, 3, h, w) in [0, 1], as large and in such colours as they are compared in."""
        longest = max(content.shape[2:]) * self.style_scale
        styles = []
        for source in listed(self.styles):
            style = picture_of(source, "styles").to(content)
            shrinks = longest / max(style.shape[2:])
            style = resized(style, [max(_SMALLEST, round(side * shrinks)) for side in style.shape[2:]])
            if self.colours == "luminance":
                style, target = luminance(style), luminance(content)
                style = (style - style.mean()) * (target.std() / style.std().clamp_min(1e-3)) + target.mean()
                style = style.expand(-1, 3, -1, -1).contiguous()
            elif self.colours == "histogram":
                style = _matched(style, content)
            styles.append(style)
        return styles

    def _regions(self, content: Tensor) -> Tensor | None:
        """Return where each style holds, (styles, 1, H, W) in [0, 1]; None where that is all over the picture."""
        if self.regions is None:
            return None
        pictures = [luminance(picture_of(one, "regions").to(content)) for one in listed(self.regions)]
        return torch.cat([resized(one, content.shape[2:]) for one in pictures]).clamp(0, 1)

    def _learn(self, parts: data.Split, run: Run | None) -> None:
        super()._learn(parts, run)
        self.objective_.aim(None, ())  # a fitted model is a picture; what it was compared with can be found again

    def _training_options(self, **changed: Any) -> TrainingOptions:
        rates = {"lbfgs": 1.0, "adam": 0.02}
        options = {
            "optimizer": self.optimizer,
            "learning_rate": rates[self.optimizer] if self.learning_rate is None else self.learning_rate,
            "ema": self.ema,
            "batch_size": 1,
            "epochs": self.epochs_,
            "precision": self.precision_,
            "device": self.device,
            "threads": self.threads,
            "log_every": self.log_every,
            "checkpoint_every": self.checkpoint_every,
            "tensorboard": self.tensorboard,
        }
        return TrainingOptions(**{**options, **changed})

    def _settled(self) -> dict[str, Any]:
        content, style = (",".join(f"{name}:{weight:g}" for name, weight in one.items()) for one in self._layers())
        settled: dict[str, Any] = {"network": self.network_, "weights": self.weights_}
        settled |= {"content_layers": content, "style_layers": style, "precision": self.precision_}
        settled |= {"steps": self.steps_, "scales": self._scales(), "style_weight": self._style_weight()}
        settled |= {"learning_rate": self._training_options().learning_rate}
        return settled | {
            "styles": saved_paths(self.styles),
            "regions": saved_paths(self.regions),
            "file": saved_paths(self.file),
        }

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]]:
        return lambda: [self.objective_.result().cpu().numpy()]

    def _finish(self, parts: data.Split, run: Run | None) -> None:
        super()._finish(parts, run)
        if run is not None:
            save_png(to_uint8(self.objective_.result()[0].permute(1, 2, 0).cpu().numpy()), run.path / PICTURE)
        if self.file is not None:
            write_painted(self.picture_, parts.images.source.get("source"), self.file)

    def parameter_count(self) -> int:
        """Return how many numbers the picture has, over its octaves."""
        check_is_fitted(self, "objective_")
        return sum(octave.numel() for octave in self.objective_.octaves)

    def _cost(self, parts: data.Split, layers: list[LayerSummary]) -> tuple[float, int]:
        self.objective_.epoch_steps = 3
        options = self._training_options(epochs=1, log_every=1, checkpoint_every=None)
        lines = [line for line in self._train(parts.images, options).history if line["part"] == "train"]
        values = math.prod(self.image_shape_[1:]) * 400  # in the maps of the largest network, and their gradients
        return self.steps_ * min(line["seconds"] for line in lines), 4 * values

    # -- what there is of it

    @property
    def picture_(self) -> np.ndarray:
        """The painted picture (H, W, 3), in the units of the photograph."""
        picture: np.ndarray = coloured(self.scaling_).invert(self.objective_.result())[0].transpose(1, 2, 0)
        return np.ascontiguousarray(picture)

    def _judged(self, images: Images) -> Images:
        """The picture is judged by what it was to come near to, which is found again."""
        if self.objective_.network is None:
            net, aims = self._aim_at(images)
            self.objective_.aim(net.network, aims)
            self.objective_.to(self.device_)
        return images

    def _facts(self) -> dict[str, Any]:
        return {"network_": self.network_, "weights_": self.weights_, "sha256_": self.sha256_, "steps_": self.steps_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        self.network_, self.steps_ = str(facts["network_"]), int(facts["steps_"])
        self.weights_, self.sha256_ = facts["weights_"], facts["sha256_"]
        if self.network_ not in USUAL:
            raise ValueError(f"no network is called {self.network_!r}")


def _weighted(name: str, text: str) -> dict[str, float]:
    """Read layers and their weights, such as 1_1:2,2_1; raises InputError, naming the option."""
    layers = {}
    for part in text.split(","):
        layer, _, weight = part.strip().partition(":")
        try:
            layers[layer] = float(weight or 1)
        except ValueError:
            layers[layer] = math.nan
        if not layers[layer] > 0:
            raise InputError(f"{name}: {part.strip()!r} is no layer with a weight above 0, such as 3_1 or 3_1:0.5")
    return layers


def _matched(style: Tensor, content: Tensor) -> Tensor:
    """Return the style with the histogram of the content in each colour."""
    from skimage.exposure import match_histograms

    source, reference = (one[0].permute(1, 2, 0).cpu().numpy() for one in (style, content))
    matched = match_histograms(source, reference, channel_axis=-1)
    return torch.from_numpy(np.ascontiguousarray(matched, np.float32)).permute(2, 0, 1)[None].contiguous().to(content)
