"""What a part of a model computes, as a module that can be exported, and what it is to be compared by."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from latente.estimators import AnomalyDetector, Estimator, FastStyleTransfer, Restorer
from latente.estimators.pictures import coloured
from latente.images import Images, Scaling
from latente.networks import StyleNet
from latente.objectives import ConditionedObjective, DetectionObjective, ReconstructionObjective, RestorationObjective
from latente.resampling import phases
from latente.training import Batches

__all__ = ["Graph", "Shape", "graph_of", "shapes_of"]

Shape = tuple[str | int, ...]

_CONDITIONS = "conditions"  # beside the images, of a model that decodes both
_NAMES = {"encoder": ("images", "codes"), "decoder": ("codes", "images"), "whole": ("images", "reconstructions")}
_BATCHES = (1, 3, 12)  # sizes that the comparison runs, so that a batch axis that is not free is found out
_PICTURES = ((2, 10, 6), (1, 6, 8))  # of a restorer's comparison: how many, and their height and width in steps


@dataclasses.dataclass(frozen=True)
class Graph:
    """A part of a model, ready to be exported.

    module: from tensors in the order of `inputs` to one or several in that of `outputs`. inputs, outputs: their shapes
    by name. trials: inputs and what the model makes of them; the first ones are what the exporter watches. step: of
    what the sides of pictures of any size are multiples; None of one size alone. sized_apart: whether pictures of the
    second input may have other sides than those of the first. scalings: by name, of the outputs that are in the data's
    units; those of `trials` are in the network's range. notes: what else the file tells.
    """

    module: nn.Module
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    trials: Sequence[tuple[Mapping[str, np.ndarray], Sequence[np.ndarray]]]
    step: int | None = None
    sized_apart: bool = False
    scalings: Mapping[str, Scaling] = dataclasses.field(default_factory=dict)
    notes: Mapping[str, str] = dataclasses.field(default_factory=dict)


def graph_of(model: Estimator, part: str) -> Graph:
    """Return a part of a fitted model, which has it."""
    if isinstance(model, Restorer):
        return _of_restorer(model)
    if isinstance(model, FastStyleTransfer):
        return _of_painter(model)
    return _of_detector(model) if isinstance(model, AnomalyDetector) else _of_coder(model, part)


def shapes_of(model: Estimator, part: str) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Return the shapes of what goes into a part and of what comes out, by name; "n", "h" and "w" are any number."""
    if isinstance(model, Restorer):
        return _restorer_shapes(model)
    if isinstance(model, FastStyleTransfer):
        step = StyleNet.step
        photographs: Shape = ("n", 3, f"{step}h", f"{step}w")
        return {"images": photographs, "styles": ("n", 3, f"{step}p", f"{step}q")}, {"painted": photographs}
    images: Shape = ("n", *model.image_shape_)
    if part == "detector":
        assert isinstance(model, AnomalyDetector)
        return {"images": images}, {"scores": ("n",)} | ({"maps": ("n", *images[2:])} if model.has_maps() else {})
    codes: Shape = ("n", math.prod(model.code_shape_))
    source, result = _NAMES[part]
    made: dict[str, Shape] = {result: codes if part == "encoder" else images}
    if part == "decoder" and (names := _decoded_conditions(model)):
        made[_CONDITIONS] = ("n", len(names))
    return {source: codes if part == "decoder" else images}, made


# -- encoders, decoders, and both


class _Part(nn.Module):
    """From images to codes, from codes to images, or both, images in the data's own units.

    A decoder gives the conditions of codes, too, where the model decodes them.
    """

    def __init__(self, objective: ReconstructionObjective, model: Estimator, part: str) -> None:
        super().__init__()
        self.objective, self.scaling, self.part = objective, model.scaling_, part
        self.code_shape = model.code_shape_
        has_conditions = part == "decoder" and _decoded_conditions(model)
        self.of_conditions = model.column_scalings_["condition"] if has_conditions else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        if self.part == "decoder":
            codes = x.unflatten(1, self.code_shape) if len(self.code_shape) > 1 else x
        else:
            codes = self.objective.encode(self.scaling.apply(x))
        if self.part == "encoder":
            return codes.flatten(1)
        images = self.scaling.in_units(self.objective.decode(codes))
        if self.of_conditions is None:
            return images
        return images, self.of_conditions.in_units(cast(ConditionedObjective, self.objective).conditions(codes))


