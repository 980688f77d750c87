"""Models on disk: JSON and safetensors, checked before anything of them is used; never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from latente import corruptions, networks
from latente.errors import InputError, ModelError
from latente.estimators.data import Split, describe_data
from latente.files import replacing, sha256_of, write_json
from latente.objectives import Objective

__all__ = [
    "CORRUPTIONS",
    "EXTRA",
    "OWN",
    "as_corruption",
    "load_weights",
    "model_folder",
    "options_of",
    "own_networks",
    "read_model",
    "read_weights",
    "resolved_options",
    "run_options",
    "versions",
    "write_model",
]

OWN = "own:"  # marks, in the options on disk, the name of a caller's callable, which is not saved itself
CORRUPTIONS = ("corruption", "input_corruption")  # the options that take a name or a caller's callable
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


def load_weights(objective: Objective, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Put weights into the objective; raises ModelError naming the first one whose shape does not fit."""
    own = objective.weights()
    for name in sorted(own.keys() | weights.keys()):
        shapes = [tuple(side[name].shape) if name in side else None for side in (own, weights)]
        if shapes[0] != shapes[1]:
            raise ModelError(f"{folder}: {name} has shape {shapes[1]} in the file, but the model needs {shapes[0]}")
    objective.load_weights(weights, assign=True)
    objective.requires_grad_(True).freeze()


def own_networks(network: Any) -> tuple[nn.Module, nn.Module] | None:
    """Return the caller's own encoder and decoder, or None where `network` is a name; InputError for anything else."""
    if isinstance(network, str):
        return None
    if isinstance(network, tuple | list) and len(network) == 2:
        encoder, decoder = network
        if isinstance(encoder, nn.Module) and isinstance(decoder, nn.Module):
            return encoder, decoder
    raise InputError("network is 'auto', 'dense', 'conv', or a pair of torch modules (encoder, decoder)")


def as_corruption(option: str, value: Any) -> Any:
    """Return the corruption that an option names, or the caller's callable or None as it is; InputError for others."""
    if isinstance(value, str):
        return corruptions.from_name(value)
    if value is not None and not callable(value):
        raise InputError(f"{option} is a name such as 'gaussian:0.2' or a callable, not {value!r}")
    return value


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import sklearn

    import latente

    return {
        "latente": latente.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
    }


def run_options(estimator: Any, parts: Split) -> dict[str, Any]:
    """Return what options.json holds."""
    options = resolved_options(estimator)
    return {
        "format": 1,
        "model": estimator.model,
        "options": options,
        "data": describe_data(parts),
        "device": str(estimator.device_),
        "parameters": sum(p.numel() for p in estimator.objective_.parameters()),
        "versions": versions(),
        "command": _command_line(estimator, options),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _command_line(estimator: Any, options: Mapping[str, Any]) -> str:
    """Return the command that started this training, or the Python expression that stands for it."""
    program = Path(sys.argv[0] or "python").name
    if program in ("latente", "__main__.py"):
        return shlex.join(["latente", *sys.argv[1:]])
    changed = _changed_options(estimator)
    arguments = ", ".join(f"{name}={options[name]!r}" for name in changed if name in options)
    return f"{type(estimator).__name__}({arguments}).fit(...)"


def resolved_options(estimator: Any) -> dict[str, Any]:
    """Return every constructor option as JSON, with what was left open settled."""
    options = estimator.get_params(deep=False)
    options["hidden"] = None if options["hidden"] is None else list(options["hidden"])
    if "network" in options:
        options |= _resolved_network(estimator)
    if not (options["validation"] is None or isinstance(options["validation"], int | float)):
        options["validation"] = "a set of its own"
    for name in ("out", "init"):
        options[name] = None if options[name] is None else str(options[name])
    for name in CORRUPTIONS:
        value = options.get(name)
        if callable(value) and not isinstance(value, corruptions.Corruption):
            options[name] = OWN + getattr(value, "__name__", type(value).__name__)
        elif value is not None:
            options[name] = str(value)
    settled = {name: getattr(estimator, f"{name}_") for name in ("batch_size", "likelihood") if name in options}
    return options | settled | {"random_state": estimator.seed_, "verbose": False}


def _resolved_network(estimator: Any) -> dict[str, Any]:
    """Return network, hidden and latent_dim as they were built, or the names of a caller's own modules."""
    own = own_networks(estimator.network)
    if own is not None:
        return {"network": [type(module).__name__ for module in own]}
    wanted = estimator.network, estimator.image_shape_, estimator.latent_dim, estimator.hidden
    kind, hidden, latent_dim = networks.resolve(*wanted)
    return {"network": kind, "hidden": list(hidden), "latent_dim": latent_dim}


def _changed_options(estimator: Any) -> list[str]:
    """Return the names of the constructor's arguments that are not at their defaults."""
    defaults = type(estimator)().get_params(deep=False)
    return [name for name, value in estimator.get_params(deep=False).items() if value is not defaults[name]]
