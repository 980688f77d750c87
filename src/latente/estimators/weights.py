"""Where the weights of the networks lie through which styles are compared, and how they are fetched."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from latente.errors import InputError, ModelError, TrainingError
from latente.files import load_tensors, save_tensors, stamp_of
from latente.images import open_images
from latente.images.cache import cache_folder
from latente.networks.published import LAYOUTS, SHA256, Published, read_network, sha256_of
from latente.networks.pyramid import Pyramid

__all__ = ["FILES", "SOURCE", "USUAL", "FeatureNet", "Usual", "fetch_weights", "network_here", "open_network"]

FILES = {  # the name under which each is published
    "vgg19": "vgg19-dcbb9e9d.pth",
    "vgg19-distilled": "vgg19_distilled16x_wct_se.pth",
    "vgg19-normalised": "vgg_normalised_conv3_1.pth",
    "squeezenet": "squeezenet_v1_0.npz",
}
SOURCE = "https://download.pytorch.org/models/"  # of "vgg19", 548 MB
_PHOTOGRAPHS, _SIDE = 32, 128  # patches on which channels are brought to one scale
_TIMEOUT = 30.0  # seconds without a byte
_BLOCK = 1 << 18


@dataclasses.dataclass(frozen=True)
class Usual:
    """What goes without saying with a network: where pictures are compared, and how many steps one takes.

    content, style, style_weight: for a picture that is changed step by step. fast_content: where a network that paints
    in one pass is compared, which sees a style for the first time and keeps less of the photograph. widths: channels of
    the three levels by which that describes pictures: those of the network, where it is a VGG.
    """

    content: str
    style: str
    steps: int
    fast_content: str
    widths: tuple[int, ...]
    style_weight: float = 300.0


_DEEP = "1_1,2_1,3_1,4_1,5_1"
USUAL: Mapping[str, Usual] = {
    "vgg19": Usual("4_2", _DEEP, 300, "3_1", (64, 128, 256)),
    "vgg19-distilled": Usual("4_2", _DEEP, 300, "3_1", (16, 32, 64)),
    "vgg19-normalised": Usual("3_1", "1_1,2_1,3_1", 300, "3_1", (64, 128, 256)),
    "squeezenet": Usual("fire5", "conv1,fire2,fire3,fire4,fire5", 300, "fire4", (16, 32, 64)),
    "pyramid": Usual("4", "1,2,3,4,5", 140, "3", (16, 32, 64), 1500.0),
}

Progress = Callable[[int, int, str], None]


@dataclasses.dataclass(frozen=True)
class FeatureNet:
    """A network whose channels are of one scale on photographs, its name, the file of its weights, and its sha256."""

    network: Published | Pyramid
    name: str
    file: Path | None = None
    sha256: str | None = None


def network_here(
    name: str, weights: str | os.PathLike[str] | None = None, *, best: Sequence[str] = ("vgg19", "vgg19-distilled")
) -> tuple[str, Path | None]:
    """Return which network that comes to, and where its weights lie, without reading them; None where it needs none.

    best: those that "auto" looks for, the first one first. Raises InputError where they are not here and nobody may
    fetch them.
    """
    if weights is not None:
        return name, Path(weights)
    if name == "auto":
        name = next((one for one in best if _located(one)), "pyramid")
    if name == "pyramid":
        return name, None
    if (path := _located(name)) is None and name != "vgg19":
        raise InputError(
            f"the weights of {name} are not on this machine: put {FILES[name]} into {_places()[-1]}, name its file "
            "with weights, or take network='pyramid', which needs none"
        )
    return name, path or _places()[-1] / FILES[name]


def open_network(
    name: str, weights: str | os.PathLike[str] | None = None, progress: Progress | None = None
) -> FeatureNet:
    """Return the network of this name, or the best one that is here ("auto"), or the one that a file of weights holds.

    Files are looked for in LATENTE_DATA/style/weights, then in the cache. "vgg19" is fetched where it is not there.
    Raises InputError where a file is missing, damaged or another one.
    """
    if weights is not None:
        network, found, digest = _read(Path(weights).expanduser())
        if name not in ("auto", found):
            raise InputError(f"{weights} holds the weights of {found}, not of {name}; leave network out")
        return _ready(FeatureNet(network, found, Path(weights), digest))
    name, path = network_here(name)
    if path is None:
        return _ready(FeatureNet(Pyramid(), name))
    if not path.is_file():
        fetch_weights(SOURCE + FILES[name], path, progress)
    network, found, digest = _read(path, SHA256.get(name))
    if found != name:
        raise InputError(f"{path} holds the weights of {found}, not of {name}")
    return _ready(FeatureNet(network, name, path, digest))


def _read(path: Path, sha256: str | None = None) -> tuple[Published, str, str]:
    """Return what `read_network` does, and keep in the cache what of the file is used, as safetensors: 80 of 548 MB.

    That holds as long as the file stays as it was, which then need be neither read nor hashed again.
    """
    mark = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
    kept = cache_folder() / "weights" / f"{path.stem}-{mark}.safetensors"
    with contextlib.suppress(OSError, ModelError, LookupError, TypeError, RuntimeError):
        known = load_tensors(kept)
        if known["stamp"] == stamp_of(path.stat()) and known["sha256"] == (sha256 or known["sha256"]):
            network = LAYOUTS[known["network"]][0]()
            network.load_state_dict(known["weights"])
            return network.eval(), known["network"], known["sha256"]
    network, name, digest = read_network(path, sha256)
    tree = {"stamp": stamp_of(path.stat()), "network": name, "sha256": digest, "weights": network.state_dict()}
    with contextlib.suppress(OSError, TrainingError):  # a cache that cannot be written is none
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(kept, tree)
    return network, name, digest


def _ready(net: FeatureNet) -> FeatureNet:
    photographs = open_images("photos", count=_PHOTOGRAPHS, size=_SIDE).pixels
    net.network.balance_(torch.from_numpy(photographs).float() / 255)
    return net


def _places() -> list[Path]:
    data = os.environ.get("LATENTE_DATA")
    return [*([Path(data).expanduser() / "style" / "weights"] if data else []), cache_folder() / "weights"]


def _located(name: str) -> Path | None:
    return next((path for folder in _places() if (path := folder / FILES[name]).is_file()), None)


def fetch_weights(address: str, path: Path, progress: Progress | None = None) -> None:
    """Fetch a file of weights whose name states the first 8 digits of its sha256, and give it its name once they fit.

    What came through before goes into a file beside it, from which a later call goes on. progress: is called with the
    bytes that are there, those there will be, and the file's name. Raises InputError where it cannot be fetched, where
    LATENTE_OFFLINE forbids that, and where what was served is another file.
    """
    cure = f"fetch {address} yourself and put it into {path.parent}, or take network='pyramid', which needs none"
    if os.environ.get("LATENTE_OFFLINE", "0") not in ("", "0"):
        raise InputError(f"LATENTE_OFFLINE forbids fetching {path.name}: {cure}")
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch(address, part, progress)
    except (OSError, http.client.HTTPException) as error:
        raise InputError(f"{path.name} could not be fetched ({error}): call again to go on, or {cure}") from error
    digest, stated = sha256_of(part), path.stem.rpartition("-")[2]
    if not digest.startswith(stated):
        part.unlink()
        raise InputError(f"what {address} serves has the sha256 {digest[:8]}..., and its name states {stated}: {cure}")
    part.replace(path)


def _fetch(address: str, part: Path, progress: Progress | None) -> None:
    """Fetch what is missing of a file, or all of it where the server serves no parts."""
    done = part.stat().st_size if part.exists() else 0
    opener = urllib.request.build_opener()
    opener.addheaders = [("User-Agent", "latente"), *([("Range", f"bytes={done}-")] if done else [])]
    with contextlib.ExitStack() as stack:
        try:
            answer = stack.enter_context(opener.open(address, timeout=_TIMEOUT))
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
                return  # it is all there
            raise
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        done = done if goes_on else 0
        total = done + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if goes_on else "wb") as file:
            while block := answer.read(_BLOCK):
                file.write(block)
                done += len(block)
                if progress is not None:
                    progress(done, max(total, done), address.rpartition("/")[2])
    if done < total:
        raise OSError(f"{done:,} of {total:,} bytes came through")
