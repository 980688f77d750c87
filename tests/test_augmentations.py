"""Augmentations: the same draw for an image and its target, nothing but what they say, and all from one generator."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latente.augmentations import (
    Affine,
    Augmentation,
    Chain,
    Crop,
    Cutout,
    Flips,
    Shift,
    Tones,
    Turns,
    from_name,
    window_of,
)
from latente.errors import InputError

ALL = [
    "crop:6",
    "flips",
    "turns",
    "shift:3",
    "affine:shift=1:turn=20:scale=0.2:flip",
    "cutout:0.5",
    "tones",
    "crop:6,flips,turns",
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(count: int, channels: int = 1, height: int = 8, width: int = 8, k: int = 1) -> Tensor:
    """Images whose pixels all differ, so that each tells where it came from; k times as large by repetition."""
    x = torch.arange(count * channels * height * width, dtype=torch.float32).view(count, channels, height, width)
    return x.repeat_interleave(k, -1).repeat_interleave(k, -2)


def triple(count: int = 40, k: int = 1) -> dict[str, Tensor]:
    """Images, targets k times as large that show the same, and masks."""
    return {
        "images": numbered(count),
        "target": numbered(count, k=k),
        "mask": (numbered(count) % 3 == 0).to(torch.uint8),
        "label": torch.arange(count),
    }


@pytest.mark.parametrize("spelling", ALL)
def test_equal_states_of_the_generator_give_equal_batches(spelling: str) -> None:
    augmentation = from_name(spelling)
    first, second = generator(), generator()
    for _ in range(2):
        one, two = augmentation(triple(), first), augmentation(triple(), second)
        assert one.keys() == two.keys() == triple().keys()
        assert all(torch.equal(one[name], two[name]) for name in one)
    other = augmentation(triple(), generator(1))
    assert not torch.equal(one["images"], other["images"])
    assert torch.equal(one["label"], triple()["label"])


@pytest.mark.parametrize("spelling", ALL)
def test_the_batch_that_came_in_and_the_global_generator_stay_as_they_were(spelling: str) -> None:
    batch, state = triple(), torch.random.get_rng_state()
    from_name(spelling)(batch, generator())
    assert all(torch.equal(batch[name], value) for name, value in triple().items())
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("spelling", ["crop:6", "crop:5x7", "flips", "turns", "shift:3", "shift:2,crop:4,turns,flips"])
def test_a_target_k_times_as_large_goes_with_its_image(spelling: str, k: int) -> None:
    changed = from_name(spelling)(triple(k=k), generator())
    small = changed["target"][:, :, ::k, ::k]
    torch.testing.assert_close(small, changed["images"], rtol=0, atol=0)
    torch.testing.assert_close(
        changed["target"], small.repeat_interleave(k, -1).repeat_interleave(k, -2), rtol=0, atol=0
    )
    torch.testing.assert_close(changed["mask"], (changed["images"] % 3 == 0).to(torch.uint8), rtol=0, atol=0)


@pytest.mark.parametrize("spelling", ALL)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_dtype_and_memory_format_are_those_that_came_in(spelling: str, layout: torch.memory_format) -> None:
    x = torch.rand(4, 3, 8, 8).to(memory_format=layout)
    changed = from_name(spelling)({"images": x}, generator())["images"]
    assert changed.dtype == torch.float32
    assert changed.is_contiguous(memory_format=layout)
    plain = from_name(spelling)({"images": x.contiguous()}, generator())["images"]
    torch.testing.assert_close(changed, plain, rtol=1e-6, atol=1e-6)


def test_a_crop_is_a_window_and_every_corner_is_as_likely() -> None:
    x = numbered(6000, height=5, width=6)
    cut = Crop(3, 4)({"images": x}, generator())["images"]
    assert cut.shape == (6000, 1, 3, 4)
    corner = (cut[:, 0, 0, 0] - x[:, 0, 0, 0]).long()
    top, left = corner // 6, corner % 6
    windows = x.unfold(2, 3, 1).unfold(3, 4, 1)[torch.arange(6000), 0, top, left]
    torch.testing.assert_close(cut[:, 0], windows, rtol=0, atol=0)
    counts = torch.bincount(3 * top + left, minlength=9)
    assert len(counts) == 9
    assert (counts - 6000 / 9).abs().max() < 5 * math.sqrt(6000 * 8 / 81)


def test_a_crop_of_the_images_own_size_draws_nothing() -> None:
    draws = generator()
    state = draws.get_state()
    batch = Crop(8)(triple(), draws)
    assert torch.equal(batch["images"], triple()["images"])
    assert torch.equal(draws.get_state(), state)
    with pytest.raises(InputError, match="8 x 8 are smaller than the crop"):
        Crop(9)(triple(), draws)


def test_half_of_the_images_are_mirrored_left_for_right() -> None:
    x = numbered(4000, height=2, width=3)
    flipped = Flips()({"images": x}, generator())["images"]
    same = (flipped == x).flatten(1).all(1)
    torch.testing.assert_close(flipped[~same], x[~same].flip(-1), rtol=0, atol=0)
    assert abs(same.sum() - 2000) < 5 * math.sqrt(1000)


def test_quarter_turns_are_equally_frequent_and_what_is_no_square_turns_by_halves() -> None:
    x = numbered(4000, height=3, width=3)
    turned = Turns()({"images": x}, generator())["images"]
    quarters = [(turned == x.rot90(k, (-2, -1))).flatten(1).all(1) for k in range(4)]
    assert sum(quarters).eq(1).all()
    assert all(abs(quarter.sum() - 1000) < 5 * math.sqrt(750) for quarter in quarters)
    wide = numbered(100, height=3, width=4)
    turned = Turns()({"images": wide}, generator())["images"]
    assert all(torch.equal(a, b) or torch.equal(a, b.flip(-2, -1)) for a, b in zip(turned, wide, strict=True))


def test_a_shift_is_the_image_padded_by_its_edge_and_cut() -> None:
    x = numbered(300, height=6, width=5)
    shifted = Shift(2)({"images": x}, generator())["images"]
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")
    windows = padded.unfold(2, 6, 1).unfold(3, 5, 1)[:, 0].flatten(1, 2)  # (B, 25, 6, 5)
    match = (windows == shifted).flatten(2).all(2)
    assert match.any(1).all()
    assert match.any(0).all()


def test_a_cutout_hides_a_window_of_so_many_pixels_in_grey_and_nothing_of_the_target() -> None:
    batch = triple(400)
    changed = Cutout(0.5)(batch, generator())
    hidden = changed["images"] == 0.5
    assert torch.equal(changed["images"][~hidden], batch["images"][~hidden])
    assert torch.equal(changed["target"], batch["target"])
    sizes = hidden.sum((1, 2, 3))
    assert sizes.max() == 16  # 4x4 of 8x8
    assert sizes.min() >= 4  # with its centre at a corner
    assert hidden.any(0).all()


def test_tones_change_all_pixels_of_an_image_in_one_way_and_let_gradients_through() -> None:
    images = torch.rand(300, 3, 4, 5, generator=generator()).requires_grad_()
    changed = Tones()({"images": images}, generator())["images"]
    assert changed.min() >= 0
    assert changed.max() <= 1
    grey = torch.rand(300, 1, 4, 5, generator=generator()).mul(0.2).add(0.4)
    moved = Tones()({"images": grey}, generator())["images"] - grey
    assert moved.mean((1, 2, 3)).abs().max() <= 0.25 + 1e-6
    assert moved.mean((1, 2, 3)).std() == pytest.approx(0.5 / 12**0.5, rel=0.15)
    changed.sum().backward()
    assert images.grad is not None
    assert (images.grad != 0).any(0).all()


def test_an_affine_map_without_amounts_is_the_identity_and_shifts_by_whole_pixels() -> None:
    x = torch.rand(5, 2, 9, 11)
    torch.testing.assert_close(Affine().move(x, generator()), x, rtol=1e-5, atol=1e-5)
    moved = Affine(flip=True).move(x, generator())
    assert all(
        torch.allclose(a, b, atol=1e-5) or torch.allclose(a, b.flip(-1), atol=1e-5)
        for a, b in zip(moved, x, strict=True)
    )


def test_a_turn_stays_within_its_degrees() -> None:
    # a dot at distance 8 from the centre, above it
    x = torch.zeros(200, 1, 33, 33)
    x[:, :, 7:10, 15:18] = 1.0
    rows, columns = torch.meshgrid(torch.arange(33.0) - 16, torch.arange(33.0) - 16, indexing="ij")
    moved = Affine(turn=30).move(x, generator())[:, 0]
    weight = moved.sum((1, 2))
    angles = torch.rad2deg(torch.atan2((moved * columns).sum((1, 2)) / weight, -(moved * rows).sum((1, 2)) / weight))
    assert angles.abs().max() < 31
    assert angles.max() > 25
    assert angles.min() < -25


def test_affine_moves_image_and_target_alike_and_adds_noise_to_the_image_alone() -> None:
    x = torch.rand(6, 1, 12, 12)
    batch = {"images": x, "target": x.clone(), "mask": (x > 0.5).to(torch.uint8)}
    plain = Affine(shift=2, turn=15, scale=0.1)(batch, generator())
    torch.testing.assert_close(plain["images"], plain["target"])
    noisy = Affine(shift=2, turn=15, scale=0.1, noise=0.1)(batch, generator())
    torch.testing.assert_close(noisy["target"], plain["target"])
    assert (noisy["images"] - plain["images"]).std() == pytest.approx(0.1, rel=0.1)
    assert plain["mask"].dtype == torch.uint8
    assert set(plain["mask"].unique().tolist()) == {0, 1}


def test_affine_moves_a_batch_as_it_moves_its_images_and_all_alike_where_asked() -> None:
    x = torch.rand(6, 3, 10, 10)
    affine = Affine(shift=2, turn=10, scale=0.1, flip=True, noise=0.1)
    moved = affine.move(x, generator())
    torch.testing.assert_close(affine({"images": x}, generator())["images"], moved, rtol=0, atol=0)
    alike = affine.move(x[:1].expand(6, -1, -1, -1), generator(), shared=True)
    assert all(torch.allclose(one, alike[0], atol=1e-6) for one in alike)


@pytest.mark.parametrize(
    ("spelling", "augmentation"),
    [
        ("crop:64", Crop(64)),
        ("crop:48x64", Crop(48, 64)),
        ("flips", Flips()),
        ("turns", Turns()),
        ("shift:4", Shift(4)),
        ("cutout:0.5", Cutout(0.5)),
        ("tones", Tones()),
        ("affine", Affine()),
        ("affine:shift=2:turn=10:scale=0.1:flip:noise=0.05", Affine(2, 10, 0.1, True, 0.05)),
        ("crop:64,flips,turns", Chain((Crop(64), Flips(), Turns()))),
    ],
)
def test_a_name_is_read_and_written_alike(spelling: str, augmentation: Augmentation) -> None:
    assert from_name(spelling) == augmentation
    assert str(augmentation) == spelling


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("flop", "did you mean 'flips'"),
        ("crop", "must be spelt crop:64"),
        ("crop:1x2x3", "must be spelt crop:64"),
        ("crop:large", "must be spelt crop:64"),
        ("crop:0", "height must be"),
        ("crop:4x-1", "width must be"),
        ("flips:2", "must be spelt flips"),
        ("shift:1.5", "must be spelt shift:4"),
        ("shift:-1", "pixels must be"),
        ("cutout:0", "share must be"),
        ("tones:1", "must be spelt tones"),
        ("affine:turn", "must be spelt affine"),
        ("affine:tilt=3", "must be spelt affine"),
        ("affine:turn=-3", "turn must be"),
        ("crop:64,", "unknown augmentation"),
    ],
)
def test_a_wrong_name_is_one_line_that_says_what_is_right(spelling: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_name(spelling)
    assert "\n" not in str(caught.value)


def test_the_window_for_photographs_is_that_of_the_first_crop() -> None:
    assert window_of(None) is None
    assert window_of(Flips()) is None
    assert window_of(Crop(48, 64)) == (48, 64)
    assert window_of(from_name("flips,crop:32")) == (32, 32)


def test_rows_of_a_table_and_targets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="no neighbours"):
        Flips()({"images": torch.zeros(3, 4)}, generator())
    with pytest.raises(InputError, match="target of 9 x 8 is no whole multiple"):
        Flips()({"images": torch.zeros(3, 1, 4, 4), "target": torch.zeros(3, 1, 9, 8)}, generator())


def test_a_long_sequence_of_draws_goes_on_from_the_state_of_the_generator() -> None:
    augmentation = from_name("shift:1,crop:6,flips,turns")
    draws = generator()
    augmentation(triple(), draws)
    state = draws.get_state()
    expected = augmentation(triple(), draws)["images"]
    again = torch.Generator()
    again.set_state(state)
    np.testing.assert_array_equal(augmentation(triple(), again)["images"], expected)


def moved(x: torch.Tensor, **constants: float) -> torch.Tensor:
    return Affine(**constants)({"images": x}, torch.Generator().manual_seed(0))["images"]


def centres(x: torch.Tensor) -> np.ndarray:
    """Return the centres of brightness, (B, 2): row, column, from the image's own centre."""
    rows, columns = np.indices(x.shape[-2:]) - (np.array(x.shape[-2:])[:, None, None] - 1) / 2
    mass = x[:, 0].numpy()
    total = mass.sum(axis=(1, 2))
    return np.stack([(mass * place).sum(axis=(1, 2)) / total for place in (rows, columns)], axis=1)


