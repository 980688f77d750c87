from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from latente.errors import InputError
from latente.networks import build_pair
from latente.networks.layers import ACTIVATIONS, activate, initialise, share, whole, widths

RECTIFIERS = ["relu", "leaky_relu", "elu", "gelu", "silu"]


def linear():
    return nn.Linear(300, 200), 300, 200


def conv():
    return nn.Conv2d(40, 60, 3, stride=1), 40 * 9, 60 * 9


def strided():
    return nn.Conv2d(40, 60, 4, stride=2), 40 * 16, 60 * 16 / 4


def transposed():
    return nn.ConvTranspose2d(40, 60, 4, stride=2), 40 * 16 / 4, 60 * 16


@pytest.mark.parametrize("make", [linear, conv, strided, transposed])
@pytest.mark.parametrize("activation", [*RECTIFIERS, "tanh", "sigmoid", None])
def test_weights_have_the_variance_that_he_or_glorot_derived(make, activation):
    layer, fan_in, fan_out = make()
    initialise(layer, activation)
    variance = 2 / fan_in if activation in RECTIFIERS else 2 / (fan_in + fan_out)
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
    assert layer.weight.mean().item() == pytest.approx(0, abs=5 * math.sqrt(variance / layer.weight.numel()))
    assert not layer.bias.any()


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (4, 2), (3, 2), (5, 3)])
def test_before_a_relu_the_second_moment_passes_through_any_convolution(transpose, kernel, stride):
    kind = nn.ConvTranspose2d if transpose else nn.Conv2d
    layer = initialise(kind(64, 64, kernel, stride), "relu")
    x = torch.randn(4, 64, 31, 31).relu_()  # E[x^2] = 1/2
    y = layer(x)
    y = y[..., kernel:-kernel, kernel:-kernel] if transpose else y  # whose border is reached less often
    assert y.pow(2).mean().item() == pytest.approx(1, rel=0.15)


def test_a_deep_relu_network_neither_vanishes_nor_explodes():
    encoder, _ = build_pair("dense", (256,), 256, hidden=(256,) * 20)
    last = encoder.layers[:-1](torch.randn(64, 256))
    assert 0.1 < last.pow(2).mean().item() < 10


def test_code_and_image_layers_are_drawn_for_a_linear_output_whatever_the_activation():
    encoder, decoder = build_pair("dense", (1, 28, 28), 64, hidden=(), activation="relu", latent_activation="relu")
    for weight in (encoder.layers[1].weight, decoder.layers[0].weight):
        assert weight.var().item() == pytest.approx(2 / (784 + 64), rel=0.03)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_the_functions_of_that_name(name):
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    functions = {
        "relu": lambda x: max(x, 0.0),
        "leaky_relu": lambda x: max(x, 0.01 * x),
        "elu": lambda x: x if x > 0 else math.expm1(x),
        "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
        "silu": lambda x: x / (1 + math.exp(-x)),
        "tanh": math.tanh,
        "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
        "prelu": lambda x: max(x, 0.25 * x),
        "softplus": lambda x: math.log1p(math.exp(x)),
        "hardtanh": lambda x: min(1.0, max(-1.0, x)),
        "arctan": math.atan,
        "linear": lambda x: x,
    }
    expected = torch.tensor([functions[name](v) for v in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(activate(name).double()(x.clone()), expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_through_activations_in_place_are_exact(name):
    layer = nn.Linear(4, 3).double()
    x = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: activate(name).double()(layer(x)), x)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None])
def test_whole_numbers_are_whole_and_not_below_the_least(value):
    with pytest.raises(InputError, match="depth must be a whole number from 1, not"):
        whole("depth", value)


@pytest.mark.parametrize("value", [-0.1, 1, math.nan, math.inf, "0.1", None, True])
def test_shares_lie_from_zero_to_below_one(value):
    with pytest.raises(InputError, match="dropout must lie in"):
        share("dropout", value)


@pytest.mark.parametrize("value", [64, "64", None, (64, 0), (64, 1.5)])
def test_widths_are_a_sequence_of_whole_numbers(value):
    with pytest.raises(InputError, match="hidden"):
        widths(value)
