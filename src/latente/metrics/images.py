"""How far images are from what they should be: one value per image, in the units of the data.

Originals and reconstructions are arrays or tensors of the same shape, (N, C, H, W), (N, H, W) or (N, F), of
any real dtype; memory-mapped ones are read in slices. All is computed in float64. Every function raises
InputError where the shapes differ, nothing is there to compare, or the data range is not positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from latente import formulas
from latente.errors import InputError
from latente.languages import Figure, say

__all__ = [
    "PROTOCOLS",
    "PSNR_CEILING",
    "SMALLEST_SSIM_SIDE",
    "bce",
    "evaluate_images",
    "mae",
    "measure_images",
    "mse",
    "psnr",
    "ssim",
]

PSNR_CEILING = 100.0  # dB; what an image counts for in a mean of PSNRs where its own is higher, or infinite
SMALLEST_SSIM_SIDE = 11  # pixels: the window of SSIM

_SSIM_SIGMA = 1.5
_SMALLEST_PROBABILITY = 1e-7
_VALUES_AT_ONCE = 1 << 21

PROTOCOLS = {
    "mse": say(
        "mean squared error per value, in the units compared (models: the data range becomes 1); mean over images"
    ),
    "mae": say(
        "mean absolute error per value, in the units compared (models: the data range becomes 1); mean over images"
    ),
    "bce": say(
        "cross-entropy per value in nats, both images divided by the data range, the reconstruction clipped to "
        "[{least}, 1 - {least}]; mean over images",
        least=f"{_SMALLEST_PROBABILITY:g}",
    ),
    "psnr": say(
        "peak signal-to-noise ratio in dB, the data range (of a model what it scales to 0 and 1) as peak, all channels "
        "in one MSE; mean over images, each counted with at most {most} dB",
        most=f"{PSNR_CEILING:g}",
    ),
    "input_psnr": say("the same of what the model was given, where that is another picture of the same size"),
    "ssim": say(
        "structural similarity (Wang et al. 2004), Gaussian window of sigma {sigma} in {side}x{side} pixels, K1 0.01, "
        "K2 0.03, the border of {border} pixels left out, mean over channels; mean over images",
        sigma=Figure(_SSIM_SIGMA),
        side=SMALLEST_SSIM_SIDE,
        border=SMALLEST_SSIM_SIDE // 2,
    ),
}

_Pixels = Shaped[np.ndarray, "_ ..."] | Shaped[Tensor, "_ ..."]


def mse(originals: _Pixels, reconstructions: _Pixels) -> Float[np.ndarray, "n"]:
    """Return each image's mean squared error per value."""
    return _per_image(formulas.mse, originals, reconstructions)


def mae(originals: _Pixels, reconstructions: _Pixels) -> Float[np.ndarray, "n"]:
    """Return each image's mean absolute error per value."""
    return _per_image(formulas.mae, originals, reconstructions)


def bce(originals: _Pixels, reconstructions: _Pixels, *, data_range: int | float) -> Float[np.ndarray, "n"]:
    """Return each image's mean cross-entropy per value, in nats, after division by `data_range`.

    Give reconstructions that were not rounded: one that reaches 0 or the data range is clipped 1e-7 within.
    Raises InputError where a value divided by the data range is not within [0, 1].
    """
    _check_range(data_range)

    def cross_entropy(x: Tensor, y: Tensor) -> Tensor:
        x, y = x / data_range, y / data_range
        if not (_within_unit_range(x) and _within_unit_range(y)):
            raise InputError(f"the cross-entropy needs images within [0, {data_range:g}], the data range")
        return formulas.bce_with_logits(torch.logit(y, _SMALLEST_PROBABILITY), x)

    return _per_image(cross_entropy, originals, reconstructions)


def psnr(originals: _Pixels, reconstructions: _Pixels, *, data_range: int | float) -> Float[np.ndarray, "n"]:
    """Return each image's peak signal-to-noise ratio in dB; infinite where a reconstruction is perfect.

    data_range: the highest minus the lowest value that the data can take (255 for 8 bits).
    """
    _check_range(data_range)
    return _per_image(lambda x, y: formulas.psnr(x, y, data_range), originals, reconstructions)


