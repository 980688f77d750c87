"""The models that come with Latente: small, with a card, and better than what needs no model."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from latente import InputError, load_shipped
from latente.estimators.shipped import FOLDER, shipped_names
from latente.images.generated.drawing import package_folder
from latente.metrics import measure_luminance, psnr
from latente.resampling import enlarged, shrunk_picture

LARGER = {"sr-x2": 2, "sr-x4": 4}
MOST = 1_000_000  # bytes


@pytest.fixture(scope="module")
def unseen() -> np.ndarray:
    """A part (3, 160, 200) of a photograph from which no model learned."""
    with Image.open(package_folder("skimage") / "data" / "motorcycle_left.png") as picture:
        return np.moveaxis(np.asarray(picture), 2, 0)[:, 180:340, 200:400]


@pytest.mark.parametrize("name", shipped_names())
def test_a_model_is_small_and_tells_where_it_is_from(name: str) -> None:
    files = {path.suffix: path for path in (FOLDER / name).iterdir()}
    assert set(files) == {".json", ".safetensors", ".md"}
    assert sum(path.stat().st_size for path in files.values()) < MOST
    weights = load_file(files[".safetensors"])
    assert {tensor.dtype for tensor in weights.values()} == {np.dtype(np.float16)}
    card = files[".md"].read_text(encoding="utf-8")
    assert card.startswith(f"# {name}\n")
    assert f"python benchmarks/shipping.py {name}" in card
    assert "public domain" in card
    assert not re.search("t91|motorcycle|moon|page", card)
    assert "/tmp" not in files[".json"].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in shipped_names() if name in LARGER])
def test_an_unseen_photograph_is_enlarged_better_than_by_bicubic(name: str, unseen: np.ndarray) -> None:
    factor = LARGER[name]
    model = load_shipped(name)
    assert model.factor_ == factor
    assert {weight.dtype for weight in model.objective_.weights().values()} == {torch.float32}
    small = shrunk_picture(unseen, factor)
    simple = enlarged(torch.from_numpy(small[None].astype(np.float64)), factor)[0].round().clamp(0, 255).byte().numpy()
    made = model.restore(small[None])[0]
    gain = measure_luminance(unseen, made, factor)["psnr"] - measure_luminance(unseen, simple, factor)["psnr"]
    assert gain > {2: 1.5, 4: 0.7}[factor]


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_goes_from_an_unseen_photograph_in_colour_and_grey(channels: int, unseen: np.ndarray) -> None:
    model, clean = load_shipped("denoise"), unseen if channels == 3 else unseen[:1].repeat(3, axis=0)
    noise = np.random.default_rng(0).normal(0, 25, (channels, *unseen.shape[1:]))
    noisy = (clean + noise).round().clip(0, 255).astype(np.uint8)
    before, after = (
        float(psnr(clean[None], one[None], data_range=255)[0]) for one in (noisy, model.restore(noisy[None])[0])
    )
    assert after - before > {1: 6.0, 3: 8.0}[channels]


def test_another_name_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="sr-x2"):
        load_shipped("sr-x3")


@pytest.mark.parametrize("name", [name for name in shipped_names() if name in LARGER])
def test_the_card_states_what_set5_shows(name: str) -> None:
    factor, data = LARGER[name], os.environ.get("LATENTE_DATA")
    folder = Path(data or ".", "set5", f"x{factor}")
    if not folder.is_dir():
        pytest.skip("LATENTE_DATA holds no set5")
    model, figures = load_shipped(name), []
    for file in sorted(folder.glob("*_HR.png")):
        small, clean = (
            np.moveaxis(np.asarray(Image.open(path).convert("RGB")), 2, 0)
            for path in (file.with_name(file.name.replace("_HR", "_LR")), file)
        )
        made = model.restore(small[None])[0][:, : clean.shape[1], : clean.shape[2]]
        figures.append(measure_luminance(clean, made, factor)["psnr"])
    [stated] = re.findall(rf"\| Set5, x{factor} \| ([0-9.]+) dB", (FOLDER / name / "CARD.md").read_text("utf-8"))
    assert np.mean(figures) == pytest.approx(float(stated), abs=0.011)
