"""What a picture in a style minimises: the distance to a photograph's content and to the statistics of paintings."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from latente.objectives.objective import Batch, Objective, Player

__all__ = [
    "Aim",
    "StyleObjective",
    "aim_at",
    "as_rgb",
    "gram",
    "gram_distance",
    "luminance",
    "octaves_of",
    "total_variation",
]

_COARSER = 0.5**0.5  # of each octave, by that of the one before: all then are as easily moved, but for a root
_LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
_SMOOTH = 1e-4  # of differences squared: below its root the total variation is round, as a quasi-Newton method needs


def gram(maps: Tensor, weights: Tensor | None = None, *, top: int = 0, height: int | None = None) -> Tensor:
    """Return the Gram matrices (B, C, C) of maps (B, C, H, W): sums over positions, divided by their number.

    weights (1, 1, H, W) count positions by more or less than one. Worked out in float32 whatever the maps are, for sums
    over so many positions lose too much in half the digits (Gatys et al. 2016; the divisor is that of the report).
    Of maps that are rows of higher ones, from `top` on, it is their share: those of all rows add up to the whole.
    weights are of the whole then.
    """
    with torch.autocast(maps.device.type, enabled=False):
        flat = maps.float().flatten(2)
        if weights is None:
            return flat @ flat.mT / ((height or maps.shape[2]) * maps.shape[3])
        share = weights.float()
        rows = share[:, :, top : top + maps.shape[2]].flatten(2)
        return (flat * rows) @ flat.mT / share.sum().clamp_min(1e-6)


def gram_distance(grams: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared error of Gram matrices (B, C, C), divided by the mean square of the wanted, (B,)."""
    return (grams - wanted).square().mean((1, 2)) / wanted.square().mean((1, 2))


def total_variation(images: Tensor) -> Tensor:
    """Return the mean length of the differences between neighbours, down and across, of images (B, C, H, W).

    Rudin, Osher & Fatemi (1992), with sqrt(d^2 + 1e-4) for |d|; 0 of an image of one colour.
    """
    images = images.float()
    down = images[..., 1:, :-1] - images[..., :-1, :-1]
    across = images[..., :-1, 1:] - images[..., :-1, :-1]
    return (down.square() + across.square() + _SMOOTH).sqrt().mean() - _SMOOTH**0.5


