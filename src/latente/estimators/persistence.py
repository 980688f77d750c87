"""Models on disk: JSON and safetensors, checked before anything of them is used; never a pickle."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import sys
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from latente.checks import Option, Own, is_own, saved_value
from latente.errors import InputError, ModelError, TrainingError
from latente.files import own_memory, read_json, read_whole, refuse_links, replacing, write_json
from latente.languages import say
from latente.objectives import Objective
from latente.training.runs import Run

__all__ = [
    "load_weights",
    "model_folder",
    "options_from",
    "options_json",
    "own_options",
    "read_model",
    "read_weights",
    "run_json",
    "training_source",
    "unknown_model",
    "write_model",
]

_FORMAT = 2
_ARRAY = "estimator."  # marks, among the names of the weights, what is the estimator's and not the objective's
_WEIGHTS = re.compile(r"weights-[0-9a-f]{8}\.safetensors")
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".npy")


def model_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder that holds model.json, given a run folder or that folder itself."""
    path = Path(path)
    for folder, home in ((path / "model", path), (path, path)):
        if (folder / "model.json").is_file():
            refuse_links(home, [str(folder.relative_to(home)), str(folder.relative_to(home) / "model.json")])
            return folder
    if (path / "options.json").is_file():
        template = "{run} holds no model yet: its training has not ended an epoch; use `latente resume {run}`"
        raise ModelError(say(template, run=str(path)))
    raise ModelError(say("{run} holds no model: there is no model/model.json in it", run=str(path)))


def training_source(folder: Path) -> Mapping[str, Any]:
    """Return what opens the training images again, as the run says in which the model lies; empty where none does."""
    try:
        source = Run(folder.parent).options()["data"]["source"]
    except (ModelError, KeyError, TypeError):  # no run, or none that could be gone on with, which `resume` tells
        return {}
    return source if isinstance(source, Mapping) else {}


def write_model(
    folder: Path, description: Mapping[str, Any], weights: Mapping[str, Tensor], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write model.json and the weights it names into `folder`; a reader sees the old pair or the new one, never a mix.

    arrays: what an estimator keeps beside its objective's weights. The weights' file is named by its content, so that
    model.json, replaced last, decides which one counts. Raises TrainingError for numbers that are none (NaN): what is
    there already stays.
    """
    tensors = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}
    tensors |= {_ARRAY + name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    if bad := _first_nan(tensors):
        raise TrainingError(f"{bad} holds NaN: the model was not saved to {folder}; train it anew, in smaller steps")
    folder.mkdir(parents=True, exist_ok=True)
    content = safetensors.torch.save(tensors)
    digest = hashlib.sha256(content).hexdigest()
    name = f"weights-{digest[:8]}.safetensors"
    with replacing(folder / name) as temporary:
        temporary.write_bytes(content)
    stamp = {"format": _FORMAT, **description, "weights": {"file": name, "sha256": digest}, "versions": _versions()}
    write_json(folder / "model.json", stamp)
    for old in folder.iterdir():
        if _WEIGHTS.fullmatch(old.name) and old.name != name:
            old.unlink(missing_ok=True)


def read_model(folder: Path) -> dict[str, Any]:
    """Return what model.json says; raises ModelError, with the reason, where the folder is foreign or damaged."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _PICKLES:
            raise ModelError(f"{path} may hold code (pickle): a model is JSON and safetensors only; remove that file")
    path = folder / "model.json"
    model = read_json(path)
    if model.get("format") != _FORMAT:
        raise ModelError(f"{path} is not in the model format {_FORMAT} that this version of latente reads")
    for key, kind in (("model", str), ("options", dict), ("fitted", dict), ("weights", dict)):
        if not isinstance(model.get(key), kind):
            raise ModelError(f"{path} lacks {key!r}, or holds something else in its place")
    return model


def read_weights(folder: Path, entry: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, np.ndarray]]:
    """Return the weights that model.json names, and the arrays beside them, after checking place, hash and format."""
    name, digest = entry.get("file"), entry.get("sha256")
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
        raise ModelError(f"{folder / 'model.json'} names weights outside its folder or of another kind: {name!r}")
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise ModelError(f"{path} is missing, or a link to somewhere else")
    content = read_whole(path)
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelError(f"{path} does not have the hash that model.json states: it was changed or damaged")
    try:
        tensors = own_memory(safetensors.torch.load(content))
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} is no sound safetensors file: {error}") from error
    if bad := _first_nan(tensors):
        raise ModelError(f"{path} holds no usable model: {bad} holds NaN; train it anew, in smaller steps")
    arrays = {name.removeprefix(_ARRAY): value.numpy() for name, value in tensors.items() if name.startswith(_ARRAY)}
    return {name: value for name, value in tensors.items() if not name.startswith(_ARRAY)}, arrays


