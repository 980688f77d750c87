"""The plates: their modes are those of theory, the index sees damage whatever the mesh, and the columns tell of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import eigh

from latente.errors import InputError
from latente.images import Images, open_images
from latente.images.generated import GENERATED
from latente.images.generated.plates import NODES, SECTION
from latente.images.generated.plates_damage import (
    HEIGHT,
    STIFFNESS_SCATTER,
    WIDTH,
    Damage,
    Plate,
    draw_plate,
    share_range,
)
from latente.images.generated.plates_elements import Mesh, Section, sandwich
from latente.images.generated.plates_index import damage_index, noisy

MODULE = sys.modules[GENERATED["plates"].__module__]
SIDES = (HEIGHT, WIDTH)
MESH = (NODES[0] - 1, NODES[1] - 1)


def frequencies(section: Section, elements: tuple[int, int], count: int) -> np.ndarray:
    return Mesh(section, SIDES, elements).modes(np.ones(elements), np.ones(elements), count)[0]


def kirchhoff(section: Section, count: int) -> np.ndarray:
    """Frequencies of a thin plate, Leissa 1969, eq. 4.20: the waves fit into both sides."""
    waves = [(m / WIDTH) ** 2 + (n / HEIGHT) ** 2 for m in range(1, 9) for n in range(1, 9)]
    return np.sort(waves)[:count] * np.pi / 2 * np.sqrt(section.bending / section.mass)


def mindlin(section: Section, count: int) -> np.ndarray:
    """Frequencies of a plate that shears (Mindlin 1951), of Navier's waves w = sin sin, bx = cos sin, by = sin cos."""
    found = []
    (sx, sy), d, nu = section.shear, section.bending, section.poisson
    for p in np.arange(1, 9) * np.pi / WIDTH:
        for q in np.arange(1, 9) * np.pi / HEIGHT:
            stiffness = [
                [sx * p * p + sy * q * q, sx * p, sy * q],
                [sx * p, d * (p * p + (1 - nu) / 2 * q * q) + sx, d * (1 + nu) / 2 * p * q],
                [sy * q, d * (1 + nu) / 2 * p * q, d * (q * q + (1 - nu) / 2 * p * p) + sy],
            ]
            mass = np.diag([section.mass, section.rotary, section.rotary])
            found.append(np.sqrt(eigh(stiffness, mass, eigvals_only=True)[0]) / (2 * np.pi))
    return np.sort(found)[:count]


def thin(thickness: float = 1e-3) -> Section:
    """A plate of one material, 700 times wider than thick: what locks under shear does so here."""
    shear = 5 / 6 * 60e9 / 2.6 * thickness
    bending = 60e9 * thickness**3 / 12 / (1 - 0.3**2)
    return Section(bending, 0.3, (shear, shear), 1600 * thickness, 1600 * thickness**3 / 12)


def test_a_thin_plate_swings_at_the_exact_frequencies_and_the_error_falls_with_the_square_of_the_mesh() -> None:
    exact = kirchhoff(thin(), 6)
    errors = [np.abs(frequencies(thin(), mesh, 6) / exact - 1) for mesh in ((10, 14), (20, 28), MESH)]
    assert errors[-1].max() < 0.005
    order = np.log2(errors[0].max() / errors[1].max())
    assert 1.8 < order < 2.2


def test_the_sandwich_swings_at_the_exact_frequencies_of_a_plate_that_shears() -> None:
    assert np.abs(frequencies(SECTION, MESH, 10) / mindlin(SECTION, 10) - 1).max() < 0.003
    # what shear takes away is no small matter: without it the highest of the ten would be far off
    assert np.abs(kirchhoff(SECTION, 10) / mindlin(SECTION, 10) - 1).max() > 0.1


def test_the_sections_of_a_sandwich_are_those_of_its_layers() -> None:
    section = sandwich(
        skin=1e-3,
        core=8e-3,
        modulus=70e9,
        poisson=0.25,
        shear_moduli=(50e6, 30e6),
        skin_density=2_000,
        core_density=100,
    )
    z = (np.arange(100_000) + 0.5) / 100_000 * 5e-3  # from the middle to a face
    in_skin = z > 4e-3
    assert section.bending == pytest.approx(2 * np.mean(z**2 * in_skin) * 5e-3 * 70e9 / (1 - 0.25**2), rel=1e-4)
    assert section.rotary == pytest.approx(2 * np.mean(z**2 * np.where(in_skin, 2_000, 100)) * 5e-3, rel=1e-4)
    assert section.mass == pytest.approx(2 * 2 + 0.8)
    assert section.shear == pytest.approx((50e6 * 9e-3**2 / 8e-3, 30e6 * 9e-3**2 / 8e-3))


