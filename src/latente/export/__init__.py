"""ONNX: a trained model as files that other stacks run, each compared with the model before it is handed out."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

import latente
from latente.errors import InputError, ModelError, did_you_mean
from latente.estimators import GAN, AnomalyDetector, Estimator, FastStyleTransfer, Restorer
from latente.estimators.abilities import Decodes, Encodes, Localises
from latente.estimators.recipes import PRODUCTS, SEARCHES
from latente.export.graphs import Graph, Shape, graph_of, shapes_of
from latente.files import replacing
from latente.training.surroundings import own_surroundings

__all__ = ["PARTS", "Exported", "export_onnx", "onnx_bytes", "parts_of", "snippet"]

_ABILITIES: dict[str, tuple[type, ...]] = {
    "encoder": (Encodes,),
    "decoder": (Decodes,),
    "whole": (Encodes, Decodes),
    "detector": (Localises,),
}
PARTS = tuple(_ABILITIES)

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_OPSET = 18  # the oldest that torch's exporter writes by itself; runtimes know it since 2023, in browsers too
_TOLERANCE = 1e-4
_NOTES = {
    "codes": "any number of codes",
    "images": "any number, in the units of the training images",
    "mask": "not 0 where a pixel is missing",
    "styles": "one for each image",
}


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
    Among the file's notes is the `offset`, below which a score is odd. Of a restorer there is the whole alone, for
    pictures of any size, or any multiple of the step of its network, which beside the images takes a mask (N, 1, H, W)
    where it fills in: not 0 where a pixel is missing. Of a fast style transfer there is the whole alone as well, for
    photographs and styles in red, green and blue, of any multiples of 8 pixels. Of a GAN there is the generator alone,
    as the decoder; and of a model with conditions the decoder, which gives conditions (N, K), too, in their own units,
    where it learned them.

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
        written.append(Exported(part, path, len(content), difference, *shapes_of(model, part)))
    return written


def onnx_bytes(model: Estimator, part: str) -> bytes:
    """Return the "encoder", "decoder", "whole" or "detector" of a fitted model as the content of an ONNX file.

    Conventions, checks and errors are those of `export_onnx`.
    """
    return _build(model, part, _TOLERANCE)[0]


def snippet(exported: Exported) -> str:
    """Return the lines of Python that run an exported file with numpy and onnxruntime alone."""
    inputs = [
        f"{source} = np.zeros({(1, *map(_example, shape))}, np.float32)  # {_NOTES[source]}"
        for source, (_, *shape) in exported.inputs.items()
    ]
    feeds = ", ".join(f"{source!r}: {source}" for source in exported.inputs)
    return "\n".join(
        [
            "import numpy as np",
            "import onnxruntime",
            f"session = onnxruntime.InferenceSession({os.fspath(exported.path)!r})",
            *inputs,
            f"[{', '.join(exported.outputs)}] = session.run(None, {{{feeds}}})",
        ]
    )


def _example(side: int | str) -> int:
    """Return a side as it is, and of any number of pixels, or of steps such as "4h", about 64 pixels."""
    if isinstance(side, int):
        return side
    step = int(side[:-1] or 1)
    return step * math.ceil(64 / step)


def parts_of(model: object) -> tuple[str, ...]:
    """Return those of `PARTS` that a model has, by what it can do."""
    if isinstance(model, Restorer | FastStyleTransfer):
        return ("whole",)
    # whose codes are searched for, step by step; or worked out from images and conditions, of which a graph takes one
    if isinstance(model, GAN) or getattr(model, "condition", None) is not None:
        return ("decoder",)
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
        does = "searches what it remembers" if model.method_ in SEARCHES else "has a network of its own in between"
        raise InputError(f"method={model.method_!r} {does}, which ONNX cannot; fit one with method='gaussian'")
    _require_packages()
    graph = graph_of(model, part)
    content = _content(graph, part, _metadata(model, graph, part))
    run, differences = _runner(content, part), []
    for inputs, expected in graph.trials:
        results = [
            graph.scalings[name].to_range(values) if name in graph.scalings else values
            for name, values in zip(graph.outputs, run(inputs), strict=True)
        ]
        differences += [
            np.abs(one - other).max() / max(1.0, np.abs(other).max())
            for one, other in zip(results, expected, strict=True)
        ]
    difference = float(np.max(differences))
    if not difference <= tolerance:  # NaN is no agreement either
        raise ModelError(
            f"the {part} as ONNX differs from the model by {difference:.2g}, more than the {tolerance:g} allowed; "
            "nothing was written"
        )
    return content, difference


def _require_packages() -> None:
    try:
        for name in _PACKAGES:
            importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"ONNX needs packages that are not installed ({error}): pip install 'latente[export]'"
        ) from error


def _content(graph: Graph, part: str, metadata: dict[str, str]) -> bytes:
    """Return the ONNX file of a graph, for batches of any length and, where it has a step, pictures of any size."""
    count = torch.export.Dim("n", min=1)

    def free(names: str) -> dict[int, Any]:
        if graph.step is None:
            return {0: count}
        sides = [torch.export.Dim(name, min=2) for name in names]
        return {0: count} | {axis: side if graph.step == 1 else graph.step * side for axis, side in enumerate(sides, 2)}

    first = free("hw")
    examples = [torch.from_numpy(values) for values in graph.trials[0][0].values()]
    try:
        with _quietly(), torch.no_grad():
            program = torch.onnx.export(
                graph.module,
                tuple(examples),
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                dynamic_shapes=(first, free("pq")) if graph.sized_apart else (first,) * len(examples),
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ModelError(f"the {part} cannot be expressed in ONNX: {reason}") from error
    assert program is not None  # as it is of torch's older exporter only
    return _stripped(program.model_proto, metadata)


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


def _metadata(model: Estimator, graph: Graph, part: str) -> dict[str, str]:
    shape = graph.inputs["images"][1:] if "images" in graph.inputs else model.image_shape_
    return {
        "model": model.kind,
        "part": part,
        "layout": "NCHW" if len(model.image_shape_) == 3 else "NF",
        "dtype": model.scaling_.dtype,
        "range": model.scaling_.range_in_words,
        "shape": "x".join(map(str, shape)),
        **graph.notes,
        "latente": latente.__version__,
    }


def _runner(content: bytes, part: str) -> Callable[[Mapping[str, np.ndarray]], list[np.ndarray]]:
    """Return what runs a file by onnxruntime, output by output; raises ModelError where it cannot."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = torch.get_num_threads()

    def told(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        try:
            return call(*arguments, **more)
        except Exception as error:  # its exceptions have no other base
            raise ModelError(f"onnxruntime cannot run the {part}: {str(error).splitlines()[0]}") from error

    session = told(onnxruntime.InferenceSession, content, options, providers=["CPUExecutionProvider"])
    return lambda feeds: [values.astype(np.float64) for values in told(session.run, None, dict(feeds))]
