from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage, stats

from latente import resampling
from latente.corruptions import (
    Blur,
    BlurRange,
    Chain,
    Downscale,
    Flips,
    GaussianNoise,
    Jpeg,
    Masking,
    NoiseRange,
    Strokes,
    from_name,
)
from latente.errors import InputError

RANDOM = [GaussianNoise(0.2), GaussianNoise(0.2, clip=False), NoiseRange(0.05, 0.85), Flips(5), Masking(0.4)]
RANDOM_OF_IMAGES = [Strokes(2), BlurRange(0.5, 2.0), Chain((Blur(1.5), GaussianNoise(0.1)))]
IMAGES_ONLY = [*RANDOM_OF_IMAGES, Downscale(2), Blur(1.5), Jpeg(30)]
ALL = RANDOM + IMAGES_ONLY


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=seeded(1))


# what all promise


@pytest.mark.parametrize("corruption", ALL, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("shared", [False, True])
def test_shape_and_dtype_are_kept_and_the_input_is_left_alone(corruption, dtype, shared):
    x = images(4, 3, 9, 13).to(dtype)
    before = x.clone()
    worse = corruption(x, seeded(), shared)
    assert (worse.shape, worse.dtype) == (x.shape, x.dtype)
    assert torch.equal(x, before)
    assert not torch.equal(worse, x)


@pytest.mark.parametrize("corruption", ALL, ids=str)
def test_the_generator_alone_decides(corruption):
    x = images(4, 3, 9, 13)
    state = torch.get_rng_state()
    first, again, other = (corruption(x, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (corruption not in RANDOM + RANDOM_OF_IMAGES)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("corruption", RANDOM, ids=str)
def test_each_image_has_noise_of_its_own_unless_it_is_shared(corruption):
    x = images(1, 3, 9, 13).expand(4, -1, -1, -1)
    assert not torch.equal(*corruption(x, seeded())[:2])
    shared = corruption(x, seeded(), shared=True)
    assert torch.equal(shared, shared[:1].expand_as(shared))


@pytest.mark.parametrize("corruption", ALL, ids=str)
def test_shared_noise_makes_an_image_independent_of_batch_and_order(corruption):
    x = images(7, 3, 9, 13)
    whole = corruption(x, seeded(), shared=True)
    parts = torch.cat([corruption(part, seeded(), shared=True) for part in x.split(3)])
    backwards = corruption(x.flip(0), seeded(), shared=True).flip(0)
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(backwards, whole)
    if corruption in RANDOM:
        assert torch.equal(parts, whole)
        assert torch.equal(backwards, whole)


@pytest.mark.parametrize("corruption", ALL, ids=str)
def test_the_memory_layout_changes_no_number(corruption):
    x = images(4, 3, 9, 13)
    last = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(corruption(last, seeded()), corruption(x, seeded()))


@pytest.mark.parametrize("corruption", ALL, ids=str)
def test_a_training_in_bf16_meets_the_same_worse_images(corruption):
    x = images(4, 3, 9, 13)
    with torch.autocast("cpu", torch.bfloat16):
        within = corruption(x, seeded())
    assert torch.equal(within, corruption(x, seeded()))


@pytest.mark.parametrize("corruption", [c for c in ALL if c.name != "gaussian"], ids=str)
def test_scaled_images_stay_within_zero_and_one(corruption):
    worse = corruption((images(4, 3, 9, 13) > 0.5).float(), seeded())
    assert 0 <= worse.min() <= worse.max() <= 1 + 1e-6


@pytest.mark.parametrize("corruption", ALL, ids=str)
def test_rows_of_a_table_are_corrupted_where_that_makes_sense(corruption):
    x = images(4, 11)
    if corruption in IMAGES_ONLY:
        with pytest.raises(InputError, match="needs images"):
            corruption(x, seeded())
    else:
        assert corruption(x, seeded()).shape == x.shape


# what each does


@given(amount=st.floats(0.01, 2))
def test_gaussian_noise_has_mean_zero_and_the_stated_deviation(amount):
    x = torch.full((64, 1, 28, 28), 0.5)
    noise = (GaussianNoise(amount, clip=False)(x, seeded()) - x).flatten().double()
    n = noise.numel()
    assert abs(noise.mean()) < 4 * amount / math.sqrt(n)
    assert noise.std().item() == pytest.approx(amount, rel=4 / math.sqrt(2 * n))


def test_gaussian_noise_is_normal():
    noise = GaussianNoise(1.0, clip=False)(torch.zeros(20, 1, 32, 32), seeded())
    assert stats.kstest(noise.flatten().numpy(), "norm").pvalue > 0.01


def test_clipped_noise_piles_up_at_zero_and_one_with_the_mass_beyond():
    worse = GaussianNoise(0.5)(torch.full((64, 1, 28, 28), 0.25), seeded())
    assert (worse == 0).float().mean().item() == pytest.approx(stats.norm.cdf(-0.5), abs=0.01)
    assert (worse == 1).float().mean().item() == pytest.approx(stats.norm.cdf(-1.5), abs=0.01)


def test_noise_of_a_range_has_another_strength_for_each_image_weak_as_often_as_strong():
    x = torch.full((2000, 1, 8, 8), 0.5)
    spread = NoiseRange(0.02, 0.1)(x, seeded()).std(dim=(1, 2, 3))
    assert 0.01 < spread.min() < 0.03
    assert 0.09 < spread.max() < 0.14
    assert spread.mean() == pytest.approx(0.08 / math.log(5), rel=0.04)  # of log-uniform strengths


def test_no_noise_changes_nothing():
    x = images(2, 1, 8, 8)
    for nothing in (GaussianNoise(0.0), Flips(0), Masking(0.0)):
        assert torch.equal(nothing(x, seeded()), x)


@given(count=st.integers(0, 35), channels=st.integers(1, 3), shared=st.booleans())
def test_exactly_so_many_distinct_pixels_are_flipped_in_all_channels(count, channels, shared):
    x = images(5, channels, 7, 5)
    worse = Flips(count)(x, seeded(), shared)
    changed = worse != x
    assert (changed.sum(dim=(2, 3)) == count).all()
    assert torch.equal(changed, changed[:, :1].expand_as(changed))
    assert torch.equal(worse[changed], (1 - x)[changed])


def test_every_pixel_is_flipped_equally_often():
    worse = Flips(3)(torch.zeros(8000, 1, 4, 5), seeded())
    counts = worse.sum(dim=0).flatten().numpy()
    assert stats.chisquare(counts).pvalue > 0.01


def test_more_flips_than_pixels_are_refused():
    with pytest.raises(InputError, match=r"flips:36.*35 pixels"):
        Flips(36)(images(2, 3, 7, 5), seeded())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(200, 3, 12, 12), (200, 144)])
def test_the_stated_share_of_pixels_is_masked_in_all_channels(share, shape):
    x = images(*shape) + 1
    worse = Masking(share)(x, seeded())
    gone = worse == 0
    first = gone[:, :1] if gone.ndim == 4 else gone
    assert torch.equal(gone, first.expand_as(gone))
    assert torch.equal(worse[~gone], x[~gone])
    deviation = math.sqrt(share * (1 - share) / first.numel())
    assert first.double().mean().item() == pytest.approx(share, abs=4 * deviation)


def test_masking_everything_leaves_zeros():
    assert not Masking(1.0)(images(2, 1, 8, 8), seeded()).any()


def test_downscaling_keeps_constants_and_linear_ramps_inside():
    ramp = torch.arange(24.0).expand(1, 1, 16, 24) / 24
    worse = Downscale(2)(ramp, seeded())
    torch.testing.assert_close(worse[..., 6:-6], ramp[..., 6:-6], atol=1e-4, rtol=0)
    constant = torch.full((1, 2, 9, 14), 0.3)
    torch.testing.assert_close(Downscale(4)(constant, seeded()), constant)


@pytest.mark.parametrize("factor", [2, 3])
def test_downscaling_gives_a_restorer_the_small_picture_and_all_others_that_enlarged(factor):
    x = images(2, 1, 12, 20)
    small = Downscale(factor).degrade(x, seeded())
    torch.testing.assert_close(small, resampling.shrunk(x, factor).clamp(0, 1))
    large = resampling.enlarged(small, factor)[..., :12, :20].clamp(0, 1)
    torch.testing.assert_close(Downscale(factor)(x, seeded()), large)


def test_what_is_stored_is_whole_levels():
    small = 255 * Downscale(2).degrade(images(1, 3, 16, 16), seeded(), highest=255)
    torch.testing.assert_close(small, small.round(), atol=1e-4, rtol=0)


def test_a_chain_shrinks_by_the_product_and_meets_its_parts_in_order():
    x, chain = images(2, 3, 24, 24), from_name("blur:1,downscale:2,gaussian:0.1:free")
    assert (chain.shrinks_by, chain.degrade(x, seeded()).shape) == (2, (2, 3, 12, 12))
    by_hand = GaussianNoise(0.1, clip=False)(Downscale(2).degrade(Blur(1.0)(x, seeded()), seeded()), seeded())
    torch.testing.assert_close(chain.degrade(x, seeded()), by_hand)


def test_strokes_hide_what_lies_within_half_their_breadth_in_all_channels():
    x = torch.ones(64, 3, 40, 60)
    worse = Strokes(1)(x, seeded())
    assert set(worse.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(worse[:, 0], worse[:, 2])
    sizes = (worse[:, 0] == 0).sum((1, 2))
    assert 1 <= sizes.min() < 20  # of a point as broad as a pixel
    assert sizes.max() <= 7 * 20 + 49  # of a line of half of the shorter side, 7 broad, with round ends


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_jpeg_is_what_pillow_reads_again(channels):
    x = (255 * images(2, channels, 16, 24)).round() / 255
    worse = Jpeg(20)(x, seeded())
    pixels = (255 * x[1]).round().byte().numpy()
    picture = Image.fromarray(pixels.transpose(1, 2, 0) if channels == 3 else pixels[0])
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=20)
    expected = np.asarray(Image.open(buffer), np.float32) / 255
    found = worse[1].permute(1, 2, 0) if channels == 3 else worse[1, 0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_downscaling_beyond_the_image_is_refused():
    with pytest.raises(InputError, match=r"downscale:10.*9 x 13"):
        Downscale(10)(images(1, 1, 9, 13), seeded())


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 20.0])
@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (1, 3, 21, 34)])
def test_blur_is_that_of_scipy(sigma, shape):
    x = images(*shape).double()
    radius = math.ceil(4 * sigma)
    expected = ndimage.gaussian_filter(x.numpy(), sigma, mode="nearest", radius=radius, axes=(2, 3))
    np.testing.assert_allclose(Blur(sigma)(x, seeded()).numpy(), expected, atol=1e-12)


