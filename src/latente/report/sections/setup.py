"""What was trained on what, by which options, and the networks layer by layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from latente.evidence import Evidence
from latente.images.scan import listed
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
            ("Images", data_rows(evidence.options.get("data", {}))),
            ("Model", option_rows(options, of_training=False)),
            ("Training", option_rows(options, of_training=True)),
        ],
        "layers": [] if evidence.judged is None else layers_of(model),
    }
    return Section("What was trained, on what", "setup", "setup.html.j2", content)


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
    source = listed_options(data["source"]) if data.get("source") else "an array in memory"
    rows = [
        ("set", data.get("name")),
        ("images", _count(data.get("count"))),
        ("left out", _left_out(data)),
        ("for training", _count(data.get("train_count"))),
        ("for validation", _count(data.get("validation_count"))),
        ("shape", " × ".join(map(str, data.get("shape") or ()))),
        ("stored as", data.get("dtype")),
        ("columns", ", ".join(data.get("columns") or ())),
        ("classes", len(data.get("label_names") or ()) or None),
        ("opened with", source),
        ("fingerprint", data.get("fingerprint")),
    ]
    return [(name, str(value)) for name, value in rows if value not in (None, "")]


def _left_out(data: Mapping[str, Any]) -> str | None:
    """The files that could not be used, the first of them by name."""
    files = data.get("left_out")
    return f"{len(files):,} of {_count(data.get('total'))}: {listed(files)}" if files else None


def option_rows(options: Mapping[str, Any], of_training: bool) -> list[tuple[str, str]]:
    """The options of the training, or those of the model."""
    return [(name, as_text(value)) for name, value in options.items() if (name in OF_TRAINING) == of_training]


def listed_options(options: Mapping[str, Any]) -> str:
    """Write options by name in one line, each as `as_text` writes it."""
    return " · ".join(f"{name} {as_text(value)}" for name, value in options.items())


def as_text(value: object) -> str:
    """Write an option's value for people."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(as_text, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None
