from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latente.networks import DenseDecoder, DenseEncoder, build_pair


@given(
    shape=st.one_of(st.tuples(st.integers(1, 20)), st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    latent=st.integers(1, 5),
)
def test_any_shape_comes_back_exactly(shape, hidden, latent):
    x = torch.rand(3, *shape)
    code = DenseEncoder(shape, latent, hidden)(x)
    assert code.shape == (3, latent)
    assert DenseDecoder(latent, shape, hidden)(code).shape == x.shape


def test_the_decoder_mirrors_the_widths():
    encoder, decoder = build_pair("dense", (2, 3, 4), 5, hidden=(11, 7))

    def widths(half):
        return [m.out_features for m in half.layers if isinstance(m, torch.nn.Linear)]

    assert widths(encoder) == [11, 7, 5]
    assert widths(decoder) == [7, 11, 24]


def test_without_hidden_layers_the_pair_is_an_affine_map():
    encoder, decoder = build_pair("dense", (6,), 2, hidden=())
    a, b = torch.rand(2, 4, 6)

    def both(x):
        return decoder(encoder(x))

    torch.testing.assert_close(both((a + b) / 2), (both(a) + both(b)) / 2)


@pytest.mark.parametrize("normalization", [None, "batch", "layer", "group"])
@pytest.mark.parametrize("shape", [(6,), (1, 4, 5)])
def test_gradients_reach_every_parameter(normalization, shape):
    # a code that is linear has no bias of its own before batch normalisation
    options = {"hidden": (16, 8), "activation": "silu", "latent_activation": "tanh"}
    encoder, decoder = build_pair("dense", shape, 3, normalization=normalization, **options)
    x = torch.rand(8, *shape)
    (decoder(encoder(x)) - x).pow(2).mean().backward()
    for name, parameter in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert parameter.grad.abs().max() > 1e-7, name


@pytest.mark.parametrize("normalization", ["layer", "group"])
@pytest.mark.parametrize("width", [2, 4, 7, 8, 40])
def test_normalisation_over_one_image_never_makes_a_layer_constant(normalization, width):
    encoder = DenseEncoder((9,), 3, (width,), normalization=normalization, activation="tanh")
    assert encoder(torch.rand(16, 9)).std(0).min() > 0


def test_normalised_values_have_mean_zero_and_variance_one_within_their_group():
    encoder = DenseEncoder((9,), 3, (32,), normalization="group")
    hidden = encoder.layers[:2](torch.rand(16, 9) * 100)
    groups = hidden.view(16, 8, 4)
    torch.testing.assert_close(groups.mean(2), torch.zeros(16, 8), atol=1e-5, rtol=0)
    torch.testing.assert_close(groups.var(2, correction=0), torch.ones(16, 8), atol=1e-3, rtol=0)


def test_dropout_zeroes_that_share_and_keeps_the_mean():
    encoder = DenseEncoder((9,), 3, (4000,), dropout=0.25, activation="sigmoid")
    hidden = encoder.layers[:2](torch.rand(1, 9))
    dropped = encoder.layers[:3](torch.rand(1, 9))
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert dropped.mean().item() == pytest.approx(hidden.mean().item(), abs=0.05)
