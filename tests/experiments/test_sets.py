"""The sets of the experiments: stood in for where they are missing, and what of them is held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente import InputError, open_images
from latente.experiments.sets import held_out, open_parts


def test_a_set_that_is_missing_is_stood_in_for_and_a_damaged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LATENTE_DATA", str(tmp_path))
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path / "cache"))
    opened = open_parts.__wrapped__  # each call anew
    train, test, line = opened("mnist", tiny=True)
    assert (len(train), len(test), train.pixels.shape[1:]) == (400, 400, (1, 28, 28))
    assert "stand in for mnist (mnist is not on this machine" in line
    (tmp_path / "mnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "mnist" / f"{name}-ubyte").write_bytes(b"damaged")
    with pytest.raises(InputError, match="train-images-idx3-ubyte"):
        opened("mnist", tiny=True)


def test_the_held_out_images_are_a_sixth_of_the_set_and_none_of_those_trained_on() -> None:
    images = open_images(np.arange(240, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8))
    kept, judges = held_out(images)
    assert len(judges) == 40
    assert sorted([*kept.pixels[:, 0, 0, 0], *judges.pixels[:, 0, 0, 0]]) == list(range(240))