def _first_nan(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the name of the first tensor with a NaN, or None. Infinity may be a network's own, as in a mask."""
    return next((name for name, value in tensors.items() if value.is_floating_point() and value.isnan().any()), None)


def options_json(options: Mapping[str, Any], settled: Mapping[str, Any]) -> dict[str, Any]:
    """Return an estimator's options as JSON holds them, with what was left open `settled`."""
    return {name: saved_value(value) for name, value in (dict(options) | dict(settled)).items()}


def options_from(
    model: Mapping[str, Any], declared: Mapping[str, Option], own: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return the constructor's arguments from what `read_model` returned, with what is a caller's `own` put back.

    Raises InputError where something is given back that such a model does not have, and ModelError where a network of
    its caller's is missing; of a missing callable a warning says that the model does without.
    """
    for name, value in own.items():
        if value is not None and not (name in declared and isinstance(declared[name].check, Own)):
            raise InputError(
                f"{folder} holds a model of the kind {model['model']!r}: no {name!r} can be given back to it"
            )
    options = {}
    for name, value in model["options"].items():
        if name not in declared:
            raise ModelError(f"{folder / 'model.json'} names the option {name!r}, which such a model does not have")
        if own.get(name) is not None:
            options[name] = own[name]
        elif is_own(value) and isinstance(declared[name].check, Own):
            _tell_of_missing(name, value["own"], declared[name], model["fitted"], folder)
            options[name] = None
        else:
            options[name] = _checked(declared[name], value, folder / "model.json")
    return options


def _checked(option: Option, saved: Any, file: Path) -> Any:
    """Return the value that JSON held; raises ModelError, naming the file and the option, where it is out of range."""
    value = option.from_saved(saved)
    try:
        option.validate(value)
    except InputError as error:
        raise ModelError(f"{file} holds an option of no such model: {error}") from error
    return value


def own_options(
    saved: Mapping[str, Any], declared: Mapping[str, Option], own: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return the arguments with which a training goes on: all that is a caller's own has to be given back.

    Raises InputError where some of it is missing, or something is given back that the training did without.
    """
    for name, value in own.items():
        if value is not None and not is_own(saved.get(name)):
            raise InputError(f"{folder} was trained without {name!r} of its own: there is nothing to give back")
    options = {}
    for name, value in saved.items():
        if name not in declared:
            raise ModelError(f"{folder / 'options.json'} names the option {name!r}, which such a model does not have")
        if not (is_own(value) and isinstance(declared[name].check, Own)):
            options[name] = _checked(declared[name], value, folder / "options.json")
        elif own.get(name) is not None:
            options[name] = own[name]
        else:
            spelled = _spelled(value["own"])
            raise InputError(f"{folder} was trained with a {name} of its own; give resume(..., {name}={spelled})")
    return options


def _tell_of_missing(name: str, names: Any, option: Option, fitted: Mapping[str, Any], folder: Path) -> None:
    """Say that something of a caller's own is not there: an error where the model is nothing without it."""
    assert isinstance(option.check, Own)
    if option.check.role == "network":
        codes = f", codes {tuple(fitted['code_shape_'])}" if "code_shape_" in fitted else ""
        raise ModelError(
            f"{folder} was trained with a {name} of its own; give load(..., {name}={_spelled(names)}) "
            f"for images {tuple(fitted['image_shape_'])}{codes}"
        )
    if option.check.role == "input":
        warnings.warn(
            f"{folder} was trained with the {name} {names!r} of its caller, which is not saved: the "
            f"model takes images as they are; give it back by load(..., {name}=...)",
            stacklevel=4,
        )


def _spelled(names: Any) -> str:
    return f"({', '.join(f'{name}(...)' for name in names)})" if isinstance(names, list) else "..."


def unknown_model(folder: Path, name: object) -> ModelError:
    """Return (not raise) the error for a model of a kind that this version does not know."""
    return ModelError(f"{folder} holds a model of the kind {name!r}, which this version of latente does not know")


def run_json(model: str, options: Mapping[str, Any], changed: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """Return what options.json holds: the resolved `options`, further facts, and by whom, when and with what.

    changed: those options that differ from their defaults, for the command where it was a Python program.
    """
    return {
        "format": _FORMAT,
        "model": model,
        "options": dict(options),
        **facts,
        "versions": _versions(),
        "command": _command(facts.get("estimator", model), changed),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _command(estimator: str, changed: Mapping[str, Any]) -> str:
    """Return the command that started this training, or the Python expression that stands for it."""
    program = Path(sys.argv[0] or "python").parts[-2:]
    if program[-1] == "latente" or program == ("latente", "__main__.py"):
        return shlex.join(["latente", *sys.argv[1:]])
    return f"{estimator}({', '.join(f'{name}={value!r}' for name, value in changed.items())}).fit(...)"


def load_weights(objective: Objective, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Put weights into the objective; raises ModelError naming the first one whose shape does not fit.

    Numbers of half precision, which take half the room on disk, become single where the model computes in that.
    """
    own = objective.weights()
    kept_short = {name for name, value in weights.items() if value.dtype == torch.float16 and name in own}
    weights = dict(weights) | {name: weights[name].float() for name in kept_short if own[name].dtype == torch.float32}
    for name in sorted(own.keys() | weights.keys()):
        shapes = [tuple(side[name].shape) if name in side else None for side in (own, weights)]
        if shapes[0] != shapes[1]:
            raise ModelError(f"{folder}: {name} has shape {shapes[1]} in the file, but the model needs {shapes[0]}")
        if own[name].dtype != weights[name].dtype:
            kinds = weights[name].dtype, own[name].dtype
            raise ModelError(f"{folder}: {name} is {kinds[0]} in the file, but the model needs {kinds[1]}")
    objective.load_weights(weights, assign=True)
    objective.requires_grad_(True).freeze()


def _versions() -> dict[str, str]:
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
