"""Which precision pays, by a rule of processor, network and picture: the same command gives the same model."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import torch

from latente.errors import InputError

__all__ = ["bf16_unit", "check_precision", "common_precision", "fast_precision", "usual_precision", "warn_of_emulation"]

_ON_PROCESSORS = ("amx_bf16", "avx512_bf16", "sve_bf16", "bf16")  # as torch names them, the fastest first

# without AMX, which virtual machines may lack, Intel's cores compute bf16 slower than float32 (docs/results.md)
_SLOW = "avx512_bf16 of Intel"

# by what computes bf16: from how many channels at every width and from how many pixels on it was faster than float32
# in a training of convolutions (docs/results.md). What is not measured is not here. Who has AMX has AVX-512's too.
_PAYS = {"amx_bf16": (32, 64 * 64), "avx512_bf16": (32, 64 * 64)}


def usual_precision(unit: str | None, channels: Sequence[int] | None, shape: Sequence[int], optimizer: str) -> str:
    """Return "bf16" where it was measured to train faster than float32, else "float32".

    unit: what computes bf16, see `bf16_unit`. channels: of a convolutional network at each width; None for another
    kind, such as a dense one, which bf16 slows down or of which nothing is known. shape: of the images it takes.
    L-BFGS, whose line search compares losses that differ little, always computes in float32.
    """
    if unit not in _PAYS or not channels or optimizer == "lbfgs":
        return "float32"
    fewest_channels, fewest_pixels = _PAYS[unit]
    pays = min(channels) >= fewest_channels and math.prod(shape[1:]) >= fewest_pixels
    return "bf16" if pays else "float32"


def common_precision(precisions: Sequence[str]) -> str:
    """Return the precision of processes that train together: bf16 where it pays on all, for each waits for all."""
    return "bf16" if set(precisions) == {"bf16"} else "float32"


def bf16_unit(device: torch.device) -> str | None:
    """Return by what a device computes products in bf16 itself; None where a processor emulates them, or a card cannot.

    For a processor that is the name of its instructions in `torch.cpu.get_capabilities`, with the maker where that
    matters, else the type of the device.
    """
    if device.type == "cuda":
        with torch.cuda.device(device):
            return "cuda" if torch.cuda.is_bf16_supported(including_emulation=False) else None
    if device.type == "mps":
        return "mps" if torch.backends.mps.is_macos_or_newer(14, 0) else None
    known = torch.cpu.get_capabilities()
    unit = next((name for name in _ON_PROCESSORS if known.get(name)), None)
    return _SLOW if unit == "avx512_bf16" and str(known.get("cpu_name", "")).startswith("Intel") else unit


def fast_precision(device: torch.device) -> str:
    """Return "bf16" where a device computes it itself, no slower than float32 as far as is known."""
    return "float32" if bf16_unit(device) in (None, _SLOW) else "bf16"


def check_precision(precision: str | None, device: torch.device) -> None:
    """Raise InputError where a graphics card is asked for bf16 that it does not have; a processor emulates it."""
    if precision == "bf16" and device.type != "cpu" and bf16_unit(device) is None:
        raise InputError(
            f"precision 'bf16': the device {str(device)!r} has none; take 'float32', or the device 'cpu' (a run that "
            "was begun elsewhere goes on there, or as a new one from its weights: init)"
        )


def warn_of_emulation(precision: str | None, device: torch.device, unit: str | None) -> None:
    """Say that a training in bf16, begun on a device whose `unit` computes it, goes on where it is only emulated."""
    if precision == "bf16" and unit is not None and device.type == "cpu" and bf16_unit(device) is None:
        warnings.warn(
            "resumed in bf16, in which this run was begun, but this processor only emulates it, which is many times "
            "slower; go on where it was begun, or start a new run from its weights (init) in float32",
            stacklevel=2,
        )
