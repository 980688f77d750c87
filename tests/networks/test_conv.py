from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latente.errors import InputError
from latente.networks import ConvDecoder, ConvEncoder, build_pair

sides = st.integers(8, 67)


@given(
    height=sides,
    width=sides,
    channels=st.integers(1, 4),
    kernel=st.integers(2, 5),
    stride=st.integers(1, 3),
    depth=st.integers(1, 2),
    levels=st.integers(1, 3),
    latent=st.sampled_from([None, 3]),
)
def test_any_image_comes_back_in_its_exact_shape(height, width, channels, kernel, stride, depth, levels, latent):
    stride = min(stride, kernel)
    if stride == 3 and min(height, width) <= 9:
        levels = min(levels, 2)  # 8 -> 3 -> 1 is the end
    shape = (channels, height, width)
    options = {"hidden": (3, 2, 2)[:levels], "kernel_size": kernel, "stride": stride, "depth": depth}
    encoder, decoder = build_pair("conv", shape, latent, **options)
    x = torch.rand(2, *shape)
    assert decoder(encoder(x)).shape == x.shape


@given(height=sides, width=sides, kernel=st.integers(2, 5), stride=st.integers(1, 3), levels=st.integers(1, 2))
def test_each_level_divides_the_sides_by_the_stride_rounding_up(height, width, kernel, stride, levels):
    stride = min(stride, kernel)
    code = ConvEncoder((1, height, width), None, (2,) * levels, kernel_size=kernel, stride=stride)(
        torch.rand(1, 1, height, width)
    )
    for _ in range(levels):
        grow = stride == 1 and kernel % 2 == 0
        height, width = (side + 1 if grow else -(-side // stride) for side in (height, width))
    assert code.shape == (1, 2, height, width)


@given(side=sides, kernel=st.integers(2, 5), stride=st.integers(1, 3), output_conv=st.booleans())
def test_every_pixel_is_seen_by_the_encoder_and_written_by_the_decoder(side, kernel, stride, output_conv):
    stride = min(stride, kernel)
    options = {"kernel_size": kernel, "stride": stride, "activation": "tanh"}
    encoder = ConvEncoder((1, side, side), None, (2, 2), **options)
    decoder = ConvDecoder(None, (1, side, side), (2, 2), output_conv=output_conv, **options)
    x = torch.rand(1, 1, side, side, requires_grad=True)
    code = encoder(x)
    code.sum().backward()
    assert (x.grad != 0).all()
    # biases are zero: what no code reaches stays exactly zero
    assert (decoder(torch.randn(code.shape)) != 0).all()


@pytest.mark.parametrize("normalization", [None, "batch", "layer", "group"])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("latent", [None, 3])
def test_gradients_reach_every_parameter(normalization, depth, latent):
    options = {"hidden": (8, 8), "activation": "silu", "normalization": normalization, "depth": depth}
    encoder, decoder = build_pair("conv", (2, 13, 9), latent, **options)
    x = torch.rand(8, 2, 13, 9)
    (decoder(encoder(x)) - x).pow(2).mean().backward()
    for name, parameter in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert parameter.grad.abs().max() > 1e-7, name


def test_a_convolution_before_batch_normalisation_has_no_bias_and_the_output_has():
    encoder, decoder = build_pair("conv", (1, 16, 16), None, hidden=(4, 4), normalization="batch")
    convs = [m for m in [*encoder.layers, *decoder.layers] if hasattr(m, "kernel_size")]
    assert [conv.bias is not None for conv in convs] == [False, True, False, False, True]


def test_depth_adds_convolutions_that_keep_the_sides():
    encoder, decoder = build_pair("conv", (1, 16, 16), 5, hidden=(4, 6), depth=3, kernel_size=4)
    for half in (encoder, decoder):
        kernels = [(m.kernel_size[0], m.stride[0]) for m in half.layers if hasattr(m, "kernel_size")]
        assert sorted(kernels) == [(3, 1)] * 4 + [(4, 2)] * 2


def test_a_spatial_code_comes_from_the_last_convolution_at_any_depth():
    options = {"hidden": (4, 6), "depth": 2, "code_multiplier": 2}
    code = ConvEncoder((1, 16, 16), None, output_activation="sigmoid", **options)(torch.randn(2, 1, 16, 16))
    assert code.shape == (2, 12, 4, 4)
    assert 0 < code.min() < code.max() < 1


def test_dropout_acts_in_training_only():
    encoder, _ = build_pair("conv", (1, 16, 16), 5, dropout=0.5)
    x = torch.rand(2, 1, 16, 16)
    assert not torch.equal(encoder(x), encoder(x))
    encoder.eval()
    assert torch.equal(encoder(x), encoder(x))


def test_channels_last_gives_the_same_numbers():
    encoder, decoder = build_pair("conv", (3, 21, 18), 5, normalization="group", depth=2)
    x = torch.rand(2, 3, 21, 18)
    expected = decoder(encoder(x))
    for half in (encoder, decoder):
        half.to(memory_format=torch.channels_last)
    torch.testing.assert_close(decoder(encoder(x.to(memory_format=torch.channels_last))), expected)


@pytest.mark.parametrize(("side", "stride", "most"), [(8, 2, 3), (9, 3, 2), (67, 2, 7), (64, 2, 6)])
def test_levels_end_where_nothing_is_left_to_reduce(side, stride, most):
    encoder = ConvEncoder((1, side, side), None, (2,) * most, stride=stride)
    assert encoder(torch.rand(1, 1, side, side)).shape[2:] == (1, 1)
    with pytest.raises(InputError, match=f"at most {most} entries"):
        ConvEncoder((1, side, side), None, (2,) * (most + 1), stride=stride)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_last_convolution_row_by_row_is_a_convolution(kernel: int, channels: int):
    decoder = ConvDecoder(None, (channels, 12, 9), (6, 4), kernel_size=kernel, output_conv=True)
    last = decoder.layers[-1]
    plain = torch.nn.Conv2d(6, channels, kernel, padding=kernel // 2)
    plain.load_state_dict(last.state_dict())
    x = torch.randn(3, 6, 12, 9).to(memory_format=torch.channels_last)
    one, two = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.testing.assert_close(last(one), plain(two))
    for module, seen in ((last, one), (plain, two)):
        module(seen).square().sum().backward()
    torch.testing.assert_close(one.grad, two.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(last.weight.grad, plain.weight.grad, rtol=1e-4, atol=1e-3)
