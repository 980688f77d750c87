"""Files of weights that others published: which network each of them holds, and what it calls that network's layers."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor

from latente.errors import InputError
from latente.networks.squeezenet import SqueezeNet
from latente.networks.vgg import NAMES, VGG

__all__ = ["LAYOUTS", "SHA256", "Published", "read_network", "sha256_of"]

Published = VGG | SqueezeNet
SHA256 = {  # of the files that are known
    "squeezenet": "daa6da2dd9beb71bd431e790f956f47af3ad1a5c58a5365d834421d07f1dee09",
    "vgg19-distilled": "9417c34d0d8d621bc6af78be745f1b8d30f5f210efa01e50655c60eb3770816b",
    "vgg19-normalised": "ff8506173d3a17e7b0fbfbff242c00b6827cfbcd7c21852b46806ae6a3fd7b09",
}
_STATED = re.compile(r".+-([0-9a-f]{8})\.pth")  # the first digits of its sha256, in a name such as torchvision gives
_CAFFE = {"squeeze": "conv1x1_1", "expand1": "conv1x1_2", "expand3": "conv3x3_2"}


def _torchvision() -> VGG:
    vgg = VGG((64, 128, 256, 512, 512), "5_1", reflects=False)
    means, deviations = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])  # of ImageNet, as it was trained
    vgg.conv0.weight.copy_(torch.diag(1 / deviations)[..., None, None])
    vgg.conv0.bias.copy_(-means / deviations)  # type: ignore[union-attr]
    return vgg


def _at(places: Sequence[int], prefix: str = "") -> Mapping[str, str]:
    """Return the names that the layers of a sequence have in its file, by ours."""
    return {f"conv{name}": f"{prefix}{place}" for name, place in zip(NAMES, places, strict=False)}


# by the name of the network: how it is built, and what the file calls its layers
LAYOUTS: Mapping[str, tuple[Callable[[], Published], Mapping[str, str]]] = {
    "vgg19": (_torchvision, _at((0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28), "features.")),
    "vgg19-normalised": (
        lambda: VGG((64, 128, 256), "3_1", reflects=True),
        {"conv0": "0", **_at((2, 5, 9, 12, 16))},
    ),
    "vgg19-distilled": (
        lambda: VGG((16, 32, 64, 128, 128), "5_1", reflects=True),
        {"conv0": "conv0", **{f"conv{name}": f"conv{name.replace('_', '')}" for name in NAMES}},
    ),
    "squeezenet": (
        SqueezeNet,
        {
            "conv1": "conv1",
            **{
                f"fire{number}.{ours}": f"fire{number}/{theirs}"
                for number in range(2, 10)
                for ours, theirs in _CAFFE.items()
            },
        },
    ),
}


def read_network(path: str | os.PathLike[str], sha256: str | None = None) -> tuple[Published, str, str]:
    """Return the network whose weights a file holds, its name in `LAYOUTS`, and the file's sha256.

    The layout says which network it is. sha256: what the file's must be, where that is known. Raises InputError where
    the file cannot be read, has another layout, or a name that states other digits of its sha256 than it has.
    """
    path = Path(path).expanduser()
    digest = sha256_of(path)
    if (stated := _STATED.fullmatch(path.name)) and not digest.startswith(stated[1]):
        raise InputError(
            f"{path} is not the file that its name states: its sha256 begins with {digest[:8]}; fetch it again"
        )
    if digest != (sha256 or digest):
        raise InputError(f"{path} is not the file that is known by its name: its sha256 begins with {digest[:12]}")
    tensors = _tensors(path)
    for name, (build, names) in LAYOUTS.items():
        network = build()
        wanted = network.state_dict()
        theirs = {key: _theirs(key, names) for key in wanted if key.rpartition(".")[0] in names}
        if all(key in tensors and tensors[key].shape == wanted[ours].shape for ours, key in theirs.items()):
            network.load_state_dict(wanted | {ours: tensors[key] for ours, key in theirs.items()})
            return network.eval(), name, digest
    raise InputError(f"{path} holds none of the networks {', '.join(LAYOUTS)}: its layers have other names or shapes")


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; raises InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _theirs(key: str, names: Mapping[str, str]) -> str:
    """Return what a file calls one of our tensors, such as conv1_1.weight."""
    layer, _, what = key.rpartition(".")
    return f"{names[layer]}.{what}"


def _tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of an .npz, or of a .pth that holds them, itself or under "model"; nothing in it is ever run.

    Raises InputError where it is no such file.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        content = torch.load(path, map_location="cpu", weights_only=True)  # tensors alone
        tensors = content.get("model", content)
        return {str(name): tensor for name, tensor in tensors.items() if isinstance(tensor, Tensor)}
    except (
        UnpicklingError,
        zipfile.BadZipFile,
        ValueError,
        RuntimeError,
        EOFError,
        TypeError,
        AttributeError,
    ) as error:
        raise InputError(f"{path} is no file of weights: {error}") from None
