"""ONNX: a trained model as files that other stacks run, each compared with the model before it is handed out."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import importlib
import logging
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

import latente
from latente.errors import InputError, ModelError, did_you_mean
from latente.estimators import AnomalyDetector, Estimator
from latente.estimators.abilities import Decodes, Encodes, Localises
from latente.estimators.judges import PRODUCTS
from latente.files import replacing
from latente.images import Images, Scaling
from latente.objectives import DetectionObjective, ReconstructionObjective
from latente.training import Batches
from latente.training.surroundings import own_surroundings

__all__ = ["PARTS", "Exported", "export_onnx", "onnx_bytes", "parts_of", "snippet"]

_ABILITIES: dict[str, tuple[type, ...]] = {
    "encoder": (Encodes,),
    "decoder": (Decodes,),
    "whole": (Encodes, Decodes),
    "detector": (Localises,),
}
PARTS = tuple(_ABILITIES)

_NAMES = {"encoder": ("images", "codes"), "decoder": ("codes", "images"), "whole": ("images", "reconstructions")}
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_OPSET = 18  # the oldest that torch's exporter writes by itself; runtimes know it since 2023, in browsers too
_TOLERANCE = 1e-4
_BATCHES = (1, 3, 12)  # sizes that the comparison runs, so that a batch axis that is not free is found out

Shape = tuple[str | int, ...]


@dataclasses.dataclass(frozen=True)
class Exported:
    """A file that was written, and what goes in and out of it.

    bytes: its size. largest_difference: from the model, as `export_onnx` measures it. inputs, outputs: shapes by name,
    the first axis being "n", any number of images or codes; all values are float32.
    """

    part: str
    path: Path
    bytes: int
    largest_difference: float
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]


def export_onnx(
    model: Estimator,
    folder: str | os.PathLike[str],
    *,
    parts: Sequence[str] | None = None,
    tolerance: float = _TOLERANCE,
) -> list[Exported]:
    """Write a fitted model as `folder`/encoder.onnx, decoder.onnx, whole.onnx, a detector as `folder`/detector.onnx.

    parts: which of these; default all that the model has. Each is checked against the model.

    Images are float32 (N, C, H, W), or (N, F) for tables, in the units of the training images whatever their dtype (0
    to 255 for uint8): the scaling is inside, and what comes out is neither rounded nor clipped. Codes are float32
    (N, K), spatial ones flattened; those of a variational encoder are the posterior's means. N is any number. A
    detector gives the scores (N,) of `score_samples`, lower is odder, and of pictures the maps (N, H, W) of
    `anomaly_map`; where it learned from pictures of many sizes, the file takes those of the middle height and width.
    Among the file's notes is the `offset`, below which a score is odd.

    Before anything is written, onnxruntime and the model meet the same noise: images over the data's range, or codes
    from N(0, s^2), s being the standard deviation of such images' codes, at least 1. What counts is the largest
    difference, of images in the network's range and of all else as it is, divided by the largest value where that is
    above 1. Raises ModelError where it exceeds `tolerance` or where a part cannot be expressed in ONNX, and InputError
    for an unknown part, a part that the model has not, a detector that searches what it remembers, a folder that cannot
    be made, and missing packages; nothing is written then.
    """
    contents = [(part, *_build(model, part, tolerance)) for part in (parts_of(model) if parts is None else parts)]
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder {folder} cannot be made: {error.strerror}; choose another") from error
    written = []
    for part, content, difference in contents:
        path = folder / f"{part}.onnx"
        with replacing(path) as temporary:
            temporary.write_bytes(content)
        written.append(Exported(part, path, len(content), difference, *_shapes(model, part)))
    return written


def onnx_bytes(model: Estimator, part: str) -> bytes:
    """Return the "encoder", "decoder", "whole" or "detector" of a fitted model as the content of an ONNX file.

    Conventions, checks and errors are those of `export_onnx`.
    """
    return _build(model, part, _TOLERANCE)[0]


def snippet(exported: Exported) -> str:
    """Return the lines of Python that run an exported file with numpy and onnxruntime alone."""
    [(source, (_, *shape))] = exported.inputs.items()
    results = ", ".join(exported.outputs)
    what = "any number of codes" if source == "codes" else "any number, in the units of the training images"
    return "\n".join(
        [
            "import numpy as np",
            "import onnxruntime",
            f"session = onnxruntime.InferenceSession({os.fspath(exported.path)!r})",
            f"{source} = np.zeros({(1, *shape)}, np.float32)  # {what}",
            f"[{results}] = session.run(None, {{{source!r}: {source}}})",
        ]
    )


def parts_of(model: object) -> tuple[str, ...]:
    """Return those of `PARTS` that a model has, by what it can do."""
    return tuple(part for part, abilities in _ABILITIES.items() if all(isinstance(model, one) for one in abilities))


@own_surroundings()
def _build(model: Estimator, part: str, tolerance: float) -> tuple[bytes, float]:
    """Return the content of the file for a part, and the largest difference from the model."""
    if part not in PARTS:
        raise did_you_mean("part", part, PARTS)
    check_is_fitted(model, "objective_")
    if part not in parts_of(model):
        raise InputError(f"a {type(model).__name__} has no {part} to export")
    if isinstance(model, AnomalyDetector) and model.method_ not in PRODUCTS:
        raise InputError(
            f"method={model.method_!r} searches what it remembers, which ONNX cannot; fit one with method='gaussian'"
        )
    _require_packages()
    graph, inputs, expected = _detector_trial(model) if part == "detector" else _trial(model, part)
    content = _content(graph, torch.from_numpy(inputs[:2]), model, part)
    results = _run(content, part, inputs)
    if part in ("decoder", "whole"):
        results = [model.scaling_.to_range(images) for images in results]
    difference = np.max(
        [np.abs(a - b).max() / max(1.0, np.abs(b).max()) for a, b in zip(results, expected, strict=True)]
    )
    if not difference <= tolerance:  # NaN is no agreement either
        raise ModelError(
            f"the {part} as ONNX differs from the model by {difference:.2g}, more than the {tolerance:g} allowed; "
            "nothing was written"
        )
    return content, float(difference)


def _require_packages() -> None:
    try:
        for name in _PACKAGES:
            importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"ONNX needs packages that are not installed ({error}): pip install 'latente[export]'"
        ) from error


class _Part(nn.Module):
    """What a file computes: from images to codes, from codes to images, or both, images in the data's own units."""

    def __init__(self, objective: ReconstructionObjective, model: Estimator, part: str) -> None:
        super().__init__()
        self.objective, self.scaling, self.part = objective, model.scaling_, part
        self.code_shape = model.code_shape_

    def forward(self, x: Tensor) -> Tensor:
        if self.part == "decoder":
            codes = x.unflatten(1, self.code_shape) if len(self.code_shape) > 1 else x
        else:
            codes = self.objective.encode(self.scaling.apply(x))
        if self.part == "encoder":
            return codes.flatten(1)
        return self.scaling.in_units(self.objective.decode(codes))


