"""What a network that paints in one pass minimises, over any photographs in any styles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Generator, Tensor, nn

from latente.formulas import moments, renormalised
from latente.objectives.objective import Batch, Objective
from latente.objectives.style import as_rgb, gram, gram_distance

__all__ = ["StylisingObjective"]

_OWN = 4  # one picture of so many is its own style, and is to come out as it was


@runtime_checkable
class _Painter(Protocol):
    """What paints: see `latente.networks.StyleNet`."""

    def maps(self, images: Tensor) -> list[Tensor]: ...
    def statistics(self, maps: list[Tensor]) -> Tensor: ...
    def paint(self, maps: list[Tensor], own: Tensor, wanted: Tensor) -> Tensor: ...
    def finished(self, painted: Tensor, wanted: Tensor) -> Tensor: ...


_Maps = Mapping[str, Tensor]  # by layer

# gives each photograph of a batch (B, 3, h, w) in [0, 1] a style of the same shape, by a generator
Draw = Callable[[Tensor, Generator], Tensor]


class StylisingObjective(Objective):
    """Photographs painted in one pass, in the styles of pictures (Huang & Belongie 2017).

    content: squared error of the maps of a layer against the photograph's, brought to the style's means and deviations
    (eq. 8 and 12), divided by their variance. style: squared error of the means and deviations of the maps of the
    style's layers (eq. 13), divided by those of the style, squared, the mean over layers by their weights. identity:
    the mean distance to itself of what is made of a photograph in its own style, which every fourth one is given.

    network: paints, see `latente.networks.StyleNet`. features: (pictures, names of layers) -> maps by name; frozen.
    draw: a style for each photograph of a step. shown: the styles, (1, 3, h, w) each, in which an evaluation paints
    every photograph. Without features there is nothing to compare by.

    Logged terms: "content", "style" and "identity", without their weights.
    """

    epoch_steps = 200  # of random crops, each in another style

    def __init__(
        self,
        network: nn.Module,
        *,
        content_layers: Mapping[str, int | float],
        style_layers: Mapping[str, int | float],
        content_weight: int | float = 1.0,
        style_weight: int | float = 4.0,
        identity_weight: int | float = 4.0,
    ) -> None:
        super().__init__()
        self.network = network
        self.content_layers, self.style_layers = dict(content_layers), dict(style_layers)
        self.content_weight, self.style_weight, self.identity_weight = content_weight, style_weight, identity_weight
        self.compare_by(None)

    def compare_by(self, features: nn.Module | None, draw: Draw | None = None, shown: Sequence[Tensor] = ()) -> None:
        """Take what pictures are compared by, and the styles of the training; None and nothing lets go of them."""
        self.features, self.draw, self.shown = features, draw, tuple(shown)
        self.frozen = () if features is None else ("features",)

    @property
    def painter(self) -> _Painter:
        return cast(_Painter, self.network)

    def painted(self, photographs: Tensor, style: Tensor | None = None) -> Tensor:
        """Return photographs (B, 3, H, W) in a style (1, 3, h, w), or each in its own, within [0, 1]."""
        wanted = None if style is None else self.painter.statistics(self.painter.maps(style))
        return self._painted(photographs, wanted).clamp(0, 1)

    def _painted(self, photographs: Tensor, wanted: Tensor | None) -> Tensor:
        """Return photographs with the statistics that are wanted, (1 or B, K), or with their own, not clipped."""
        maps = self.painter.maps(photographs)
        own = self.painter.statistics(maps)
        wanted = own if wanted is None else wanted.expand_as(own)
        painted = self.painter.paint(maps, own, wanted)
        # without what continued the photographs to whole steps of the network
        return self.painter.finished(painted[..., : photographs.shape[2], : photographs.shape[3]], wanted)

    def forward(self, turn: str, batch: Batch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
        assert self.draw is not None
        photographs = as_rgb(batch["images"])
        count = len(photographs) - len(photographs) // _OWN
        styles = self.draw(photographs, generator)
        styles = torch.cat([styles[:count], photographs[count:]])
        painted = self._painted(photographs, self.painter.statistics(self.painter.maps(styles)))
        content, style = self._terms(*self._maps(painted[:count], photographs[:count], styles[:count]))
        own = (painted[count:] - photographs[count:]).abs()
        terms = {
            "content": content.mean(),
            "style": style.mean(),
            "identity": own.mean() if own.numel() else own.sum(),
        }
        return self._total(terms), {name: value.detach() for name, value in terms.items()}

    def _total(self, terms: Mapping[str, Tensor]) -> Tensor:
        weights = {"content": self.content_weight, "style": self.style_weight, "identity": self.identity_weight}
        return torch.stack([weight * terms[name] for name, weight in weights.items()]).sum(0)

    def _maps(self, painted: Tensor, photographs: Tensor, styles: Tensor) -> tuple[_Maps, _Maps, _Maps]:
        """Return the maps of all layers that are looked at; styles: (1 or B, 3, h, w)."""
        features: Any = self.features
        names = tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))
        with torch.no_grad():
            known = features(photographs, names), features(styles, names)
        return features(painted, names), *known

    def _terms(self, painted: _Maps, photographs: _Maps, styles: _Maps) -> tuple[Tensor, Tensor]:
        """Return content and style of each picture (B,) by the maps of these."""
        content, style = [], []
        for name, weight in self.content_layers.items():
            target = renormalised(photographs[name], moments(photographs[name]), moments(styles[name]))
            error = (painted[name].float() - target).square().mean((1, 2, 3))
            content.append(weight * error / target.var((1, 2, 3)).clamp_min(1e-6))
        for name, weight in self.style_layers.items():
            ours, wanted = (torch.cat(moments(maps[name]), 1).flatten(1) for maps in (painted, styles))
            style.append(weight * (ours - wanted).square().mean(1) / wanted.square().mean(1))
        shares = sum(self.content_layers.values()), sum(self.style_layers.values())
        return torch.stack(content).sum(0) / shares[0], torch.stack(style).sum(0) / shares[1]

    def _closed(self, painted: _Maps, photographs: _Maps, styles: _Maps) -> Tensor:
        """Return how much of the way from a photograph's Gram matrices to a style's each picture has gone (B,)."""
        far, whole = (
            torch.stack(
                [
                    weight * gram_distance(gram(maps[name]), gram(styles[name]))
                    for name, weight in self.style_layers.items()
                ]
            ).sum(0)
            for maps in (painted, photographs)
        )
        return 1 - far / whole.clamp_min(1e-6)

    @torch.no_grad()
    def evaluate(self, batch: Batch, generator: Generator) -> dict[str, Tensor]:
        """Return each photograph's terms, the mean over the styles that are shown.

        "closed" is the part of the way between its Gram matrices and a style's, in squares, that is gone (Gatys et al.
        2016): another measure than what is minimised. identity is of the photograph in its own style.
        """
        if self.features is None or not self.shown:
            return {}
        photographs = as_rgb(batch["images"])
        rows = []
        for style in self.shown:
            maps = self._maps(self.painted(photographs, style), photographs, style)
            rows.append((*self._terms(*maps), self._closed(*maps)))
        content, style, closed = (torch.stack(one).mean(0) for one in zip(*rows, strict=True))
        itself = self.painted(photographs)
        terms = {"content": content, "style": style, "identity": (itself - photographs).abs().mean((1, 2, 3))}
        return {**terms, "closed": closed, "objective": self._total(terms)}
