"""Fast style transfer: a network that paints any photograph in any style in one pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from latente import augmentations
from latente.errors import InputError
from latente.estimators import data
from latente.estimators.base import Estimator
from latente.estimators.options.fast_style import FastStyleOptions
from latente.estimators.paintings import SIDE, Paintings, drawn_textures
from latente.estimators.passing import finite
from latente.estimators.pictures import coloured, one_picture, pictures_of, resized, saved_paths
from latente.estimators.tiling import Tile, joined, tiles, with_room
from latente.estimators.weights import USUAL, FeatureNet, network_here, open_network
from latente.images import Images, Openable, Scaling
from latente.networks import StyleNet
from latente.networks.colours import colours_of
from latente.networks.vgg import VGG
from latente.objectives import StylisingObjective
from latente.objectives.style import as_rgb
from latente.sheets import to_uint8
from latente.training.devices import autocast
from latente.training.precision import fast_precision
from latente.training.runs import Run
from latente.training.surroundings import own_surroundings

__all__ = ["CROP", "FastStyleTransfer"]

CROP = 128  # pixels of a photograph in training
_SHOWN = 3  # paintings in which an epoch's end paints what judges
_ROWS = 4  # photographs in a sample picture


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class FastStyleTransfer(FastStyleOptions, Estimator):
    """Learn to paint photographs in the style of any picture, in one pass (Huang & Belongie 2017).

    X are photographs of any sizes, of which training takes crops. styles: paintings, as paths, folders or arrays (H, W,
    3), whose parts, other colours and mixtures it learns to paint in, beside textures that are drawn: so that it paints
    in styles that it never saw, too. The network named by `network` (see `StyleTransfer`) says in training how near a
    picture has come to a style, and its first layers describe pictures to what paints, `StyleNet`, of which they are
    a part: to paint nothing else is needed. `evaluate` needs the network, and the paintings, again.

    Fitted: `network_` and `weights_`, by which pictures were compared, with the `sha256_` of the file; `history_`.
    """

    kind = "style"
    takes_tables = False
    usual_size = "keep"

    # -- fitting

    def _accepts(self, images: Images) -> None:
        super()._accepts(images)
        if images.channels > 4:
            raise InputError(f"{images.name} has {images.channels} channels: photographs have 1 to 4")

    def _takes_any_size(self, images: Images) -> bool:
        return True

    def _augmentation(self) -> Callable[..., dict[str, Tensor]] | None:
        return super()._augmentation() or augmentations.from_name(f"crop:{CROP},flips")

    def _examine(self, parts: data.Split) -> None:
        super()._examine(parts)
        net = self._compared_by()
        self._net = net
        self.network_, self.sha256_ = net.name, net.sha256
        self.weights_ = None if net.file is None else str(net.file)

    def _compared_by(self) -> FeatureNet:
        """Return the network through which pictures are compared."""
        name = self.network
        if name == "auto" and self.weights is None:
            name = network_here("auto", best=("vgg19-distilled", "vgg19"))[0]
        return open_network(name, self.weights)

    def _build(self) -> None:
        usual = USUAL[self.network_]
        network = StyleNet(usual.widths, self.width, self.depth, reflects=self.network_ != "vgg19")
        self.objective_: StylisingObjective = StylisingObjective(
            network,
            content_layers=dict.fromkeys(usual.fast_content.split(","), 1.0),
            style_layers=dict.fromkeys(usual.style.split(","), 1.0),
            content_weight=self.content_weight,
            style_weight=self.style_weight,
            identity_weight=self.identity_weight,
        )
        if (net := self.__dict__.pop("_net", None)) is not None:  # which a model from disk has not
            if isinstance(net.network, VGG):  # else by filters that were drawn, which pictures are not compared by
                network.describe_by_(net.network)
            self._compare_by(net)

    def _compare_by(self, net: FeatureNet) -> None:
        paintings = self._paintings()
        draw, shown = Paintings(paintings, self.device_), self._shown(paintings)
        self.objective_.compare_by(net.network.to(self.device_), draw, shown)

    def _learn(self, parts: data.Split, run: Run | None) -> None:
        try:
            super()._learn(parts, run)
        finally:
            self.objective_.compare_by(None)  # a fitted model paints by itself; what it was judged by is found again

    def _convolutions(self) -> tuple[int, ...] | None:
        return (4 * self.width,)  # of the level where most of the work is done

    def _settled(self) -> dict[str, Any]:
        settled = super()._settled() | {"network": self.network_, "weights": self.weights_}
        if self.augmentation is None:
            settled["augmentation"] = str(self._augmentation())
        return settled | {"styles": None if self.styles is None else saved_paths(self.styles)}

    def _networks(self) -> dict[str, tuple[int, ...]]:
        return {"network": (3, *self.image_shape_[1:])}

    def _pictures(self, parts: data.Split) -> Callable[[], list[np.ndarray]] | None:
        images, rows = (parts.held_out, parts.held_out_rows) if parts.validation else (parts.images, parts.rows)
        batches = self._batches(images.take(rows[:_ROWS]), columns=False)

        def lines() -> list[np.ndarray]:
            photographs = as_rgb(batches.batch(torch.arange(len(rows[:_ROWS])))["images"])
            with torch.no_grad():
                painted = [self.objective_.painted(photographs, style) for style in self.objective_.shown]
            return [one.cpu().numpy() for one in (photographs, *painted)]

        return lines

    def parameter_count(self) -> int:
        """Return how many numbers what paints has."""
        check_is_fitted(self, "objective_")
        return sum(p.numel() for p in self.objective_.network.parameters())

    # -- using

    def _chunk(self, images: Images | None = None) -> int:
        return 8

    def _judged(self, images: Images) -> Images:
        """What judges is found again: the network through which pictures are compared, and the paintings."""
        if self.objective_.features is None:
            known = None if self.weights_ is None or not Path(self.weights_).is_file() else self.weights_
            net = open_network(self.network_, known)  # where it was, else where such files are looked for
            if net.sha256 != self.sha256_:
                raise InputError(
                    f"{net.file} is not the file of weights by which this model was trained, whose sha256 begins with "
                    f"{str(self.sha256_)[:12]}"
                )
            self._compare_by(net)
            self.objective_.to(self.device_)
        return images

    @own_surroundings()
    @torch.no_grad()
    def stylise(
        self,
        content: Openable,
        style: Any = None,
        *,
        alpha: float = 1.0,
        blend: Sequence[float] | None = None,
        tile: int | None = None,
        tell: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Return a photograph painted in a style, (H, W, 3) in its units, at its own size.

        content: a path, an array (H, W, 3) or (H, W), or `Images` of one. style: a path, a folder, an array, or several
        of these, which are mixed; None is those of the training. alpha: how far it goes, from 0, the photograph in its
        own style, to 1. blend: the share of each style, equal ones where nothing is said. tile: side of the parts in
        which a large picture is worked on, 512 pixels where nothing is said, and less where memory runs out; all of
        them go by the statistics of the whole picture, so that no seam shows. tell: is told now and then which part is
        done. Raises InputError where either is no picture.
        """
        check_is_fitted(self, "objective_")
        if not 0 <= alpha <= 1:
            raise InputError(f"alpha is a number from 0 to 1, not {alpha!r}")
        sources = self.styles if style is None else style
        if sources is None:
            raise InputError("style: name the picture in whose style the photograph is painted")
        wanted = torch.from_numpy(self.describe_style(sources, blend))[None].to(self.device_)
        images = one_picture(content, "content")
        picture = images.content[0]
        if len(picture) > 4:
            raise InputError(f"{images.name} has {len(picture)} channels: a photograph has 1 to 4")
        units = Scaling.fit(images.content, depth=images.depth)
        painted = self._painted(picture, units, wanted, alpha, tile, tell)
        return np.ascontiguousarray(painted.transpose(1, 2, 0))

    @own_surroundings()
    @torch.no_grad()
    def describe_style(self, style: Any, blend: Sequence[float] | None = None) -> np.ndarray:
        """Return the statistics (K,) that are all it knows of a style, or the mean of several by their shares.

        style, blend: as `stylise` takes them. Raises InputError where one is no picture.
        """
        check_is_fitted(self, "objective_")
        pictures, network = pictures_of(style, "style"), self._painter()
        shares = torch.ones(len(pictures)) if blend is None else torch.tensor([float(one) for one in blend])
        if len(shares) != len(pictures):
            raise InputError(f"blend says something of {len(shares)} styles, and there are {len(pictures)}")
        if not (shares.min() >= 0 and shares.sum() > 0):
            raise InputError("blend: shares are 0 or more, and at least one style must have some")
        known = [network.statistics(network.maps(_looked_at(one).to(self.device_))) for one in pictures]
        mixed: np.ndarray = ((shares / shares.sum())[:, None] * torch.cat(known).cpu()).sum(0).numpy()
        return mixed

    @own_surroundings()
    def known_styles(self, most: int = _SHOWN) -> list[np.ndarray]:
        """Return the first styles of the training as it looks at them, (H, W, 3) uint8 each: those it is judged by.

        Raises InputError where the paintings are not where they were.
        """
        return [to_uint8(one[0].permute(1, 2, 0).cpu().numpy()) for one in self._shown(self._paintings())[:most]]

    def _paintings(self) -> list[Tensor]:
        """Return the paintings of the training, as large as they are looked at."""
        pictures = [] if self.styles is None else pictures_of(self.styles, "styles")
        return [_looked_at(one).to(self.device_) for one in pictures]

    def _shown(self, paintings: list[Tensor]) -> list[Tensor]:
        """Return in which styles photographs are judged: textures where there are no paintings, always the same."""
        return paintings[:_SHOWN] or drawn_textures(_SHOWN, CROP, self.device_)

    def _painter(self) -> StyleNet:
        network = self.objective_.network
        assert isinstance(network, StyleNet)
        return network

    def _painted(
        self,
        picture: np.ndarray,
        units: Scaling,
        wanted: Tensor,
        alpha: float,
        side: int | None,
        tell: Callable[[float], None] | None,
    ) -> np.ndarray:
        """Return a picture (C, H, W) with statistics that are wanted, (3, H, W) in its units."""
        network = self._painter()
        step = network.step
        height, width = picture.shape[1:]
        whole = np.pad(picture, ((0, 0), (0, -height % step), (0, -width % step)), mode="edge")

        def seen(part: np.ndarray) -> Tensor:
            return finite(as_rgb(units.apply(self._batch_of(part))), "pictures")

        def maps_of(part: np.ndarray) -> list[Tensor]:
            x = seen(part)
            with self._as_fast_as_it_learned():
                return network.maps(x)

        def work(side: int) -> np.ndarray:
            cuts = tiles(whole.shape[1:], -(-side // step) * step, network.halo)
            maps = maps_of(whole) if len(cuts) == 1 else None
            own = self._own(seen(whole), maps_of, whole, cuts).to(wanted) if maps is None else network.statistics(maps)
            goal = torch.lerp(own, wanted, alpha)

            def paint(part: np.ndarray) -> np.ndarray:
                found = maps_of(part) if maps is None else maps
                with self._as_fast_as_it_learned():
                    return finite(network.paint(found, own, goal), "results")[0].cpu().numpy()

            painted = joined(paint, whole, cuts, tell=tell)[:, :height, :width]
            colours = colours_of(torch.from_numpy(painted)[None]).to(goal)

            def finish(part: np.ndarray) -> np.ndarray:
                done = network.finished(torch.from_numpy(part)[None].to(goal), goal, colours)
                return coloured(units).invert(done.clamp(0, 1))[0]

            return joined(finish, painted, tiles(painted.shape[1:], side, 0))

        return with_room(work, picture.shape[1:], side)

    def _as_fast_as_it_learned(self) -> AbstractContextManager[Any]:
        """Return the precision of the training, where this device computes in it by itself."""
        is_fast = self.precision_ == "bf16" == fast_precision(self.device_)
        return autocast(self.device_, "bf16" if is_fast else "float32")

    def _own(
        self,
        picture: Tensor,
        maps_of: Callable[[np.ndarray], list[Tensor]],
        whole: np.ndarray,
        cuts: Sequence[Tile],
    ) -> Tensor:
        """Return the statistics of a whole picture (1, 3, H, W), whose maps are worked out tile by tile."""
        network = self._painter()
        parts = (
            [
                one[:, :, *(slice(part.start // shrinks, part.stop // shrinks) for part in tile.inner())]
                for shrinks, one in zip(network.shrinks, maps_of(whole[:, *tile.outer]), strict=True)
            ]
            for tile in cuts
        )
        return network.statistics_of_parts(picture, parts)

    # -- on disk

    def _facts(self) -> dict[str, Any]:
        return {"network_": self.network_, "weights_": self.weights_, "sha256_": self.sha256_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        self.network_, self.weights_, self.sha256_ = str(facts["network_"]), facts["weights_"], facts["sha256_"]
        if self.network_ not in USUAL:
            raise ValueError(f"no network is called {self.network_!r}")


def _looked_at(painting: Tensor) -> Tensor:
    """Return a painting (1, 3, h, w) as large as training looks at it, so that its strokes are as large as there."""
    shrinks = SIDE / max(painting.shape[2:])
    return resized(painting, [max(1, round(side * shrinks)) for side in painting.shape[2:]])