def _decoded_conditions(model: Estimator) -> tuple[str, ...]:
    """Return the names of the numbers that a model decodes beside images; of most there are none."""
    return cast(tuple[str, ...], model.condition_names_) if getattr(model, "condition", None) == "joint" else ()


def _of_coder(model: Estimator, part: str) -> Graph:
    # without the corruption, which plays no part here and, where it is a caller's own, need not be fit to be copied
    own = cast(ReconstructionObjective, model.objective_)
    objective = copy.deepcopy(own, {id(getattr(own, "corruption", None)): None}).cpu().eval()
    images, scaled = _noise(model)
    scalings = {} if part == "encoder" else {_NAMES[part][1]: model.scaling_}
    notes = {"code_shape": "x".join(map(str, model.code_shape_))}
    with torch.no_grad():
        if isinstance(objective, ConditionedObjective):
            codes = objective.posterior(scaled, torch.full((len(scaled), objective.size), 0.5))[0]
        else:
            codes = objective.encode(scaled)
        if part == "encoder":
            inputs, expected = images, [codes.flatten(1)]
        elif part == "whole":
            inputs, expected = images, [objective.decode(codes)]
        else:
            drawn = np.random.default_rng(1).standard_normal(codes.shape, np.float32) * max(1.0, float(codes.std()))
            inputs, expected = drawn.reshape(len(drawn), -1), [objective.decode(torch.from_numpy(drawn))]
            if names := _decoded_conditions(model):
                expected.append(cast(ConditionedObjective, objective).conditions(torch.from_numpy(drawn)))
                notes[_CONDITIONS] = ", ".join(names)
                scalings[_CONDITIONS] = model.column_scalings_["condition"]
    return Graph(
        _Part(objective, model, part),
        *shapes_of(model, part),
        _in_batches(_NAMES[part][0], inputs, [values.numpy() for values in expected]),
        scalings=scalings,
        notes=notes,
    )


# -- detectors


class _Detector(nn.Module):
    """From images in the data's own units to scores, and to maps where there are such."""

    def __init__(self, objective: DetectionObjective, scaling: Scaling, has_maps: bool) -> None:
        super().__init__()
        self.objective, self.scaling, self.has_maps = objective, scaling, has_maps

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.looks(self.scaling.apply(x))

    def looks(self, scaled: Tensor) -> tuple[Tensor, ...]:
        if not self.has_maps:
            return (-self.objective.oddness(scaled),)
        oddness, maps = self.objective.with_maps(scaled)
        return -oddness, maps


def _of_detector(model: AnomalyDetector) -> Graph:
    objective = copy.deepcopy(model.objective_).cpu().eval()
    module = _Detector(objective, model.scaling_, model.has_maps())
    images, scaled = _noise(model)
    with torch.no_grad():
        expected = [found.numpy() for found in module.looks(scaled)]
    notes = {"offset": repr(model.offset_)}
    return Graph(module, *shapes_of(model, "detector"), _in_batches("images", images, expected), notes=notes)


# -- restorers


class _Restoring(nn.Module):
    """From worse pictures in the data's own units, and what of them is missing, to better ones."""

    def __init__(self, objective: RestorationObjective, scaling: Scaling) -> None:
        super().__init__()
        self.objective, self.scaling = objective, scaling

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        hidden = None if mask is None else mask != 0
        return self.scaling.in_units(self.objective.restore(self.scaling.apply(images), hidden))


def _of_restorer(model: Restorer) -> Graph:
    """Return a restorer, to be compared on pictures of two sizes."""
    objective = copy.deepcopy(model.objective_, {id(model.objective_.worsen): None}).cpu().eval()
    phases(model.factor_)  # worked out here, and not while the exporter watches
    trials: list[tuple[dict[str, np.ndarray], list[np.ndarray]]] = []
    for count, *steps in _PICTURES:
        given = _worse(model, count, *steps)
        hidden = torch.from_numpy(given["mask"] != 0) if "mask" in given else None
        with torch.no_grad():
            made = objective.restore(model.scaling_.apply(torch.from_numpy(given["images"])), hidden)
        trials.append((given, [made.numpy()]))
    module = _Restoring(objective, model.scaling_)
    scalings = {"reconstructions": model.scaling_}
    return Graph(module, *shapes_of(model, "whole"), trials, step=_step(model), scalings=scalings)