def test_a_range_of_blurs_blurs_each_image_by_another_sigma():
    x = images(1, 1, 40, 40).expand(64, -1, -1, -1)
    deviations = BlurRange(0.5, 3.0)(x, seeded()).std((1, 2, 3))
    ends = [Blur(sigma)(x[:1], seeded()).std() for sigma in (0.5, 3.0)]
    assert ends[1] < deviations.min() < deviations.max() < ends[0]
    assert len(deviations.unique()) == 64


# names


@pytest.mark.parametrize("corruption", ALL, ids=str)
def test_names_go_round(corruption):
    assert from_name(str(corruption)) == corruption


@given(amount=st.floats(0, 1000))
def test_any_amount_goes_round(amount):
    assert from_name(str(GaussianNoise(amount))) == GaussianNoise(amount)


def test_names_are_spelt_as_on_the_command_line():
    assert [str(corruption) for corruption in ALL] == [
        "gaussian:0.2",
        "gaussian:0.2:free",
        "gaussian:0.05:0.85",
        "flips:5",
        "mask:0.4",
        "strokes:2",
        "blur:0.5:2.0",
        "blur:1.5,gaussian:0.1",
        "downscale:2",
        "blur:1.5",
        "jpeg:30",
    ]
    assert from_name("gaussian:0.05:0.2:free") == NoiseRange(0.05, 0.2, clip=False)
    assert str(GaussianNoise(np.float64(0.2))) == "gaussian:0.2"


