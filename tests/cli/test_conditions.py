"""Images with the numbers beside them on the command line: chosen from a table, learned, and written beside images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Client = Callable[..., Any]
SMALL = ("--latent-dim", 2, "--hidden", 16, "--network", "dense", "--epochs", 2, "--seed", 0, "--prior", "normal")


@pytest.fixture
def parts() -> Path:
    """A folder of pictures, with a table beside it that says of each load and temperature."""
    folder, rng = Path("parts"), np.random.default_rng(0)
    folder.mkdir()
    lines = ["file,load,temperature"]
    for k in range(40):
        Image.fromarray(rng.integers(0, 256, (10, 12), dtype=np.uint8)).save(folder / f"{k:02}.png")
        lines.append(f"{k:02}.png,{0.5 + k},{300 - 2.5 * k}")
    Path("measured.csv").write_text("\n".join(lines))
    return folder


def test_columns_of_a_table_are_learned_and_come_back_beside_the_images(latente: Client, parts: Path) -> None:
    chosen = ("--labels", "measured.csv", "--condition-columns", "temperature,load")
    latente("fit", parts, *chosen, "--model", "vae", "--condition", "joint", *SMALL, "--no-report", "--out", "run")
    latente("sample", "run", "-n", 4, "--seed", 0, "--out", "new")
    lines = (Path("new") / "conditions.csv").read_text("utf-8").splitlines()
    assert lines[0] == "image,temperature,load"
    assert len(lines) == 5
    assert len(list(Path("new").glob("*.png"))) == 4
    # the columns of the same table are looked up again
    assert latente("reconstruct", "run", parts, "--samples", 2, "--out", "rebuilt.npz").code == 0
    with np.load("rebuilt.npz") as made:
        assert made["conditions"].shape == (40, 2)
    refused = latente("compare-pca", "run", "--out", "pca.png")
    assert refused.code == 2
    assert "conditions" in refused.err


def test_a_condition_that_is_given_may_be_asked_for(latente: Client, parts: Path) -> None:
    chosen = ("--labels", "measured.csv", "--condition-columns", "load")
    latente("fit", parts, *chosen, "--model", "vae", "--condition", "given", *SMALL, "--no-report", "--out", "run")
    latente("sample", "run", "-n", 3, "--condition", "7.5", "--out", "new.npz")
    with np.load("new.npz") as made:
        assert made["images"].shape == (3, 1, 10, 12)
        np.testing.assert_array_equal(made["conditions"], [[7.5]] * 3)
    np.save("codes.npy", np.zeros((2, 2), np.float32))
    latente("decode", "run", "codes.npy", "--condition", "3", "--out", "decoded.png")
    assert Path("decoded-conditions.csv").read_text("utf-8").splitlines() == ["image,load", "1,3", "2,3"]
    refused = latente("sample", "run", "--within", "load=1..2", "--out", "others.npz")
    assert refused.code == 2
    assert "condition='joint'" in refused.err
