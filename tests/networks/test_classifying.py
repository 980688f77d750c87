"""What a classifier sees images by has the layers that its options say, for images of any size."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from latente.errors import InputError
from latente.networks import ConvClassifierEncoder, DenseClassifierEncoder

REPORT = {"dense": (64,), "kernel_size": (7, 5), "depth": 2, "dropout": 0.3}  # of the plates


def test_levels_keep_the_sides_then_divide_them_and_drop_at_their_end() -> None:
    layers = ConvClassifierEncoder((1, 51, 71), (32, 64), **REPORT).layers
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, *layer.kernel_size, *layer.stride) for layer in convolutions] == [
        (32, 7, 7, 1, 1),
        (32, 7, 7, 2, 2),
        (64, 5, 5, 1, 1),
        (64, 5, 5, 2, 2),
    ]
    kinds = [type(layer).__name__ for layer in layers]
    level = ["Conv2d", "ReLU", "Conv2d", "ReLU", "Dropout"]
    assert kinds == [*level, *level, "Flatten", "Linear", "ReLU", "Dropout"]
    assert layers[-3].in_features == 64 * 13 * 18


@pytest.mark.parametrize(("pooling", "kind"), [("max", nn.MaxPool2d), ("average", nn.AvgPool2d)])
def test_a_level_may_end_by_pooling_after_its_activation(pooling: str, kind: type[nn.Module]) -> None:
    layers = ConvClassifierEncoder((1, 9, 13), (4, 6), dense=(5,), depth=1, pooling=pooling, dropout=0.3).layers
    level = [nn.Conv2d, nn.ReLU, kind, nn.Dropout]  # dropped before, the largest of four would be larger in training
    assert [type(layer) for layer in layers] == [*level, *level, nn.Flatten, nn.Linear, nn.ReLU, nn.Dropout]
    assert layers[0].stride == (1, 1)
    assert layers[9].in_features == 6 * 3 * 4
    with pytest.raises(InputError, match="unknown pooling 'median'"):
        ConvClassifierEncoder((1, 9, 13), (4,), pooling="median")


@given(
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    channels=st.integers(1, 4),
    kernel=st.integers(2, 7),
    stride=st.integers(1, 2),
    depth=st.integers(1, 3),
    dense=st.sampled_from([(), (3,), (4, 2)]),
    pooling=st.sampled_from([None, "max", "average"]),
)
def test_any_image_has_a_code(height, width, channels, kernel, stride, depth, dense, pooling) -> None:
    options = {"kernel_size": (kernel,), "stride": stride, "depth": depth, "dense": dense, "pooling": pooling}
    code = ConvClassifierEncoder((channels, height, width), (3, 2), **options)(torch.rand(2, channels, height, width))
    assert code.ndim == 2
    assert not dense or code.shape == (2, dense[-1])


def test_dense_layers_take_tables_and_images_and_each_drops() -> None:
    for shape in ((12,), (3, 2, 2)):
        encoder = DenseClassifierEncoder(shape, (5, 4), dropout=0.3)
        assert encoder(torch.rand(2, *shape)).shape == (2, 4)
        assert sum(isinstance(layer, nn.Dropout) for layer in encoder.layers) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": ()}, "hidden"),
        ({"kernel_size": (3, 3, 3)}, r"kernel_size=\(3, 3, 3\) is for 3 levels, and hidden has 2"),
        ({"kernel_size": (3, 1)}, "kernel_size=1 would skip pixels with stride=2"),
        ({"hidden": (2,) * 6}, "give hidden at most 5 entries"),
        ({"dense": (0,)}, "every width"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ConvClassifierEncoder((1, 20, 20), **{"hidden": (2, 2), **options})
