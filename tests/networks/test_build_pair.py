from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from latente.errors import InputError
from latente.networks import ConvEncoder, DenseEncoder, build_pair, describe, resolve


def dense(*sizes: int) -> int:
    return sum(a * b + b for a, b in pairwise(sizes))


def conv(kernel: int, *channels: int) -> int:
    return sum(a * b * kernel**2 + b for a, b in pairwise(channels))


DEEP = (784, 512, 256, 128, 64, 16, 2)
REFERENCES = {
    "one dense layer": (
        ("dense", (1, 28, 28), 64),
        {"hidden": ()},
        (dense(784, 64), dense(64, 784)),
    ),
    "deep dense": (
        ("dense", (1, 28, 28), 2),
        {"hidden": DEEP[1:-1]},
        (dense(*DEEP), dense(*reversed(DEEP))),
    ),
    "convolutional denoiser": (
        ("conv", (1, 28, 28), None),
        {"hidden": (16, 8)},
        (conv(3, 1, 16, 8), conv(3, 8, 8, 16, 1)),
    ),
    "dense variational": (
        ("dense", (1, 28, 28), 8),
        {"hidden": (64, 16), "code_multiplier": 2},
        (dense(784, 64, 16, 16), dense(8, 16, 64, 784)),
    ),
    "convolutional variational": (
        ("conv", (3, 64, 64), 100),
        {"hidden": (32, 64, 128), "kernel_size": 4, "code_multiplier": 2},
        (
            conv(4, 3, 32, 64, 128) + dense(8 * 8 * 128, 200),
            dense(100, 8 * 8 * 128) + conv(4, 128, 64, 32, 3),
        ),
    ),
}


@pytest.mark.parametrize(("arguments", "options", "counts"), REFERENCES.values(), ids=REFERENCES.keys())
def test_reference_networks_have_the_parameters_that_the_formula_gives(arguments, options, counts):
    pair = build_pair(*arguments, **options)
    assert tuple(sum(p.numel() for p in half.parameters()) for half in pair) == counts


@pytest.mark.parametrize(("arguments", "options", "counts"), REFERENCES.values(), ids=REFERENCES.keys())
def test_reference_networks_give_the_image_back_in_its_shape(arguments, options, counts):
    encoder, decoder = build_pair(*arguments, **options)
    x = torch.rand(2, *arguments[1])
    code = encoder(x).chunk(options.get("code_multiplier", 1), dim=1)[0]
    assert decoder(code).shape == x.shape


def test_the_denoiser_keeps_a_spatial_code_and_ends_with_a_plain_convolution():
    encoder, decoder = build_pair("conv", (1, 28, 28), None, hidden=(16, 8))
    x = torch.rand(2, 1, 28, 28)
    assert encoder(x).shape == (2, 8, 7, 7)
    rows = [r for r in describe(decoder, encoder(x)) if r.parameters]
    assert [(r.type, r.output[1:]) for r in rows] == [
        ("ConvTranspose2d", (8, 14, 14)),
        ("ConvTranspose2d", (16, 28, 28)),
        ("RowwiseConv2d", (1, 28, 28)),
    ]


@pytest.mark.parametrize(
    ("network", "shape", "hidden", "expected"),
    [
        ("auto", (7,), None, ("dense", (512, 256))),
        ("auto", (1, 7, 64), None, ("dense", (512, 256))),
        ("auto", (1, 8, 8), None, ("conv", (32, 64))),
        ("auto", (3, 47, 64), None, ("conv", (32, 64))),
        ("auto", (3, 48, 48), None, ("conv", (32, 64, 128))),
        ("dense", (3, 48, 48), None, ("dense", (512, 256))),
        ("auto", (3, 48, 48), [16, 8], ("conv", (16, 8))),
        ("dense", (3, 48, 48), [], ("dense", ())),
    ],
)
def test_defaults_are_resolved_by_the_shape(network, shape, hidden, expected):
    assert resolve(network, shape, 4, hidden) == (*expected, 4)
    encoder, _ = build_pair(network, shape, 4, hidden=hidden)
    assert isinstance(encoder, DenseEncoder if expected[0] == "dense" else ConvEncoder)


def test_resolving_what_was_resolved_changes_nothing():
    once = resolve("auto", (3, 64, 64), None, None)
    assert resolve(once[0], (3, 64, 64), once[2], once[1]) == once


def test_a_spatial_variational_code_has_twice_the_channels():
    encoder, decoder = build_pair("conv", (1, 16, 16), None, hidden=(8, 6), code_multiplier=2)
    assert encoder(torch.rand(3, 1, 16, 16)).shape == (3, 12, 4, 4)
    assert decoder(torch.rand(3, 6, 4, 4)).shape == (3, 1, 16, 16)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_the_code_is_linear_unless_told_and_the_output_is_raw(network):
    x = torch.rand(64, 1, 12, 12)
    encoder, decoder = build_pair(network, (1, 12, 12), 5)
    assert encoder(x).min() < 0
    assert decoder(torch.randn(64, 5)).min() < 0
    encoder, _ = build_pair(network, (1, 12, 12), 5, latent_activation="relu")
    assert encoder(x).min() == 0


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_weights_are_a_function_of_the_global_seed_alone(network):
    torch.manual_seed(3)
    first = build_pair(network, (1, 12, 12), 5, normalization="batch")[1].state_dict()
    torch.manual_seed(3)
    second = build_pair(network, (1, 12, 12), 5, normalization="batch")[1].state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": "convs"}, "network.*did you mean 'conv'"),
        ({"network": "dense", "latent_dim": None}, "latent_dim"),
        ({"latent_dim": 0}, "latent_dim"),
        ({"hidden": (32, 0)}, "hidden"),
        ({"hidden": ()}, "hidden"),
        ({"hidden": (4,) * 5}, "hidden has 5 levels.* 16 x 16.* at most 4"),
        ({"activation": "rellu"}, "activation.*did you mean 'relu'"),
        ({"latent_activation": "sigmoide"}, "activation.*did you mean 'sigmoid'"),
        ({"normalization": "bach"}, "normalization.*did you mean 'batch'"),
        ({"normalization": "layer", "hidden": (1,)}, "hidden"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"dropout": float("nan")}, "dropout"),
        ({"kernel_size": 2, "stride": 3}, "kernel_size=2.*stride=3"),
        ({"kernel_size": 0}, "kernel_size"),
        ({"stride": 0}, "stride"),
        ({"depth": 0}, "depth"),
        ({"code_multiplier": 0}, "code_multiplier"),
        ({"shape": (16, 16)}, "shape"),
        ({"shape": (0, 16, 16)}, "shape"),
        ({"shape": (1, 7, 16)}, "8.*dense"),
        ({"shape": (16,)}, "dense"),
    ],
)
def test_options_out_of_range_are_named_in_one_line(options, words):
    arguments = {"network": "conv", "shape": (1, 16, 16), "latent_dim": 4} | options
    with pytest.raises(InputError, match=words) as caught:
        build_pair(**arguments)
    assert "\n" not in str(caught.value)
