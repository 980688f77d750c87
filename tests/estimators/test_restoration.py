"""Restorers: what they learn from, what they make of pictures of any size, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from latente import (
    Deblurrer,
    Denoiser,
    Images,
    Inpainter,
    InputError,
    Restorer,
    SuperResolver,
    load,
    resume,
)
from latente.corruptions import Downscale
from latente.images import Photographs, Scaling
from latente.metrics import psnr
from latente.resampling import shrunk_picture

SHORT: dict[str, Any] = {"epochs": 1, "batch_size": 4, "random_state": 0, "threads": 1, "verbose": False, "width": 6}
SHORT |= {"depth": 1, "learning_rate": 3e-3, "augmentation": "crop:16,flips"}


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 20)


def scenes(*sizes: tuple[int, int], channels: int = 3) -> list[np.ndarray]:
    """Return smooth pictures with an edge, (C, H, W) uint8, of so many pixels."""
    pictures = []
    for number, (height, width) in enumerate(sizes):
        rows, columns = np.mgrid[:height, :width]
        wave = np.sin(rows / (3 + number)) + np.cos(columns / 4) + 2 * (columns > width / 2)
        pictures.append(np.stack([40 + 40 * wave + 10 * c for c in range(channels)]).clip(0, 255).astype(np.uint8))
    return pictures


def photographs(*sizes: tuple[int, int], channels: int = 3) -> Images:
    return Images(Photographs.of(scenes(*(sizes or ((40, 30), (24, 51), (33, 33))), channels=channels)), name="scenes")


@pytest.fixture(scope="module")
def enlarger() -> Restorer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latente.objectives.RestorationObjective.epoch_steps", 20)
        return SuperResolver(2, **SHORT).fit(photographs())


@pytest.fixture(scope="module")
def inpainter() -> Restorer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latente.objectives.RestorationObjective.epoch_steps", 20)
        return Inpainter(0.5, **SHORT).fit(photographs())


# what it learns from


def test_the_named_ones_are_restorers_of_a_corruption() -> None:
    made = {
        "downscale:3": SuperResolver(3),
        "blur:1.5": Deblurrer(),
        "mask:0.5": Inpainter(),
        "strokes:4": Inpainter("strokes:4"),
    }
    assert {name: model.corruption for name, model in made.items()} == {name: name for name in made}
    assert Denoiser(25).corruption == f"gaussian:{25 / 255}:free"
    assert Denoiser().corruption == f"gaussian:{2 / 255}:{60 / 255}:free"
    with pytest.raises(InputError, match="'blind', not 'blnd'"):
        Denoiser("blnd")


@pytest.mark.parametrize("network", ["residual", "shuffle", "unet"])
def test_each_network_learns_to_undo_what_it_was_told(network: str) -> None:
    model = Denoiser(40, network=network, **SHORT).fit(photographs())
    figures = model.evaluate(photographs())
    assert figures["count"] == 3
    assert figures["psnr"] > figures["input_psnr"] + 0.5


def test_pairs_tell_by_how_much_it_enlarges() -> None:
    clean = np.stack(scenes(*[(32, 48)] * 6))
    small = shrunk_picture(clean, 2)
    model = Restorer(**SHORT).fit(Images(small, {"target": clean}))
    assert model.factor_ == 2
    assert model.restore(small).shape == clean.shape
    assert model.evaluate(Images(small, {"target": clean}))["psnr"] > 20


def test_a_blind_denoiser_has_no_biases_and_one_of_known_noise_has() -> None:
    blind, known = (Denoiser(sigma, **SHORT).initialise(photographs()) for sigma in ("blind", 25))
    names = [[name for name, _ in model.objective_.named_parameters()] for model in (blind, known)]
    assert not any(name.endswith("bias") for name in names[0])
    assert any(name.endswith("bias") for name in names[1])


def test_a_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    source = tmp_path / "pictures.npy"
    np.save(source, np.stack(scenes(*[(24, 24)] * 5)).transpose(0, 2, 3, 1))
    options = {**SHORT, "schedule": "constant"}
    whole = SuperResolver(2, **{**options, "epochs": 2}).fit(source)
    SuperResolver(2, **options, out=tmp_path / "run").fit(source)
    parts = resume(tmp_path / "run", epochs=2)
    weights = parts.objective_.weights()
    assert all(torch.equal(value, weights[name]) for name, value in whole.objective_.weights().items())


# using it


def test_pictures_of_any_size_come_back_at_their_size_times_the_factor_in_their_dtype(enlarger: Restorer) -> None:
    sizes = [(5, 9), (1, 1), (40, 17)]
    restored = enlarger.restore(photographs(*sizes))
    assert isinstance(restored, list)
    assert [picture.shape for picture in restored] == [(3, 2 * height, 2 * width) for height, width in sizes]
    assert {picture.dtype for picture in restored} == {np.dtype(np.uint8)}


def test_tiles_are_no_other_than_the_whole(enlarger: Restorer) -> None:
    picture = photographs((150, 90))
    whole, parts = enlarger.restore(picture)[0], enlarger.restore(picture, tile=32)[0]
    assert np.abs(whole.astype(int) - parts).max() <= 1


def test_out_of_memory_makes_smaller_tiles(enlarger: Restorer, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, expected, sides = photographs((150, 90)), enlarger.restore(photographs((150, 90)))[0], []
    restore = enlarger.objective_.restore

    def crowded(x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        sides.append(max(x.shape[2:]))
        if sides[-1] > 100:
            raise MemoryError
        return restore(x, hidden)

    monkeypatch.setattr(enlarger.objective_, "restore", crowded)
    assert np.abs(enlarger.restore(picture)[0].astype(int) - expected).max() <= 1
    assert sides[0] == 150
    assert sides[-1] <= 100


def test_a_self_ensemble_is_the_mean_over_turns_and_mirror_images(enlarger: Restorer) -> None:
    x = torch.rand(1, 3, 12, 17)
    made = []
    for turn in range(4):
        for flip in (False, True):
            turned = x.rot90(turn, (2, 3)).flip(3) if flip else x.rot90(turn, (2, 3))
            back = enlarger.objective_.restore(turned).detach()
            made.append((back.flip(3) if flip else back).rot90(-turn, (2, 3)))
    mean = torch.stack(made).mean(0)
    picture = (255 * x[0]).round().byte().numpy()
    together = enlarger.restore(Images(Photographs.of([picture])), self_ensemble=True)[0]
    assert np.abs(together - 255 * mean[0].numpy()).max() < 2
    alone = enlarger.restore(Images(Photographs.of([picture])))[0]
    assert not np.array_equal(together, alone)


@pytest.mark.parametrize("network", ["residual", "shuffle"])
def test_a_self_ensemble_in_tiles_is_that_of_the_whole(network: str) -> None:
    model = Denoiser(40, network=network, **SHORT).fit(photographs())
    picture = photographs((71, 53)).content[0]
    whole = model.restore_picture(picture, self_ensemble=True)
    parts = model.restore_picture(picture, self_ensemble=True, tile=32)
    assert whole.shape == picture.shape
    assert np.abs(whole.astype(int) - parts).max() <= 1


def test_a_picture_of_other_units_is_not_rounded_to_those_of_the_training(enlarger: Restorer) -> None:
    picture = photographs((20, 30)).content[0]
    deep = picture.astype(np.uint16) * 257
    units = Scaling((0.0,), (65535.0,), "uint16", True)
    made, plain = enlarger.restore_picture(deep, units), enlarger.restore_picture(picture)
    assert made.dtype == np.uint16
    assert np.abs(made / 257 - plain).max() <= 0.5 + 1 / 257
    assert len(np.unique(made)) > len(np.unique(plain))


def test_progress_is_told_tile_by_tile(enlarger: Restorer) -> None:
    parts: list[float] = []
    enlarger.restore_picture(photographs((60, 90)).content[0], tile=32, tell=parts.append)
    assert parts == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])


def test_an_inpainter_leaves_what_is_known_as_it_was(inpainter: Restorer) -> None:
    pictures = np.stack(scenes((20, 30), (20, 30)))
    mask = np.zeros((20, 30), bool)
    mask[5:9, 3:20] = True
    spoilt = np.where(mask, 0, pictures).astype(np.uint8)
    restored = inpainter.restore(spoilt, mask=mask)
    assert np.array_equal(restored[..., ~mask], pictures[..., ~mask])
    assert restored[..., mask].mean() > 20
    other = np.where(mask, 255, pictures).astype(np.uint8)  # what stands in the gap is not looked at
    assert np.array_equal(inpainter.restore(other, mask=mask), restored)


def test_a_model_from_disk_restores_alike(enlarger: Restorer, tmp_path: Path) -> None:
    picture = photographs((20, 30))
    loaded = load(enlarger.save(tmp_path))
    assert (loaded.factor_, loaded.corruption) == (2, "downscale:2")
    assert np.array_equal(loaded.restore(picture)[0], enlarger.restore(picture)[0])


def test_small_pictures_of_a_folder_are_enlarged_as_they_are(enlarger: Restorer, tmp_path: Path) -> None:
    from PIL import Image

    for number, picture in enumerate(scenes((40, 30), (100, 80))):
        Image.fromarray(picture.transpose(1, 2, 0)).save(tmp_path / f"{number}.png")
    assert [one.shape for one in enlarger.restore(tmp_path)] == [(3, 80, 60), (3, 200, 160)]


def test_an_own_module_is_given_whole_pictures_and_its_sides_are_checked() -> None:
    network = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))
    model = SuperResolver(2, **{**SHORT, "network": network}).fit(photographs())
    assert model.restore(photographs((30, 20)))[0].shape == (3, 60, 40)
    with pytest.raises(InputError, match="makes 3x8x8 of images 3x8x8; this model needs 3x16x16"):
        SuperResolver(2, **{**SHORT, "network": nn.Conv2d(3, 3, 1)}).fit(photographs())


def test_what_it_is_given_is_the_small_picture_in_whole_levels() -> None:
    model = SuperResolver(2, **SHORT).initialise(photographs())
    x = torch.rand(2, 3, 16, 16)
    worse, hidden = model.objective_.worsen(x, torch.Generator(), False)
    torch.testing.assert_close(worse, Downscale(2).degrade(x, torch.Generator(), highest=255))
    assert hidden is None
    torch.testing.assert_close(255 * worse, (255 * worse).round(), atol=1e-4, rtol=0)


def test_traces_of_jpeg_are_unlearned_in_any_number_of_channels() -> None:
    model = Restorer(**SHORT, corruption="jpeg:20").fit(photographs(channels=5))
    assert model.restore(photographs((30, 20), channels=5))[0].shape == (5, 30, 20)


def test_bicubic_is_the_figure_that_stands_beside_an_untrained_one() -> None:
    pictures = np.stack(scenes((32, 48), (32, 48)))
    model = SuperResolver(2, **SHORT).initialise(pictures.transpose(0, 2, 3, 1))
    figures = model.evaluate(pictures.transpose(0, 2, 3, 1))
    assert figures["psnr"] == pytest.approx(figures["input_psnr"], abs=0.05)  # of which one is not clipped
    restored = model.restore(shrunk_picture(pictures, 2).transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert psnr(pictures, restored, data_range=255).mean() == pytest.approx(figures["psnr"], abs=0.1)


def test_pairs_are_judged_as_they_are_by_whatever_was_trained_on_a_corruption(enlarger: Restorer) -> None:
    clean = np.stack(scenes((32, 48), (32, 48)))
    own = enlarger.evaluate(Images(clean))
    pairs = enlarger.evaluate(Images(shrunk_picture(clean, 2), {"target": clean}))
    assert pairs["psnr"] == pytest.approx(own["psnr"], abs=0.01)
    assert pairs["input_psnr"] == pytest.approx(own["input_psnr"], abs=0.01)


# what it refuses


@pytest.mark.parametrize(
    ("options", "images", "words"),
    [
        ({}, photographs(), "has no targets to learn from: give pairs, or say .* corruption"),
        (
            {"corruption": "blur:1"},
            Images(np.zeros((4, 3, 16, 16), np.uint8), {"target": np.zeros((4, 3, 16, 16), np.uint8)}),
            "leave one out",
        ),
        (
            {},
            Images(np.zeros((4, 3, 16, 16), np.uint8), {"target": np.zeros((4, 3, 24, 32), np.uint8)}),
            "larger by one whole factor",
        ),
        ({"corruption": "downscale:3"}, photographs(), "crops of 16x16 pixels cannot be shrunk by 3"),
        ({"corruption": "blur:1"}, np.zeros((4, 9)), "Restorer needs pictures"),
        ({"corruption": "blur:1", "network": "unt"}, photographs(), "did you mean 'unet'"),
    ],
)
def test_what_cannot_be_learned_from_is_one_clear_line(options: dict[str, Any], images: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        Restorer(**{**SHORT, **options}).fit(images)
    assert "\n" not in str(caught.value)


def test_what_it_cannot_be_judged_by_is_one_clear_line(enlarger: Restorer, inpainter: Restorer) -> None:
    clean = np.stack(scenes((32, 48), (32, 48)))
    with pytest.raises(InputError, match="are 1 times as large as the images; this model enlarges by 2"):
        enlarger.evaluate(Images(clean, {"target": clean}))
    with pytest.raises(InputError, match="is judged on what it hides itself: give clean pictures, not pairs"):
        inpainter.evaluate(Images(clean, {"target": clean}))
    learner = Restorer(**SHORT).initialise(Images(shrunk_picture(clean, 2), {"target": clean}))
    with pytest.raises(InputError, match="has no targets to judge by: give pairs"):
        learner.evaluate(Images(clean))


def test_masks_that_do_not_fit_are_named(inpainter: Restorer, enlarger: Restorer) -> None:
    pictures = np.stack(scenes((20, 30), (20, 30)))
    with pytest.raises(InputError, match="give this inpainter a mask"):
        inpainter.restore(pictures)
    with pytest.raises(InputError, match=r"the mask of #0 is 30x20, the picture 20x30"):
        inpainter.restore(pictures, mask=np.zeros((30, 20)))
    with pytest.raises(InputError, match="3 masks for 2 pictures"):
        inpainter.restore(pictures, mask=np.zeros((3, 20, 30)))
    with pytest.raises(InputError, match="'downscale:2' hides nothing"):
        enlarger.restore(pictures, mask=np.zeros((20, 30)))
    with pytest.raises(InputError, match="has 1 channels, the model's images 3"):
        enlarger.restore(photographs((20, 30), channels=1))
