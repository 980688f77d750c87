"""Low and high pictures: what levels, filters, activations, normalisation and skips of a U-net are worth, one by one.

Source: [UTEC] Alarcon, Cruz, Herrera: Proyecto 4, Autoencoders (UTEC).
Claim: U-nets of 2, 3 and 4 levels through a dense code of 128 numbers, filters of 4 with step 2 or of 6 with step 4,
learn to make high pictures of low ones; mean squared errors of 0.003 to 0.007 after 10 and 60 epochs.
Ours: the report's net and its choices beside the low picture itself, which has an error of 0.0016, less than any of
them; and a net that adds details to the low picture, of which is asked that it gains 3 dB.
Command: latente reproduce sr-unet
Minutes: about 120 of one core that computes in bf16, three times that of another.

Pictures of `pairs256`, the report's own, in parts of 64x64 pixels, since a net with a dense code takes one size alone.
20 of the val pairs choose, the other 60 judge. Each choice is changed alone, beside the same basis: 2 levels, filters
of 4 with step 2, relu, no normalisation, skips, no dense code, nothing added to the low picture.

Why the dense code without skips is useless: 128 numbers for 12,288 values hold what a principal component analysis of
as many numbers would, a blur; and a low picture, which is given, is far better than any blur of it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from latente.experiments.photographs import beside, folder_of
from latente.experiments.record import Claim, Line, Result
from latente.experiments.request import Request
from latente.sweeps import Results, Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente import Images, Restorer

__all__ = ["BASIS", "CHANGES", "in_parts", "open_pairs", "report_net", "run", "trial"]

SIDE = 64
CHOOSING = 20  # of the val pairs
TARGET = 3.0  # dB above the low picture
EPOCHS, BATCH, RATE = (10, 60), 64, 1.5e-3
PASSES = 2  # over all parts of the 400 pairs in a round of 200 steps of 64 of them
BASIS: Mapping[str, Any] = {
    "hidden": (64, 128),
    "kernel_size": 4,
    "stride": 2,
    "pooling": None,
    "activation": "relu",
    "normalization": None,
    "skips": True,
    "code": None,
    "residual": False,
}
ACTIVATIONS = ("linear", "hardtanh", "prelu", "elu", "softplus", "sigmoid", "tanh", "arctan")
# what differs from the basis, by its name
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "basis": {},
    "3 levels": {"hidden": (64, 128, 256)},
    "4 levels": {"hidden": (64, 128, 256, 512)},
    "filters of 6, step 4": {"kernel_size": 6, "stride": 4},
    "max pooling": {"pooling": "max"},
    "average pooling": {"pooling": "average"},
    **{name: {"activation": name} for name in ACTIVATIONS},
    "batch normalisation": {"normalization": "batch"},
    "no skips": {"skips": False},
    "dense code": {"code": 128},
    "dense code, no skips": {"code": 128, "skips": False},
    "added to the low picture": {"residual": True},
    "the report's: dense code, no skips, tanh at the end": {"code": 128, "skips": False, "output": "tanh"},
}
REPORTED = list(CHANGES)[-1]
BEST: Mapping[str, Any] = {"epochs": 45}  # a restorer as it is, unless told otherwise
SMALL: Mapping[str, Any] = {"width": 4, "depth": 1, "epochs": 1, "batch_size": 2, "augmentation": "crop:16"}


def run(request: Request) -> Result:
    """Study one choice after the other, train the best net, and judge all by the pairs that chose nothing."""
    train, val, data = open_pairs(request.tiny)
    chosen_by = np.arange(len(val) // 4 if request.tiny else CHOOSING)
    judging = val.take(np.setdiff1d(np.arange(len(val)), chosen_by))
    changes = [name for name in CHANGES if not request.tiny or name in ("basis", "max pooling", REPORTED)]
    sweep = Sweep(
        grid={"change": changes},
        options={"tiny": request.tiny},
        seeds=request.seeds,
        metric="PSNR",
        direction="maximize",
    )
    study = request.study("study", sweep, trial)
    lines = _lines(study)
    best = request.fit("best", _best(request), train)
    short, long = (PASSES, PASSES) if request.tiny else EPOCHS
    basis = request.fit("basis-long", report_net({}, 0, long), train)
    pooled = request.fit("max-pooling", report_net(CHANGES["max pooling"], 0, short), train)
    ours, simple = best.evaluate(judging), basis.evaluate(in_parts(judging))
    request.tell(f"ours: {ours['psnr']:.2f} dB, of the low pictures {ours['input_psnr']:.2f}")
    return Result(
        data=data,
        claims=[
            Claim("MSE of the low pictures", "", _low_error(judging)),
            Claim("MSE of the report's net, 10 epochs", "0.003 to 0.007 ([UTEC])", _line(lines, REPORTED)["MSE"]),
            Claim("MSE of the basis, 60 epochs", "0.003 to 0.007 ([UTEC])", float(simple["mse"])),
            Claim("dB gained over the low pictures, ours", "", float(ours["psnr"] - ours["input_psnr"]), TARGET, True),
        ],
        notes=["The study is judged by the pairs that choose, everything else by the others."],
        tables={"one choice at a time": lines},
        figures={
            "low and high": _example(judging, {"basis": basis, "ours": best}),
            "filters of the first layer": _filters(basis),
            "features before and after pooling": _features(pooled, judging),
            "course of the basis": _course(basis),
        },
    )


@functools.lru_cache(maxsize=1)  # a study opens them for each of its trials
def open_pairs(tiny: bool = False) -> tuple[Images, Images, str]:
    """Return the pairs to train on and those of val, and a line on them; pairs made of photographs where missing."""
    from latente import Images, open_images
    from latente.corruptions import Downscale

    folder = folder_of("pairs256")
    if not tiny and folder is not None:
        train, val = (open_images(folder / part, size=256) for part in ("train", "val"))
        return train, val, f"pairs256, {len(train)} pairs to train and {len(val)} beside"
    sets = []
    for part, count in (("train", 8 if tiny else 400), ("test", 4 if tiny else 80)):
        high = open_images("photos", split=part, count=count, size=SIDE).pixels
        low = Downscale(2)(torch.from_numpy(high / 255), torch.Generator())
        sets.append(Images((255 * low).round().byte().numpy(), {"target": high}, name="photos"))
    told = f"photos, shrunk by 2 and enlarged again, {len(sets[0])} pairs to train and {len(sets[1])} beside"
    return sets[0], sets[1], told


def in_parts(images: Images) -> Images:
    """Return pairs cut into squares of 64x64 pixels, which a net with a dense code takes, too."""
    from latente import Images

    def cut(pixels: np.ndarray) -> np.ndarray:
        count, channels, height, width = pixels.shape
        rows = pixels.reshape(count, channels, height // SIDE, SIDE, width // SIDE, SIDE)
        return np.ascontiguousarray(rows.transpose(0, 2, 4, 1, 3, 5)).reshape(-1, channels, SIDE, SIDE)

    return Images(cut(images.pixels), {"target": cut(images.columns["target"])}, name=images.name)


def report_net(change: Mapping[str, Any], seed: int, epochs: int) -> Restorer:
    """Return the basis with something changed, untrained; it learns for as many epochs as one of the report's nets."""
    from latente import Restorer

    return Restorer(
        network="unet",
        **{**BASIS, **change},
        loss="mse",
        augmentation=f"crop:{SIDE}",
        epochs=epochs // PASSES,
        batch_size=BATCH,
        learning_rate=RATE,
        schedule="constant",
        ema=None,
        random_state=seed,
    )


