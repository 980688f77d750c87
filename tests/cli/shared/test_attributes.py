"""Attributes of images by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from latente import Images, InputError
from latente.cli.shared import attributes

Client = Callable[..., Any]


def test_attributes_are_columns_conditions_and_classes_and_unknown_ones_are_nan() -> None:
    images = Images(
        np.zeros((4, 1, 8, 8), np.uint8),
        {
            "label": np.array([0, 1, -1, 1]),
            "attributes": np.array([[1, -1], [-1, 1], [1, 1], [-1, -1]], np.int8),
            "condition": np.array([[0.1], [0.2], [0.3], [0.4]], np.float32),
        },
        attribute_names=("Hat", "smile"),
        condition_names=("smile", "age"),
    )
    for name, spelt, values in [
        ("hat", "Hat", [1, -1, 1, -1]),
        ("smile", "smile", [-1, 1, 1, -1]),  # the attribute comes before the condition of that name
        ("1", "1", [0, 1, np.nan, 1]),
    ]:
        found = attributes.values_of(images, name)
        assert found[0] == spelt
        np.testing.assert_array_equal(found[1], values)
    named = dataclasses.replace(images, condition_names=("age",), label_names=("AGE", "age"))
    np.testing.assert_allclose(attributes.values_of(named, "age")[1], [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(InputError, match="known: AGE, Hat, age, smile"):
        attributes.values_of(named, "Age")