def test_each_image_moves_as_far_as_it_says() -> None:
    x = torch.zeros(400, 1, 20, 28)
    x[:, :, 8:11, 16:19] = 1  # whose centre lies 0.5 above and 3.5 right of the image's
    assert torch.allclose(moved(x), x, atol=1e-6)
    away = centres(moved(x, shift=2.0)) - [-0.5, 3.5]
    assert np.abs(away).max() == pytest.approx(2, abs=0.02)
    assert np.abs(away.mean(axis=0)).max() < 0.2
    sides = centres(moved(x, flip=True))
    assert sides[:, 0] == pytest.approx(-0.5, abs=1e-4)
    assert np.abs(sides[:, 1]) == pytest.approx(3.5, abs=1e-4)
    assert 0.4 < (sides[:, 1] < 0).mean() < 0.6
    grown = centres(moved(x, scale=0.2))
    assert grown[:, 1].max() == pytest.approx(3.5 * np.exp(0.2), rel=0.03)
    assert grown[:, 1].min() == pytest.approx(3.5 * np.exp(-0.2), rel=0.03)


def test_each_image_turns_by_at_most_its_angle() -> None:
    x = torch.zeros(400, 1, 28, 28)
    x[:, :, 13:15, 20:22] = 1  # 7 right of the centre
    places = centres(moved(x, turn=30.0))
    angles = np.degrees(np.arctan2(places[:, 0], places[:, 1]))
    assert [angles.min(), angles.max()] == pytest.approx([-30, 30], abs=1)
    assert np.hypot(*places.T) == pytest.approx(7, abs=0.2)


def test_noise_has_the_stated_strength_and_is_shared_where_the_draw_is() -> None:
    x = torch.zeros(400, 1, 28, 28)
    x[:, :, 13:15, 20:22] = 1
    still, noisy = (Affine(shift=3.0, turn=20.0, noise=noise).move(x, generator()) for noise in (0.0, 0.1))
    assert float((noisy - still).std()) == pytest.approx(0.1, rel=0.02)
    alike = Affine(shift=3.0, turn=20.0, noise=0.1).move(x, generator(), shared=True)
    assert torch.equal(alike, alike[:1].expand_as(alike))