def _restorer_shapes(model: Restorer) -> tuple[dict[str, Shape], dict[str, Shape]]:
    step, channels, factor = _step(model), model.image_shape_[0], model.factor_
    given: Sequence[str | int]
    made: Sequence[str | int]
    if step is None:
        given, made = _own_sides(model), [factor * side for side in _own_sides(model)]
    else:
        given, made = ([f"{by if by > 1 else ''}{axis}" for axis in "hw"] for by in (step, step * factor))
    mask: dict[str, Shape] = {"mask": ("n", 1, *given)} if model.fills_in else {}
    return {"images": ("n", channels, *given), **mask}, {"reconstructions": ("n", channels, *made)}


def _step(model: Restorer) -> int | None:
    """Return by what the sides of a restorer's pictures have to be divisible; None where it takes one size alone."""
    network = model.objective_.network
    return None if getattr(network, "sides", None) is not None else getattr(network, "step", 1)


def _own_sides(model: Restorer) -> list[int]:
    """Return height and width of the pictures of a restorer that takes one size alone."""
    sides: Sequence[int] = cast(Any, model.objective_.network).sides
    return [side // model.factor_ for side in sides]


def _worse(model: Restorer, count: int, height: int, width: int) -> dict[str, np.ndarray]:
    """Return noise for a restorer, its sides in steps: images and, where it fills in, a mask."""
    step, rng = _step(model), np.random.default_rng(0)
    sides = _own_sides(model) if step is None else [step * height, step * width]
    given = {"images": _images(model.scaling_, (count, model.image_shape_[0], *sides), rng).astype(np.float32)}
    if model.fills_in:
        given["mask"] = (rng.random((count, 1, *sides)) < 0.3).astype(np.float32)
    return given


# -- what paints in a style


class _Painting(nn.Module):
    """From photographs and pictures whose style they get, in the data's own units, to painted ones."""

    def __init__(self, network: StyleNet, scaling: Scaling) -> None:
        super().__init__()
        self.network, self.scaling = network, scaling

    def forward(self, images: Tensor, styles: Tensor) -> Tensor:
        return self.scaling.in_units(self.network(self.scaling.apply(images), self.scaling.apply(styles)).clamp(0, 1))


def _of_painter(model: FastStyleTransfer) -> Graph:
    """Return what paints, to be compared on photographs and styles of two sizes each."""
    network, scaling = copy.deepcopy(model.objective_.network).cpu().eval(), coloured(model.scaling_)
    assert isinstance(network, StyleNet)
    rng = np.random.default_rng(0)
    trials: list[tuple[dict[str, np.ndarray], list[np.ndarray]]] = []
    for count, height, width in _PICTURES:
        sides = {"images": (height, width), "styles": (width + 1, height)}
        given = {
            name: _images(scaling, (count, 3, *(StyleNet.step * side for side in both)), rng).astype(np.float32)
            for name, both in sides.items()
        }
        with torch.no_grad():
            painted = network(*(scaling.apply(torch.from_numpy(values)) for values in given.values())).clamp(0, 1)
        trials.append((given, [painted.numpy()]))
    module, shapes = _Painting(network, scaling), shapes_of(model, "whole")
    scalings = dict.fromkeys(shapes[1], scaling)
    return Graph(module, *shapes, trials, step=StyleNet.step, sized_apart=True, scalings=scalings)


# -- what they are compared by


def _in_batches(
    source: str, inputs: np.ndarray, expected: Sequence[np.ndarray]
) -> list[tuple[dict[str, np.ndarray], list[np.ndarray]]]:
    """Return trials of several sizes; the exporter watches one of more than one image, which it might take for all."""
    ends = np.cumsum(_BATCHES)
    parts = [slice(end - size, end) for size, end in zip(_BATCHES, ends, strict=True)]
    trials = [({source: inputs[part]}, [one[part] for one in expected]) for part in parts]
    return [*trials[1:], trials[0]]


def _noise(model: Estimator) -> tuple[np.ndarray, Tensor]:
    """Return images of uniform noise over the data's range, rounded as the data are, float32, and the same scaled."""
    images = _images(model.scaling_, (sum(_BATCHES), *model.image_shape_), np.random.default_rng(0))
    batches = Batches(Images(images), model.scaling_, torch.device("cpu"))
    return images.astype(np.float32), batches.batch(torch.arange(len(images)))["images"]


def _images(scaling: Scaling, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(scaling.dtype)
    data = scaling.from_range(rng.uniform(0.0, 1.0, shape))
    return (data if dtype.kind == "f" else np.rint(data)).astype(dtype)