def ssim(originals: _Pixels, reconstructions: _Pixels, *, data_range: int | float) -> Float[np.ndarray, "n"]:
    """Return each image's structural similarity, 1 where it is perfect, worked out by scikit-image.

    Gaussian window of sigma 1.5 (11x11 pixels), the mean over channels. Images are (N, C, H, W) or (N, H, W).
    Raises InputError for tables and where a side is below 11 pixels, the window's.
    """
    from skimage.metrics import structural_similarity

    _check_range(data_range)
    if not _has_room_for_window(originals):
        raise InputError(
            f"SSIM needs images of at least {SMALLEST_SSIM_SIDE}x{SMALLEST_SSIM_SIDE} pixels, "
            f"not an array of shape {tuple(originals.shape)}"
        )
    values = [
        structural_similarity(
            original.numpy(),
            reconstruction.numpy(),
            data_range=data_range,
            channel_axis=0 if original.ndim == 3 else None,
            gaussian_weights=True,
            sigma=_SSIM_SIGMA,
            use_sample_covariance=False,
        )
        for part in _pairs(originals, reconstructions)
        for original, reconstruction in zip(*part, strict=True)
    ]
    return np.array(values, dtype=np.float64)


def evaluate_images(originals: _Pixels, reconstructions: _Pixels, data_range: int | float) -> dict[str, float]:
    """Return the means over the images of what `measure_images` returns.

    All are finite: an image counts with at most 100 dB (`PSNR_CEILING`) in the mean PSNR, a perfect one too.
    """
    figures = measure_images(originals, reconstructions, data_range)
    figures["psnr"] = np.minimum(figures["psnr"], PSNR_CEILING)
    return {name: float(values.mean()) for name, values in figures.items()}


def measure_images(
    originals: _Pixels, reconstructions: _Pixels, data_range: int | float
) -> dict[str, Float[np.ndarray, "n"]]:
    """Return each image's "mse", "mae", "psnr", "bce" and "ssim", as in `PROTOCOLS`.

    Left out is what is not defined: "bce" for integer reconstructions, whose rounding would decide it, and
    for values outside [0, data_range]; "ssim" for tables and for sides below 11 pixels.
    """
    figures = {
        "mse": mse(originals, reconstructions),
        "mae": mae(originals, reconstructions),
        "psnr": psnr(originals, reconstructions, data_range=data_range),
    }
    if _has_cross_entropy(originals, reconstructions, data_range):
        figures["bce"] = bce(originals, reconstructions, data_range=data_range)
    if _has_room_for_window(originals):
        figures["ssim"] = ssim(originals, reconstructions, data_range=data_range)
    return figures


def _per_image(
    formula: Callable[[Tensor, Tensor], Tensor], originals: _Pixels, reconstructions: _Pixels
) -> Float[np.ndarray, "n"]:
    return np.concatenate([formula(x, y).numpy() for x, y in _pairs(originals, reconstructions)])


def _pairs(originals: _Pixels, reconstructions: _Pixels) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield both sets as float64 tensors, a slice of the images at a time."""
    if originals.shape != reconstructions.shape or originals.ndim < 2 or not len(originals):
        raise InputError(
            "originals and reconstructions must be of one shape (N, ...) with N of at least 1, "
            f"not {tuple(originals.shape)} and {tuple(reconstructions.shape)}"
        )
    step = max(1, _VALUES_AT_ONCE // max(1, math.prod(originals.shape[1:])))
    for start in range(0, len(originals), step):
        yield _double(originals[start : start + step]), _double(reconstructions[start : start + step])


def _double(part: np.ndarray | Tensor) -> Tensor:
    if isinstance(part, Tensor):
        return part.detach().cpu().double()
    return torch.from_numpy(np.array(part, dtype=np.float64))


def _check_range(data_range: int | float) -> None:
    if not 0 < data_range < math.inf:
        raise InputError(f"data_range must be a positive number, not {data_range}")


def _has_room_for_window(images: _Pixels) -> bool:
    return images.ndim in (3, 4) and min(images.shape[-2:]) >= SMALLEST_SSIM_SIDE


def _within_unit_range(values: Tensor) -> bool:
    return bool(values.min() >= 0 and values.max() <= 1)


def _has_cross_entropy(originals: _Pixels, reconstructions: _Pixels, data_range: int | float) -> bool:
    unrounded = (
        reconstructions.is_floating_point()
        if isinstance(reconstructions, Tensor)
        else reconstructions.dtype.kind == "f"
    )
    return unrounded and all(
        _within_unit_range(values / data_range) for pair in _pairs(originals, reconstructions) for values in pair
    )