def octaves_of(image: Tensor, count: int) -> list[Tensor]:
    """Return pictures, each half as large as the one before, that added up by `StyleObjective.picture` are the image.

    Those from the k-th on add up to the image at 1 / 2^k of its sides.
    """
    images = [image]
    for _ in range(count - 1):
        height, width = images[-1].shape[2:]
        images.append(_resized(images[-1], (-(-height // 2), -(-width // 2))))
    return [one - _enlarged(less, one.shape[2:]) for one, less in itertools.pairwise(images)] + images[-1:]


@dataclasses.dataclass(frozen=True)
class Aim:
    """What a picture of one scale is to come near to.

    content: the photograph's maps by layer. grams: by layer, those of the styles, (styles, C, C). regions: where in the
    picture each style holds, (styles, 1, H, W) in [0, 1]; None where there is one style, which holds all over it.
    """

    content: Mapping[str, Tensor]
    grams: Mapping[str, Tensor]
    regions: Tensor | None = None
    _shrunk: dict[tuple[int, int], list[Tensor]] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def regions_at(self, height: int, width: int) -> Sequence[Tensor | None]:
        """Return where each style holds among so many places, (1, 1, height, width) each; None of one style.

        They are shrunk once for each size, however many strips ask for them.
        """
        if self.regions is None:
            return [None]
        if (height, width) not in self._shrunk:
            self._shrunk[height, width] = list(functional.adaptive_avg_pool2d(self.regions, (height, width)).split(1))
        return self._shrunk[height, width]


@torch.no_grad()
def aim_at(
    network: nn.Module,
    content: Tensor,
    styles: Sequence[Tensor],
    content_layers: Sequence[str],
    style_layers: Sequence[str],
    *,
    shares: Sequence[float] | None = None,
    regions: Tensor | None = None,
) -> Aim:
    """Return what a picture as large as `content` (1, 3, H, W) is to come near to, with its maps and the styles' Grams.

    styles: (1, 3, h, w) each, of any size. shares: by how much each of them counts, where they are blended. regions:
    where each of them holds instead, (styles, 1, H, W).
    """
    grams = [network(style, tuple(style_layers), _gram_of) for style in styles]
    parts = torch.tensor([1.0] * len(grams) if shares is None else list(shares))
    parts /= parts.sum()
    every = {name: torch.cat([one[name]["gram"] for one in grams]) for name in style_layers}
    mixed = {name: (parts.to(one)[:, None, None] * one).sum(0, keepdim=True) for name, one in every.items()}
    wanted = mixed if regions is None else every
    found = {name: maps.float() for name, maps in network(content, tuple(content_layers)).items()}
    return Aim(found, wanted, regions)


class StyleObjective(Objective):
    """One turn over the numbers of a picture: its content, style and total variation (Gatys, Ecker & Bethge 2016).

    content: squared error of the maps of the content layers, divided by the photograph's variance there. style: squared
    error of the Gram matrices, divided by the mean square of the painting's, the mean over layers by their weights. tv:
    `total_variation`.

    What plays is a sum of `octaves` pictures, each half as large as the one before: a step may then change the colour
    of a whole region as easily as that of a pixel. `scales` counts how many of them are whole pictures of their own on
    the way: with three, a third of the steps each goes to the picture at a quarter and a half of its sides, of which
    the larger ones go on. network: (pictures, names of layers) -> maps by name, or with a third argument, (name, rows
    of the maps, number of the first, of all) -> tensors by name, the sums of these over all rows; frozen. aims: one a
    scale, the finest first. Without them there is a picture and nothing to compare it with.

    Logged terms: "content", "style" and "tv", without their weights.
    """

    is_fixed = True
    scale = 0  # at which it works: set by `schedule`

    def __init__(
        self,
        sides: tuple[int, int],
        *,
        octaves: int = 4,
        scales: int = 1,
        content_layers: Mapping[str, int | float],
        style_layers: Mapping[str, int | float],
        content_weight: int | float = 1.0,
        style_weight: int | float = 300.0,
        tv_weight: int | float = 0.3,
        every: int | None = None,
        keeps_colours: bool = False,
        network: nn.Module | None = None,
        aims: Sequence[Aim] = (),
    ) -> None:
        super().__init__()
        height, width = sides
        pictures = []
        for _ in range(octaves):
            pictures.append(nn.Parameter(torch.zeros(1, 3, height, width)))
            height, width = -(-height // 2), -(-width // 2)
        self.octaves = nn.ParameterList(pictures)
        self.scales = scales
        self.content_layers, self.style_layers = dict(content_layers), dict(style_layers)
        self.content_weight, self.style_weight, self.tv_weight = content_weight, style_weight, tv_weight
        self.epoch_steps = every
        if keeps_colours:
            self.register_buffer("colours", torch.zeros(1, 3, *sides))
        self.aim(network, aims)

    def picture(self, scale: int = 0) -> Tensor:
        """Return the picture (1, 3, H, W), at 1 / 2^scale of its sides, not clipped."""
        *finer, picture = list(self.octaves)[scale:]
        for octave in reversed(finer):
            picture = _COARSER * _enlarged(picture, octave.shape[2:]) + octave
        return _COARSER**scale * picture

    def aim(self, network: nn.Module | None, aims: Sequence[Aim]) -> None:
        """Take what the picture is compared with, and by which network; None and nothing lets go of it."""
        self.network, self.aims = network, tuple(aims)
        self.frozen = () if network is None else ("network",)

    @torch.no_grad()
    def result(self) -> Tensor:
        """Return the picture (1, 3, H, W) in [0, 1], in the photograph's colours where these are kept."""
        picture = self.picture()
        if "colours" in self._buffers:
            picture = luminance(picture) + self.get_buffer("colours")
        return picture.clamp(0, 1)

    def start_from(self, image: Tensor) -> None:
        """Make an image (1, 3, H, W) the picture."""
        with torch.no_grad():
            for k, (octave, value) in enumerate(zip(self.octaves, octaves_of(image, len(self.octaves)), strict=True)):
                octave.copy_(value / _COARSER**k)

    def players(self) -> dict[str, Player]:
        octaves = list(self.octaves)
        return {self._name(scale): Player(octaves[scale:]) for scale in reversed(range(self.scales))}

    def turns(self, step: int) -> Sequence[str]:
        return (self._name(self.scale),)

    def schedule(self, step: int, steps: int) -> None:
        """Go over to the next finer scale at equal parts of the steps; a pure function of the step."""
        self.scale = self.scales - 1 - min(self.scales - 1, step * self.scales // max(1, steps))

    def _name(self, scale: int) -> str:
        return "picture" if self.scales == 1 else f"picture{2**scale}"

    def forward(self, turn: str, batch: Batch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
        picture, aim = self.picture(self.scale), self.aims[self.scale]
        terms = self.terms(picture, aim)
        return self.total(terms), {name: value.detach() for name, value in terms.items()}

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of the terms by their weights."""
        weights = {"content": self.content_weight, "style": self.style_weight, "tv": self.tv_weight}
        return torch.stack([weights[name] * value for name, value in terms.items()]).sum()

    def terms(self, picture: Tensor, aim: Aim) -> dict[str, Tensor]:
        """Return the terms of a picture (1, 3, H, W), 0-D each, without their weights."""
        assert self.network is not None
        layers = tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))
        found = self.network(picture, layers, functools.partial(self._read, aim))
        content = [
            weight * found[name]["content"] / aim.content[name].var() for name, weight in self.content_layers.items()
        ]
        style = [weight * self._style(found[name]["gram"], aim, name) for name, weight in self.style_layers.items()]
        return {
            "content": torch.stack(content).sum() / sum(self.content_layers.values()),
            "style": torch.stack(style).sum() / sum(self.style_layers.values()),
            "tv": total_variation(picture),
        }

    def _read(self, aim: Aim, name: str, maps: Tensor, top: int, height: int) -> dict[str, Tensor]:
        """Return the shares that rows of a layer's maps have in its error of the content and in its Gram matrices."""
        found = {}
        if name in self.content_layers:
            content = aim.content[name]
            error = maps.float() - content[:, :, top : top + maps.shape[2]]
            found["content"] = error.square().sum() / content.numel()
        if name in self.style_layers:
            weights = aim.regions_at(height, maps.shape[3])
            found["gram"] = torch.cat([gram(maps, one, top=top, height=height) for one in weights])
        return found

    def _style(self, grams: Tensor, aim: Aim, name: str) -> Tensor:
        distances = gram_distance(grams, aim.grams[name])
        if aim.regions is None:
            return distances[0]
        shares = aim.regions.mean((1, 2, 3))
        return (shares / shares.sum() * distances).sum()

    def evaluate(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Return the terms of the picture beside each photograph of the batch, whose content it is compared with."""
        if self.network is None or not self.aims:
            return {}
        found: dict[str, list[Tensor]] = {}
        for image in batch["images"]:
            content = self.network(as_rgb(image[None]), tuple(self.content_layers))
            terms = self.terms(self.picture(), Aim(content, self.aims[0].grams, self.aims[0].regions))
            for name, value in {**terms, "objective": self.total(terms)}.items():
                found.setdefault(name, []).append(value)
        return {name: torch.stack(values) for name, values in found.items()}


def luminance(images: Tensor) -> Tensor:
    """Return the luminance (B, 1, H, W) of images (B, 3, H, W)."""
    weights = torch.tensor(_LUMA, dtype=images.dtype, device=images.device)
    return (images * weights[:, None, None]).sum(1, keepdim=True)


def as_rgb(images: Tensor) -> Tensor:
    """Return images of one to four channels as red, green and blue; alpha, the second or the fourth, is left out."""
    return images[:, : 1 if images.shape[1] < 3 else 3].expand(-1, 3, -1, -1)


def _gram_of(name: str, maps: Tensor, top: int, height: int) -> dict[str, Tensor]:
    return {"gram": gram(maps, top=top, height=height)}


def _enlarged(image: Tensor, sides: Sequence[int]) -> Tensor:
    return functional.interpolate(image, tuple(sides), mode="bilinear", align_corners=False)


def _resized(image: Tensor, sides: Sequence[int]) -> Tensor:
    return functional.interpolate(image, tuple(sides), mode="bilinear", align_corners=False, antialias=True)
