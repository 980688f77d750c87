"""How the literature measures enlarged pictures: on their luminance, without a border."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from latente.errors import InputError
from latente.metrics.images import psnr, ssim

__all__ = ["LUMINANCE_PROTOCOL", "luminance", "measure_luminance"]

LUMINANCE_PROTOCOL = (
    "on Y of YCbCr, as MATLAB's rgb2ycbcr makes it of 8 bits, rounded, with 255 as peak; a border of as many pixels as "
    "the factor is left out"
)

_WEIGHTS = np.array([65.481, 128.553, 24.966]) / 255  # of red, green and blue (ITU-R BT.601), for 16 to 235
_OFFSET = 16.0


def luminance(pictures: Shaped[np.ndarray, "*any c h w"], *, rounded: bool = True) -> Float[np.ndarray, "*any h w"]:
    """Return Y of 8-bit RGB pictures, from 16 to 235, float64; rounded to whole levels, as MATLAB does, or not.

    Pictures may be floats from 0 to 255. Raises InputError for any number of channels but three.
    """
    if pictures.ndim < 3 or pictures.shape[-3] != 3:
        raise InputError(f"the luminance is of RGB pictures (..., 3, H, W), not {pictures.shape}")
    y = np.tensordot(np.asarray(pictures, np.float64), _WEIGHTS, axes=(-3, 0)) + _OFFSET
    return np.floor(y + 0.5) if rounded else y


def measure_luminance(
    original: UInt8[np.ndarray, "3 h w"], restored: UInt8[np.ndarray, "3 h w"], border: int, *, rounded: bool = True
) -> dict[str, float]:
    """Return "psnr" in dB and "ssim" of a restored picture by `LUMINANCE_PROTOCOL`; border: of the factor's pixels."""
    inner = slice(border, -border or None)
    x, y = (luminance(picture, rounded=rounded)[None, inner, inner] for picture in (original, restored))
    return {"psnr": float(psnr(x, y, data_range=255)[0]), "ssim": float(ssim(x, y, data_range=255)[0])}
