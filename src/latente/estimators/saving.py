"""Models on disk: JSON and safetensors, checked before anything of them is used; never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from latente.errors import InputError, ModelError
from latente.estimators.fitting import CORRUPTIONS, OWN, versions
from latente.files import replacing, sha256_of, write_json

__all__ = [
    "EXTRA",
    "load_weights",
    "model_folder",
    "options_of",
    "read_model",
    "read_weights",
    "write_model",
]

FORMAT = 1
EXTRA = "estimator."  # marks, among the names of the weights, what is the estimator's and not the objective's
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".npy")


def model_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder that holds model.json, given a run folder or that folder itself."""
    path = Path(path)
    for folder in (path / "model", path):
        if (folder / "model.json").is_file():
            return folder
    if (path / "options.json").is_file():
        raise ModelError(f"{path} holds no model yet: its training has not ended an epoch; use `latente resume {path}`")
    raise ModelError(f"{path} holds no model: there is no model/model.json in it")


def write_model(folder: Path, description: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write model.json and the weights it names into `folder`; a reader sees the old pair or the new one, never a mix.

    The weights' file is named by its content, so that model.json, replaced last, decides which one counts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}
    content = safetensors.torch.save(own)
    digest = hashlib.sha256(content).hexdigest()
    name = f"weights-{digest[:8]}.safetensors"
    with replacing(folder / name) as temporary:
        temporary.write_bytes(content)
    stamp = {"format": FORMAT, **description, "weights": {"file": name, "sha256": digest}, "versions": versions()}
    write_json(folder / "model.json", stamp)
    for old in folder.glob("weights-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def read_model(folder: Path) -> dict[str, Any]:
    """Return what model.json says; raises ModelError, with the reason, where the folder is foreign or damaged."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _PICKLES:
            raise ModelError(f"{path} may hold code (pickle): a model is JSON and safetensors only; remove that file")
    path = folder / "model.json"
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    if not isinstance(model, dict) or model.get("format") != FORMAT:
        raise ModelError(f"{path} is not in the model format {FORMAT} that this version of latente reads")
    for key in ("estimator", "options", "fitted", "weights"):
        if key not in model:
            raise ModelError(f"{path} lacks {key!r}")
    return model


def read_weights(folder: Path, entry: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the weights that model.json names, after checking that file's place, hash and format."""
    name, digest = entry.get("file"), entry.get("sha256")
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
        raise ModelError(f"{folder / 'model.json'} names weights outside its folder or of another kind: {name!r}")
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise ModelError(f"{path} is missing, or a link to somewhere else")
    if sha256_of(path) != digest:
        raise ModelError(f"{path} does not have the hash that model.json states: it was changed or damaged")
    try:
        return safetensors.torch.load(path.read_bytes())
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is no sound safetensors file: {error}") from error


def options_of(model: Mapping[str, Any], own: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the constructor's arguments from what `read_model` returned, with what is a caller's `own` put back.

    Raises InputError where something is given back that such a model does not have, and ModelError where networks of
    its caller's are missing; for a missing callable there is a warning, and None.
    """
    options, fitted = dict(model["options"]), model["fitted"]
    for name, value in own.items():
        if value is not None and (name not in (*CORRUPTIONS, "network") or name not in options):
            raise InputError(f"{folder} holds a {model['estimator']}, to which no {name!r} can be given back")
    if "network" in options:
        options["network"] = _networks(options["network"], own.get("network"), fitted, folder)
    options["hidden"] = None if options["hidden"] is None else tuple(options["hidden"])
    for name in CORRUPTIONS:
        if name in options:
            options[name] = _corruption(name, options[name], own.get(name), folder)
    return options


def _networks(
    saved: Any, given: Sequence[nn.Module] | None, fitted: Mapping[str, Any], folder: Path
) -> str | tuple[nn.Module, ...]:
    """Return the name of the network, or the caller's own modules, given back; ModelError where they are missing."""
    if isinstance(saved, str):
        return saved
    if given is None:
        names = ", ".join(f"{name}(...)" for name in saved)
        shapes = f"images {tuple(fitted['image_shape_'])}, codes {tuple(fitted['code_shape_'])}"
        raise ModelError(
            f"{folder} was trained with networks of its own; give load(..., network=({names})) for {shapes}"
        )
    return tuple(given)


def _corruption(name: str, saved: str | None, given: Any, folder: Path) -> Any:
    """Return the corruption that was saved or given back; None, with a warning, where a caller's own is missing."""
    if given is not None or saved is None or not saved.startswith(OWN):
        return saved if given is None else given
    warnings.warn(
        f"{folder} was trained with the {name} {saved.removeprefix(OWN)!r} of its caller, which is not saved: the "
        f"model takes images as they are; give it back by load(..., {name}=...)",
        stacklevel=5,
    )
    return None


def load_weights(objective: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Put weights into the objective; raises ModelError naming the first one whose shape does not fit."""
    own = objective.state_dict()
    for name in sorted(own.keys() | weights.keys()):
        shapes = [tuple(side[name].shape) if name in side else None for side in (own, weights)]
        if shapes[0] != shapes[1]:
            raise ModelError(f"{folder}: {name} has shape {shapes[1]} in the file, but the model needs {shapes[0]}")
    objective.load_state_dict(weights, assign=True)
    for parameter in objective.parameters():
        parameter.requires_grad_(True)
