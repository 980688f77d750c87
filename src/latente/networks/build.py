"""An encoder and a decoder that fit each other, by the name of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from latente.errors import InputError, did_you_mean
from latente.networks.conv import SMALLEST_SIDE, ConvDecoder, ConvEncoder, check_sides
from latente.networks.dense import DenseDecoder, DenseEncoder
from latente.networks.layers import values, whole, widths

__all__ = ["NETWORKS", "build_pair", "own_module", "own_pair", "resolve", "shape_made"]

NETWORKS = ("auto", "dense", "conv")


def resolve(
    network: str, shape: Sequence[int], latent_dim: int | None, hidden: Sequence[int] | None
) -> tuple[str, tuple[int, ...], int | None]:
    """Return (kind, hidden, latent_dim) as `build_pair` builds them, with every default decided.

    "auto" is "dense" for rows (F,) and images with a side under 8, else "conv". hidden=None is (512, 256) for
    dense, and for conv (32, 64), or (32, 64, 128) where both sides are at least 48. latent_dim=None keeps a
    convolutional bottleneck spatial. Raises InputError, naming the option, for what is out of range.
    """
    values(shape)
    if network not in NETWORKS:
        raise did_you_mean("network", network, NETWORKS)
    spatial = len(shape) == 3 and min(shape[1:]) >= SMALLEST_SIDE
    kind = ("conv" if spatial else "dense") if network == "auto" else network
    if kind == "conv":
        check_sides(shape)
    if latent_dim is None and kind == "dense":
        raise InputError("latent_dim=None keeps a convolutional bottleneck spatial; a dense network needs a number")
    if latent_dim is not None:
        latent_dim = whole("latent_dim", latent_dim)
    if hidden is not None:
        return kind, widths(hidden, least=int(kind == "conv")), latent_dim
    if kind == "dense":
        return kind, (512, 256), latent_dim
    return kind, (32, 64, 128) if min(shape[1:]) >= 48 else (32, 64), latent_dim


def own_module(network: Any, names: Sequence[str]) -> nn.Module | None:
    """Return the caller's own module that is to be the network, or None where one is named.

    Raises InputError, with the names, for anything else.
    """
    if isinstance(network, str):
        return None
    if not isinstance(network, nn.Module):
        raise InputError(f"network is {', '.join(map(repr, names))}, or a torch module, not {network!r}")
    return network


def own_pair(network: Any, names: Sequence[str], roles: str) -> tuple[nn.Module, nn.Module] | None:
    """Return the caller's own two modules that are to be the networks, or None where they are named.

    roles: of the two, in words. Raises InputError, with the names, for anything else.
    """
    if isinstance(network, str):
        return None
    if not (isinstance(network, tuple | list) and len(network) == 2 and all(isinstance(m, nn.Module) for m in network)):
        raise InputError(
            f"network is {', '.join(map(repr, names))}, or a pair of torch modules ({roles}), not {network!r}"
        )
    return network[0], network[1]


def shape_made(network: nn.Module, shape: Sequence[int], what: str, given: str) -> tuple[int, ...]:
    """Return the shape of what a network makes of one input of a shape, found by passing two that are zero.

    Raises InputError where it cannot take them; what, given: the network and the input, as that calls them.
    """
    training = network.training
    network.eval()
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad():
            made = network(torch.zeros(2, *shape, device=device))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"network: {what} cannot take {given}: {reason}") from error
    network.train(training)
    return tuple(made.shape[1:])


def build_pair(
    network: str,
    shape: Sequence[int],
    latent_dim: int | None,
    *,
    hidden: Sequence[int] | None = None,
    activation: str = "relu",
    normalization: str | None = None,
    dropout: float = 0.0,
    kernel_size: int = 3,
    stride: int = 2,
    depth: int = 1,
    code_multiplier: int = 1,
    latent_activation: str | None = None,
    told: int = 0,
) -> tuple[nn.Module, nn.Module]:
    """Return (encoder, decoder) for images (C, H, W) or rows (F,), weights drawn from the global generator.

    network, hidden: see `resolve`. code_multiplier: how many values the encoder gives for each that the
    decoder takes (2 for a mean and a log-variance), along dimension 1. latent_activation: applied to the
    code; None is linear. told: how many values the decoder takes behind a code that is a vector.
    kernel_size, stride and depth concern convolutions only. Decoders return raw
    outputs. Raises InputError, naming the option, for what is out of range.
    """
    kind, hidden, latent_dim = resolve(network, shape, latent_dim, hidden)
    multiplier = whole("code_multiplier", code_multiplier)
    outputs = None if latent_dim is None else latent_dim * multiplier
    common: dict[str, Any] = {
        "hidden": hidden,
        "activation": activation,
        "normalization": normalization,
        "dropout": dropout,
    }
    if kind == "dense":
        return (
            DenseEncoder(shape, cast(int, outputs), output_activation=latent_activation, **common),
            DenseDecoder(cast(int, latent_dim) + told, shape, **common),
        )
    common |= {"kernel_size": kernel_size, "stride": stride, "depth": depth}
    return (
        ConvEncoder(shape, outputs, code_multiplier=multiplier, output_activation=latent_activation, **common),
        ConvDecoder(None if latent_dim is None else latent_dim + told, shape, output_conv=latent_dim is None, **common),
    )