def damaged(share: float = 0.1, seed: int = 3) -> Plate:
    return draw_plate(np.random.default_rng(seed), share)


def index(plate: Plate, refined: int) -> np.ndarray:
    """The index without noise of a plate on a mesh so many times finer, at the same points."""
    elements = (MESH[0] * refined, MESH[1] * refined)
    _, deflections = Mesh(SECTION, SIDES, elements).modes(*plate.elements(elements), 6)
    return damage_index(deflections[:, ::refined, ::refined])


def test_the_index_does_not_depend_on_the_mesh() -> None:
    plate = damaged()
    coarse, fine = index(plate, 1), index(plate, 2)
    assert np.sqrt(np.mean((coarse - fine) ** 2)) < 0.03 * np.sqrt(np.mean(fine**2))
    assert np.abs(coarse - fine).max() < 0.05 * fine.max()


def test_the_index_is_high_where_the_plate_is_damaged_and_takes_no_scale_or_sign_for_damage() -> None:
    plate, elements = damaged(0.05), MESH
    _, deflections = Mesh(SECTION, SIDES, elements).modes(*plate.elements(elements), 6)
    values, mask = damage_index(deflections), plate.mask(NODES) == 1
    assert values.shape == NODES
    assert values[mask].mean() > 5 * np.median(values[~mask])
    np.testing.assert_allclose(damage_index(-7 * deflections), values, rtol=1e-6, atol=1e-12)


def test_noise_has_the_size_that_is_asked_for_and_none_at_the_supports() -> None:
    y, x = np.linspace(0, np.pi, 51), np.linspace(0, np.pi, 71)
    deflections = 3 * np.sin(y)[:, None] * np.sin(x) * np.ones((4, 1, 1))
    measured = noisy(deflections, 0.04, np.random.default_rng(0)) - deflections
    inside = measured[:, 1:-1, 1:-1]
    assert inside.std() == pytest.approx(0.04 * np.sqrt(np.mean(deflections[0] ** 2)), rel=0.03)
    assert np.abs(measured[:, [0, -1]]).max() < 1e-12


# -- what is drawn


@pytest.mark.parametrize("seed", range(6))
def test_a_damage_has_its_share_lies_within_the_plate_and_weakens_the_elements_that_it_covers(seed: int) -> None:
    label = seed % 5 + 1
    share = float(np.mean(share_range(label)))
    plate = damaged(share, seed)
    fine = (1001, 1401)
    mask = plate.mask(fine)
    assert mask.mean() == pytest.approx(share, rel=0.01)
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()
    stiffness, _ = plate.elements(MESH)
    whole, _ = Plate(plate.stiffness, plate.mass, None).elements(MESH)
    assert plate.damage is not None
    lost = 1 - stiffness / whole
    assert lost.max() == pytest.approx(1 - plate.damage.remaining)
    assert lost.mean() == pytest.approx(share * (1 - plate.damage.remaining), rel=0.03)


def test_a_rectangle_and_an_ellipse_hold_the_points_that_they_should() -> None:
    across = np.array([-0.19, 0.0, 0.19, 0.21])
    for is_ellipse in (True, False):
        upright = Damage(is_ellipse, (0.25, 0.35), (0.2, 0.1), np.pi / 2, 0.5)
        np.testing.assert_array_equal(upright.holds(0.25 + across, np.full(4, 0.35)), [True, True, True, False])
        np.testing.assert_array_equal(upright.holds(np.full(4, 0.25), 0.35 + across / 2), [True, True, True, False])
    assert not Damage(True, (0.0, 0.0), (0.2, 0.1), 0.0, 0.5).holds(np.array(0.09), np.array(0.19))
    assert Damage(False, (0.0, 0.0), (0.2, 0.1), 0.0, 0.5).holds(np.array(0.09), np.array(0.19))


def test_the_scatter_is_of_the_size_and_the_reach_that_are_stated() -> None:
    rng = np.random.default_rng(0)
    logs = np.stack([np.log(draw_plate(rng, 0).stiffness) for _ in range(200)])
    assert logs.std() == pytest.approx(STIFFNESS_SCATTER, rel=0.05)
    near = np.mean(logs[:, 20, 20] * logs[:, 20, 25]) / np.mean(logs[:, 20, 20] ** 2)
    assert near == pytest.approx(np.exp(-1), abs=0.15)  # at 50 mm
    assert logs[:, 0].std() == pytest.approx(logs.std(), rel=0.1)


