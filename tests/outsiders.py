"""Two families that the house does not know: as little as a family can be, the second without the loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from latente.checks import Number, option
from latente.estimators.base import Estimator
from latente.estimators.data import Split
from latente.estimators.kinds import Kind
from latente.estimators.options.common import EstimatorOptions, LoopOptions
from latente.objectives import Batch, Objective
from latente.training import Run

MEAN = Kind(
    name="mean",
    title="mean image",
    family="outsiders",
    sentence="Learns the mean image.",
    estimator="outsiders:MeanImage",
    options="outsiders:MeanOptions",
)
RANGE = Kind(
    name="range",
    title="range of values",
    family="outsiders",
    sentence="Looks up the lowest and the highest image.",
    estimator="outsiders:ValueRange",
    options="outsiders:RangeOptions",
)


class MeanObjective(Objective):
    """The squared distance to one image, which is learned."""

    def __init__(self, shape: tuple[int, ...], pull: float) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.zeros(1, *shape))
        self.pull = pull

    def forward(self, turn: str, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        loss = (self.image - batch["images"]).square().mean() + self.pull * self.image.square().mean()
        return loss, {}

    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        return {"objective": (self.image - batch["images"]).square().flatten(1).mean(1)}


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class MeanOptions(LoopOptions):
    panel: ClassVar[str] = "Mean"

    pull: float = option(0.0, "Pull of the image towards black.", Number(least=0))


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class MeanImage(MeanOptions, Estimator):
    kind = "mean"

    def _build(self) -> None:
        self.objective_ = MeanObjective(self.image_shape_, self.pull)


class RangeObjective(Objective):
    """The share of an image's values that lie outside a range; nothing of it learns by gradients."""

    def __init__(self, shape: tuple[int, ...], margin: float) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(shape))
        self.register_buffer("high", torch.zeros(shape))
        self.margin = margin

    def evaluate(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        images = batch["images"]
        outside = (images < self.low - self.margin) | (images > self.high + self.margin)
        return {"objective": outside.float().flatten(1).mean(1)}


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class RangeOptions(EstimatorOptions):
    panel: ClassVar[str] = "Range"

    margin: float = option(0.0, "How far outside still counts as within.", Number(least=0))


@dataclasses.dataclass(eq=False, repr=False, kw_only=True)
class ValueRange(RangeOptions, Estimator):
    """The lowest and the highest value at each place, looked up in one pass."""

    kind = "range"
    takes_tables = False

    def _build(self) -> None:
        self.objective_ = RangeObjective(self.image_shape_, self.margin)

    def _learn(self, parts: Split, run: Run | None) -> None:
        outputs = self._over(parts.images.take(parts.rows), lambda batch: {"images": batch["images"]})["images"]
        self.objective_.low.copy_(torch.from_numpy(outputs.min(0)))
        self.objective_.high.copy_(torch.from_numpy(outputs.max(0)))
        self.widest_ = float((outputs.max(0) - outputs.min(0)).max())

    def _cost(self, parts: Split, layers: list[Any]) -> tuple[float, int]:
        return 0.0, parts.images.pixels.nbytes

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "widest_": self.widest_}

    def _take_facts(self, facts: Mapping[str, Any]) -> None:
        super()._take_facts(facts)
        self.widest_ = facts["widest_"]