class _Detector(nn.Module):
    """What a detector's file computes: from images in the data's own units to scores, and maps of pictures."""

    def __init__(self, objective: DetectionObjective, scaling: Scaling) -> None:
        super().__init__()
        self.objective, self.scaling = objective, scaling

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.looks(self.scaling.apply(x))

    def looks(self, scaled: Tensor) -> tuple[Tensor, ...]:
        if scaled.ndim == 2:
            return (-self.objective.oddness(scaled),)
        oddness, maps = self.objective.with_maps(scaled)
        return -oddness, maps


def _content(graph: nn.Module, example: Tensor, model: Estimator, part: str) -> bytes:
    """Return the ONNX file of a part's graph for batches like `example`, of any length."""
    inputs, outputs = _shapes(model, part)
    try:
        with _quietly(), torch.no_grad():
            program = torch.onnx.export(
                graph,
                (example,),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ModelError(f"the {part} cannot be expressed in ONNX: {reason}") from error
    assert program is not None  # as it is of torch's older exporter only
    return _stripped(program.model_proto, _metadata(model, part))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep back what torch's exporter says of its own insides and of packages that it does without."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _stripped(proto: Any, metadata: dict[str, str]) -> bytes:
    """Return the file without what the exporter notes for debugging, paths on this machine among it, with our notes."""
    graph = proto.graph
    for entry in (proto, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        entry.ClearField("doc_string")
        entry.ClearField("metadata_props")
    for node in graph.node:
        node.ClearField("name")
    graph.ClearField("value_info")  # the shapes in between, which a runtime works out again
    graph.name, proto.producer_name, proto.producer_version = metadata["part"], "latente", metadata["latente"]
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    content: bytes = proto.SerializeToString()
    return content


def _metadata(model: Estimator, part: str) -> dict[str, str]:
    if isinstance(model, AnomalyDetector):
        own = {"offset": repr(model.offset_)}
    else:
        own = {"code_shape": "x".join(map(str, model.code_shape_))}
    return {
        "model": model.kind,
        "part": part,
        "layout": "NCHW" if len(model.image_shape_) == 3 else "NF",
        "dtype": model.scaling_.dtype,
        "range": model.scaling_.range_in_words,
        "shape": "x".join(map(str, model.image_shape_)),
        **own,
        "latente": latente.__version__,
    }


def _shapes(model: Estimator, part: str) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Return the shapes of what goes into a part and of what comes out, by name."""
    images: Shape = ("n", *model.image_shape_)
    if part == "detector":
        return {"images": images}, {"scores": ("n",)} | ({"maps": ("n", *images[2:])} if len(images) == 4 else {})
    codes: Shape = ("n", math.prod(model.code_shape_))
    source, result = _NAMES[part]
    return {source: codes if part == "decoder" else images}, {result: codes if part == "encoder" else images}


def _trial(model: Estimator, part: str) -> tuple[nn.Module, np.ndarray, list[np.ndarray]]:
    """Return the graph of a part, noise for it as the file takes it, float32, and what the model makes of that.

    The last are images in the network's range, or flat codes.
    """
    # without the corruption, which plays no part here and, where it is a caller's own, need not be fit to be copied
    own = cast(ReconstructionObjective, model.objective_)
    objective = copy.deepcopy(own, {id(own.corruption): None}).cpu().eval()
    graph, (images, scaled) = _Part(objective, model, part), _noise(model)
    with torch.no_grad():
        codes = objective.encode(scaled)
        if part == "encoder":
            return graph, images, [codes.flatten(1).numpy()]
        if part == "whole":
            return graph, images, [objective.decode(codes).numpy()]
        drawn = np.random.default_rng(1).standard_normal(codes.shape, np.float32) * max(1.0, float(codes.std()))
        return graph, drawn.reshape(len(drawn), -1), [objective.decode(torch.from_numpy(drawn)).numpy()]


def _detector_trial(model: Estimator) -> tuple[nn.Module, np.ndarray, list[np.ndarray]]:
    """Return what `_trial` returns, of a detector."""
    graph = _Detector(cast(DetectionObjective, copy.deepcopy(model.objective_)).cpu().eval(), model.scaling_)
    images, scaled = _noise(model)
    with torch.no_grad():
        return graph, images, [found.numpy() for found in graph.looks(scaled)]


def _noise(model: Estimator) -> tuple[np.ndarray, Tensor]:
    """Return images of uniform noise over the data's range, rounded as the data are, float32, and the same scaled."""
    scaling, dtype = model.scaling_, np.dtype(model.scaling_.dtype)
    data = scaling.from_range(np.random.default_rng(0).uniform(0.0, 1.0, (sum(_BATCHES), *model.image_shape_)))
    images = (data if dtype.kind == "f" else np.rint(data)).astype(dtype)
    scaled = Batches(Images(images), scaling, torch.device("cpu")).batch(torch.arange(len(images)))["images"]
    return images.astype(np.float32), scaled


def _run(content: bytes, part: str, inputs: np.ndarray) -> list[np.ndarray]:
    """Return what onnxruntime makes of the inputs, in batches of several sizes, output by output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        [source] = session.get_inputs()
        batches = np.split(inputs, np.cumsum(_BATCHES)[:-1])
        results = zip(*(session.run(None, {source.name: batch}) for batch in batches), strict=True)
        return [np.concatenate(one).astype(np.float64) for one in results]
    except Exception as error:  # its exceptions have no other base
        raise ModelError(f"onnxruntime cannot run the {part}: {str(error).splitlines()[0]}") from error