def trial(seed: int, *, change: str, tiny: bool) -> dict[str, float]:
    """Train the basis with one change, and return its figures on the pairs that choose."""
    train, val, _ = open_pairs(tiny)
    model = report_net(CHANGES[change], seed, PASSES if tiny else EPOCHS[0]).set_params(verbose=False)
    figures = model.fit(train).evaluate(in_parts(val.take(np.arange(len(val) // 4 if tiny else CHOOSING))))
    return {"PSNR": figures["psnr"], "MSE": figures["mse"], "PSNR of the low": figures["input_psnr"]}


def _best(request: Request) -> Restorer:
    from latente import Restorer

    return Restorer(**(SMALL if request.tiny else BEST), random_state=0)


def _lines(study: Results) -> list[Line]:
    """Return the mean figures of each choice, and what it adds to the basis."""
    lines: list[Line] = []
    for name in CHANGES:
        own = [one.metrics for one in study.trials if one.options["change"] == name and not one.error]
        if own:
            lines.append({"change": name} | {key: float(np.mean([one[key] for one in own])) for key in own[0]})
    basis = _line(lines, "basis")["PSNR"]
    return [line | {"beside the basis, dB": line["PSNR"] - basis} for line in lines]


def _line(lines: list[Line], change: str) -> Line:
    return next(line for line in lines if line["change"] == change)


def _low_error(images: Images) -> float:
    from latente.metrics import mse

    return float(mse(images.columns["target"] / 255, images.pixels / 255).mean())


def _example(images: Images, models: Mapping[str, Restorer]) -> Figure:
    first = in_parts(images.take([0]))
    place = int(first.columns["target"].reshape(len(first), -1).std(axis=1).argmax())  # where there is most to see
    one = first.take([place])
    made = {name: np.asarray(model.restore(one.pixels))[0] for name, model in models.items()}
    return beside({"low": one.pixels[0], **made, "high": one.columns["target"][0]})


def _filters(model: Restorer) -> Figure:
    """Draw the filters of the first layer as pictures, each over its own range."""
    from latente.figures import grid

    weights = next(layer for layer in model.objective_.network.modules() if isinstance(layer, torch.nn.Conv2d)).weight
    return grid(_over_their_range(weights.detach().numpy()))


def _features(model: Restorer, images: Images) -> Figure:
    """Draw the first channels of the first level of one picture, before and after they are pooled."""
    from latente.figures import strips
    from latente.networks import UNet

    one = in_parts(images.take([0])).pixels[:1]
    network = model.objective_.network
    assert isinstance(network, UNet)
    *before, pool = network.down[0].children()
    with torch.no_grad():
        features = torch.nn.Sequential(*before)(torch.from_numpy(one / np.float32(255)))
        pooled = torch.nn.functional.interpolate(pool(features), features.shape[2:])
    shown = [maps[0, :8, None].numpy() for maps in (features, pooled)]
    return strips(np.stack([_over_their_range(maps) for maps in shown]), ["convolution", "pooling"])


def _over_their_range(pictures: np.ndarray) -> np.ndarray:
    """Return pictures (N, C, H, W), each with its least value as 0 and its largest as 1."""
    flat = pictures.reshape(len(pictures), -1)
    low, high = (part[:, None, None, None] for part in (flat.min(axis=1), flat.max(axis=1)))
    return (pictures - low) / np.maximum(high - low, 1e-12)


def _course(model: Restorer) -> Figure:
    from latente.figures import curves

    return curves(model.history_, ("mse",), model.best_epoch_)