@pytest.mark.parametrize(
    ("spelling", "words"),
    [
        ("gausian:0.2", "did you mean 'gaussian'"),
        ("", "unknown corruption"),
        ("gaussian", "gaussian:NUMBER"),
        ("gaussian:0.2:fre", "'fre' is not a number"),
        ("gaussian:0.2:0.1", "high must be a number from 0.2"),
        ("gaussian:0:0.1", "low must be a number from 1e-06"),
        ("gaussian:0.1:0.2:0.3", "gaussian:NUMBER"),
        ("mask:0.2:free", "mask:NUMBER"),
        ("gaussian:much", "'much' is not a number"),
        ("flips:2.5", "'2.5' is not a whole number"),
        ("gaussian:-0.1", "amount must be a number from 0"),
        ("gaussian:nan", "amount"),
        ("gaussian:inf", "amount"),
        ("flips:-1", "count must be a whole number from 0"),
        ("mask:1.1", "share must be a number from 0 to 1"),
        ("downscale:1", "factor must be a whole number from 2"),
        ("blur:0", "sigma must be a number from 0.01 to 100"),
        ("blur:101", "sigma"),
        ("blur:2:1", "high must be a number from 2"),
        ("jpeg:96", "quality must be a whole number from 1 to 95"),
        ("strokes:0", "count"),
        ("blur:1,", "unknown corruption"),
        ("blur:1:free", "'free' is not a number"),
    ],
)
def test_wrong_spellings_and_values_are_named_in_one_line(spelling, words):
    with pytest.raises(InputError, match=words) as caught:
        from_name(spelling)
    assert "\n" not in str(caught.value)
