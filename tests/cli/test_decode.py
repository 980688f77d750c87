"""`latente decode`: codes as images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Client = Callable[..., Any]


@pytest.fixture
def run(small_vae: Path) -> Path:
    return small_vae


def test_decode_of_the_codes_is_the_reconstruction(latente: Client, run: Path) -> None:
    latente("encode", run, "digits", "--count", 6, "--out", "codes.npz")
    latente("decode", run, "codes.npz", "--out", "decoded.npy")
    latente("reconstruct", run, "digits", "--count", 6, "--out", "reconstructed.npy")
    decoded, reconstructed = np.load("decoded.npy"), np.load("reconstructed.npy")
    assert decoded.dtype == np.uint8
    assert decoded.shape == (6, 1, 8, 8)
    np.testing.assert_array_equal(decoded, reconstructed)


def test_decoded_codes_keep_the_names_of_their_images(latente: Client, run: Path, pictures: Path) -> None:
    latente("encode", run, pictures, "--out", "codes.npz")
    latente("decode", run, "codes.npz", "--out", "out")
    assert (Path("out") / "dogs" / "3.png").exists()
