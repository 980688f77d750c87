"""What was trained on what, by which options, and the networks layer by layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from latente.evidence import Evidence
from latente.images.scan import listed
from latente.languages import Figure, joined, say
from latente.networks import describe
from latente.report.sections.section import Section
from latente.training import TrainingOptions

__all__ = ["LayerFacts", "as_text", "data_rows", "find", "layers_of", "listed_options", "option_rows"]

OF_TRAINING = {field.name for field in dataclasses.fields(TrainingOptions)} | {
    "validation",
    "random_state",
    "out",
    "init",
    "verbose",
}


@dataclasses.dataclass(frozen=True)
class LayerFacts:
    """One layer as one image passes through it; `output` is a shape in words."""

    network: str
    name: str
    kind: str
    output: str
    parameters: int


def find(model: Any, evidence: Evidence) -> Section:
    """The images, the options of model and training, and the layers where they are known."""
    options = evidence.options.get("options", {})
    content = {
        "columns": [
            (say("Images"), data_rows(evidence.options.get("data", {}))),
            (say("Model"), option_rows(options, of_training=False)),
            (say("Training"), option_rows(options, of_training=True)),
        ],
        "layers": [] if evidence.judged is None else layers_of(model),
    }
    return Section(say("What was trained, on what"), "setup", "setup.html.j2", content)


def layers_of(model: Any) -> list[LayerFacts]:
    """Return the layers of encoder, decoder and classifying head, as far as there are any, as they are called."""
    objective = getattr(model, "objective_", None)
    if not isinstance(objective, nn.Module):
        return []
    if getattr(model, "condition", None) is not None:  # whose networks are more, and may be told more
        rows = [(*row.name.split(".", 1), row) for row in model.layers()]
        return [
            LayerFacts(network, name, row.type, " × ".join(map(str, (row.output or ())[1:])) or "–", row.parameters)
            for network, name, row in rows
        ]
    networks = dict(objective.named_children())
    shapes = {"encoder": "image_shape_", "decoder": "code_shape_", "head": "code_shape_"}
    layers = []
    for name, shape in shapes.items():
        if name in networks and hasattr(model, shape):
            example = torch.zeros(1, *getattr(model, shape), device=model.device_)
            for layer in describe(networks[name], example):
                output = " × ".join(map(str, layer.output[1:])) if layer.output else "–"
                layers.append(LayerFacts(name, layer.name, layer.type, output, layer.parameters))
    return layers


def data_rows(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the model was trained on."""
    source = listed_options(data["source"]) if data.get("source") else say("an array in memory")
    rows = [
        (say("set"), data.get("name")),
        (say("images"), _count(data.get("count"))),
        (say("left out"), _left_out(data)),
        (say("for training"), _count(data.get("train_count"))),
        (say("for validation"), _count(data.get("validation_count"))),
        (say("shape"), " × ".join(map(str, data.get("shape") or ()))),
        (say("stored as"), data.get("dtype")),
        (say("columns"), ", ".join(data.get("columns") or ())),
        (say("classes"), _count(len(data.get("label_names") or ()) or None)),
        (say("opened with"), source),
        (say("fingerprint"), data.get("fingerprint")),
    ]
    return [(name, value if isinstance(value, str) else str(value)) for name, value in rows if value not in (None, "")]


def _left_out(data: Mapping[str, Any]) -> str | None:
    """The files that could not be used, the first of them by name."""
    files = data.get("left_out")
    if not files:
        return None
    return say("{some} of {all}: {files}", some=len(files), all=_count(data.get("total")) or "", files=listed(files))


def option_rows(options: Mapping[str, Any], of_training: bool) -> list[tuple[str, str]]:
    """The options of the training, or those of the model."""
    return [(name, as_text(value)) for name, value in options.items() if (name in OF_TRAINING) == of_training]


def listed_options(options: Mapping[str, Any]) -> str:
    """Write options by name in one line, each as `as_text` writes it."""
    named = (say("{name} {value}", name=name, value=as_text(value)) for name, value in options.items())
    return joined(named, "{first} · {second}")


def as_text(value: object) -> str:
    """Write an option's value for people."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return joined(map(as_text, value))
    if value is None or isinstance(value, bool):
        return {None: say("none"), True: say("yes"), False: say("no")}[value]
    return str(value)


def _count(value: object) -> str | None:
    return Figure(f"{value:,}") if isinstance(value, int) else None
