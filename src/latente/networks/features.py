"""Networks that others trained on photographs, of which the maps in the middle describe the places of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from latente.errors import InputError
from latente.networks import squeezenet, vgg
from latente.networks.published import SHA256, read_network

__all__ = ["FEWEST_PIXELS", "NETWORKS", "DistilledVGG19", "FeatureNetwork", "SqueezeNet", "open_features"]

FEWEST_PIXELS = 32  # of a side, below which the deeper maps have next to no places
_STRIDE = 8  # pixels between two places, of both networks


class FeatureNetwork(nn.Module):
    """Pictures (B, C, H, W) in [0, 1], of 32x32 pixels or more, to features of places 8 pixels apart (B, h, w, F).

    One and two channels are grey; the second of two and the fourth of four are alpha, which is laid over mid-grey. What
    has been learned, by the network whose maps are looked at, is never trained further.
    """

    network: nn.Module

    def places(self, rgb: Tensor) -> Tensor:
        """Return the features (B, F, h, w) of pictures in red, green and blue."""
        raise NotImplementedError

    def centres(self, side: int) -> Float[np.ndarray, "n"]:
        """Return where places lie along a side of so many pixels, the first pixel's middle at 0."""
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

    def __init__(self) -> None:
        super().__init__()
        self.network = vgg.VGG((16, 32, 64, 128), "4_4", reflects=True, edge="reflect")

    def places(self, rgb: Tensor) -> Tensor:
        maps = self.network(rgb, ("3_4", "4_4"))
        return torch.cat([functional.avg_pool2d(maps["3_4"], 2), maps["4_4"]], 1)

    def centres(self, side: int) -> Float[np.ndarray, "n"]:
        return (_STRIDE - 1) / 2 + _STRIDE * np.arange(side // _STRIDE, dtype=np.float32)


class SqueezeNet(FeatureNetwork):
    """SqueezeNet 1.0 (Iandola et al. 2016) up to fire5, F = 256."""

    def __init__(self) -> None:
        super().__init__()
        self.network = squeezenet.SqueezeNet("fire5")

    def places(self, rgb: Tensor) -> Tensor:
        features: Tensor = self.network(rgb, ("fire5",))["fire5"]
        return features

    def centres(self, side: int) -> Float[np.ndarray, "n"]:
        first, count = squeezenet.places(side)
        places = first + _STRIDE * np.arange(count, dtype=np.float32)
        return places[places < side]


NETWORKS: Mapping[str, type[FeatureNetwork]] = {"squeezenet": SqueezeNet, "vgg19-distilled": DistilledVGG19}


def open_features(name: str, path: str | Path) -> FeatureNetwork:
    """Return the network of this name, "squeezenet" or "vgg19-distilled", with the weights of a file.

    Raises InputError where the file cannot be read, or is not the one that is known by its sha256.
    """
    known, found, _ = read_network(path, SHA256[name])
    if found != name:
        raise InputError(f"{path} holds the weights of {found}, not of {name}")
    features, weights = NETWORKS[name](), known.state_dict()
    features.network.load_state_dict({key: weights[key] for key in features.network.state_dict()})
    return features.eval()


def _rgb(images: Tensor) -> Tensor:
    if images.shape[1] in (2, 4):
        alpha = images[:, -1:]
        images = images[:, :-1] * alpha + 0.5 * (1 - alpha)
    return images.expand(-1, 3, -1, -1)