# -- the set


@pytest.fixture(scope="module")
def some() -> Images:
    return open_images("plates", count=37, seed=1)


def test_the_columns_tell_what_the_images_show(some: Images) -> None:
    assert (some.pixels.shape, some.dtype) == ((37, 1, 51, 71), np.float32)
    assert (some.pixels.min() >= 0, some.pixels.max() <= 1) == (True, True)
    assert some.label_names == ("undamaged", "0 to 5 %", "5 to 10 %", "10 to 15 %", "15 to 20 %", "20 to 25 %")
    assert np.bincount(some.labels[:35]).tolist() == [20, 3, 3, 3, 3, 3]
    [shares], masks = some.columns["condition"].T, some.columns["mask"]
    assert some.condition_names == ("damaged_share",)
    np.testing.assert_array_equal(np.ceil(shares * 20).astype(int), some.labels)
    assert masks.dtype == np.uint8
    np.testing.assert_allclose(masks.mean(axis=(1, 2, 3)), shares, atol=0.01)
    for picture, mask in zip(some.pixels[:, 0], masks[:, 0], strict=True):
        if mask.mean() > 0.02:
            assert picture[mask == 1].mean() > 1.2 * picture[mask == 0].mean()


def test_a_part_of_val_is_damaged_and_as_many_of_each_class() -> None:
    images = open_images("plates", count=5, split="val")
    assert sorted(images.labels) == [1, 2, 3, 4, 5]


def test_the_source_gives_the_same_images_again_and_fewer_are_the_first_of_more(some: Images) -> None:
    assert open_images(**json.loads(json.dumps(dict(some.source)))).fingerprint == some.fingerprint
    few = open_images("plates", count=2, seed=1)
    np.testing.assert_array_equal(few.pixels, some.pixels[:2])
    assert few.labels.tolist() == some.labels[:2].tolist()
    other = open_images("plates", count=2, seed=1, split="test")
    assert not np.array_equal(other.pixels, few.pixels)


def test_other_noise_is_drawn_without_solving_again(some: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Mesh, "modes")
    draw = GENERATED["plates"]
    again, clean, louder = (draw(37, seed=1, **options) for options in ({"draw": 1}, {"noise": 0.0}, {"noise": 0.08}))
    assert not np.array_equal(again.pixels, some.pixels)
    assert clean.source == again.source == {}
    np.testing.assert_array_equal(again.columns["mask"], some.columns["mask"])
    healthy = some.labels == 0
    means = [images.pixels[healthy].mean() for images in (clean, some, louder)]
    assert means[0] < means[1] < means[2]
    assert means[1] == pytest.approx(again.pixels[healthy].mean(), rel=0.05)


def test_masks_follow_the_size_that_is_asked_for(some: Images) -> None:
    small = open_images("plates", count=37, seed=1, size=(26, 36))
    assert (small.image_shape, small.columns["mask"].shape) == ((1, 26, 36), (37, 1, 26, 36))
    means = [images.columns["mask"].mean(axis=(1, 2, 3)) for images in (some, small)]
    np.testing.assert_allclose(*means, atol=0.02)


def test_progress_is_told_of_both_halves_of_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_CACHE", str(tmp_path))
    reports: list[tuple[int, int, str]] = []
    open_images("plates", count=2, progress=lambda *report: reports.append(report))
    assert (2, 2, "solving") in reports
    assert (2, 2, "measuring") in reports


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count"),
        ({"split": "dev"}, "plates has no part 'dev'; choose one of: train, val, test"),
        ({"seed": -1}, "seed"),
        ({"labels": [1]}, "plates comes with its own labels"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_images("plates", **options)


def test_the_parts_hold_as_many_of_each_class_as_the_report_has() -> None:
    counts = {part: np.bincount(MODULE._labels(count, part, 0), minlength=6) for part, count in MODULE.COUNTS.items()}
    assert counts["train"].tolist() == [1600, 240, 240, 240, 240, 240]
    assert counts["val"].tolist() == [0, 35, 35, 35, 35, 35]
    assert counts["test"].tolist() == [300, 45, 45, 45, 45, 45]
