"""Networks that others trained on photographs, of which the maps in the middle describe the places of a picture."""

from __future__ import annotations

import hashlib
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from latente.errors import InputError

__all__ = [
    "FEWEST_PIXELS",
    "NETWORKS",
    "SHA256",
    "DistilledVGG19",
    "FeatureNetwork",
    "SqueezeNet",
    "open_features",
    "read_tensors",
]

FEWEST_PIXELS = 32  # of a side, below which the deeper maps have next to no places
SHA256 = {  # of the files that are known
    "squeezenet": "daa6da2dd9beb71bd431e790f956f47af3ad1a5c58a5365d834421d07f1dee09",
    "vgg19-distilled": "9417c34d0d8d621bc6af78be745f1b8d30f5f210efa01e50655c60eb3770816b",
    "vgg19-normalised": "ff8506173d3a17e7b0fbfbff242c00b6827cfbcd7c21852b46806ae6a3fd7b09",
}
_STRIDE = 8  # pixels between two places, of both networks


class FeatureNetwork(nn.Module):
    """Pictures (B, C, H, W) in [0, 1], of 32x32 pixels or more, to features of places 8 pixels apart (B, h, w, F).

    One and two channels are grey; the second of two and the fourth of four are alpha, which is laid over mid-grey. What
    has been learned is never trained further.
    """

    def places(self, rgb: Tensor) -> Tensor:
        """Return the features (B, F, h, w) of pictures in red, green and blue."""
        raise NotImplementedError

    def centres(self, side: int) -> Float[np.ndarray, "n"]:
        """Return where places lie along a side of so many pixels, the first pixel's middle at 0."""
        raise NotImplementedError

    def rename(self, name: str) -> str:
        """Return the name that a tensor of the file has here; one that is not here is not used."""
        raise NotImplementedError

    def forward(self, images: Float[Tensor, "b c height width"]) -> Float[Tensor, "b h w f"]:
        height, width = images.shape[2:]
        if min(height, width) < FEWEST_PIXELS:
            raise InputError(
                f"a picture of {height}x{width} pixels is too small for {type(self).__name__}, which takes "
                f"{FEWEST_PIXELS} along each side; leave it out, or take features='windows'"
            )
        features = self.places(_rgb(images)).permute(0, 2, 3, 1)
        return features[:, : len(self.centres(height)), : len(self.centres(width))]


class DistilledVGG19(FeatureNetwork):
    """The encoder of Wang, Li, Wang, Hu and Yang (2020), a VGG-19 with a quarter of its channels: relu3_4 and relu4_4.

    F = 192: 64 channels of relu3_4, the mean of 2x2 places each, and 128 of relu4_4. Layers are padded by reflection;
    the first one makes of RGB in [0, 1] what VGG was trained on.
    """

    _STAGES = (("11", "12"), ("21", "22"), ("31", "32", "33", "34"), ("41", "42", "43", "44"))

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, 3, 1)
        inside = 3
        for number, stage in enumerate(self._STAGES):
            for name in stage:
                self.add_module(f"conv{name}", nn.Conv2d(inside, 16 * 2**number, 3))
                inside = 16 * 2**number
        self.requires_grad_(False)

    def places(self, rgb: Tensor) -> Tensor:
        x, middle = self.conv0(rgb), rgb
        for number, stage in enumerate(self._STAGES):
            if number:
                middle, x = x, functional.max_pool2d(x, 2)
            for name in stage:
                x = self.get_submodule(f"conv{name}")(functional.pad(x, (1, 1, 1, 1), mode="reflect")).relu()
        return torch.cat([functional.avg_pool2d(middle, 2), x], 1)

    def centres(self, side: int) -> Float[np.ndarray, "n"]:
        return (_STRIDE - 1) / 2 + _STRIDE * np.arange(side // _STRIDE, dtype=np.float32)

    def rename(self, name: str) -> str:
        return name


class SqueezeNet(FeatureNetwork):
    """SqueezeNet 1.0 (Iandola et al. 2016) up to fire5, F = 256; it takes levels of BGR less their means."""

    _FIRES: Mapping[str, tuple[int, int, int]] = {  # channels that come in, are squeezed to, and go out of each half
        "fire2": (96, 16, 64),
        "fire3": (128, 16, 64),
        "fire4": (128, 32, 128),
        "fire5": (256, 32, 128),
    }
    _BEFORE_POOLING = ("fire4",)
    _MEANS = (104.0, 117.0, 123.0)  # of blue, green and red

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        for name, (inside, squeezed, outside) in self._FIRES.items():
            layers = {
                "squeeze": nn.Conv2d(inside, squeezed, 1),
                "expand1": nn.Conv2d(squeezed, outside, 1),
                "expand3": nn.Conv2d(squeezed, outside, 3, padding=1),
            }
            self.add_module(name, nn.ModuleDict(layers))
        self.requires_grad_(False)

    def places(self, rgb: Tensor) -> Tensor:
        means = torch.tensor(self._MEANS, device=rgb.device, dtype=rgb.dtype)[:, None, None]
        x = _pooled(self.conv1(255 * rgb.flip(1) - means).relu_())
        for name in self._FIRES:
            squeezed = self.get_submodule(f"{name}.squeeze")(x).relu_()
            x = torch.cat(
                [self.get_submodule(f"{name}.{half}")(squeezed) for half in ("expand1", "expand3")], 1
            ).relu_()
            x = _pooled(x) if name in self._BEFORE_POOLING else x
        return x

    def centres(self, side: int) -> Float[np.ndarray, "n"]:
        count = (side - 7) // 2 + 1
        for _ in range(2):
            count = math.ceil((count - 3) / 2) + 1
        # 3 is the middle of 7 pixels; each pooling moves it on by one place, of 2 and of 4 pixels
        places = 9 + _STRIDE * np.arange(count, dtype=np.float32)
        return places[places < side]

    def rename(self, name: str) -> str:
        for theirs, ours in (("conv1x1_1", "squeeze"), ("conv1x1_2", "expand1"), ("conv3x3_2", "expand3")):
            name = name.replace(f"/{theirs}.", f".{ours}.")
        return name


NETWORKS: Mapping[str, type[FeatureNetwork]] = {"squeezenet": SqueezeNet, "vgg19-distilled": DistilledVGG19}


def open_features(name: str, path: str | Path) -> FeatureNetwork:
    """Return the network of this name, "squeezenet" or "vgg19-distilled", with the weights of a file.

    Raises InputError where the file cannot be read, or is not the one that is known by its sha256.
    """
    path = Path(path).expanduser()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"weights={str(path)!r} cannot be read: {error.strerror}") from None
    if digest != SHA256[name]:
        raise InputError(
            f"{path} is not the file of weights for {name}: its sha256 is {digest[:12]}..., not {SHA256[name][:12]}..."
        )
    network = NETWORKS[name]()
    weights = {network.rename(key): value for key, value in read_tensors(path).items()}
    try:
        network.load_state_dict({key: weights[key] for key in network.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise InputError(f"{path} does not hold the layers of {name}: {error}") from None
    return network.eval()


def read_tensors(path: Path) -> dict[str, Tensor]:
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


def _rgb(images: Tensor) -> Tensor:
    if images.shape[1] in (2, 4):
        alpha = images[:, -1:]
        images = images[:, :-1] * alpha + 0.5 * (1 - alpha)
    return images.expand(-1, 3, -1, -1)


def _pooled(values: Tensor) -> Tensor:
    return functional.max_pool2d(values, 3, 2, ceil_mode=True)
