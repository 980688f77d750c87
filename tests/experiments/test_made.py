"""The experiments on made images in their tiny variants, and what they are measured by."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest

from latente import Images, open_images
from latente.experiments import Result, dcgan_mnist, made, reproduce, translate_edges, vae_or_gan

NAMES = ("dcgan-mnist", "vae-or-gan")


@functools.cache
def few_classes(name: str, tiny: bool = False) -> tuple[Images, Images, str]:
    """Return 150 images to learn from and as many to test by, of ten classes."""
    drawn = open_images("glyphs", size=28, count=300)
    images = open_images(drawn.pixels[:, 0], labels=np.arange(300) % 10)
    return images.take(slice(150)), images.take(slice(150, 300)), "drawn"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("latente.estimators.adversarial.FEWEST_STEPS", 2)
        patch.setattr("latente.objectives.adversarial._INVERSION_STEPS", 5)
        patch.setattr(dcgan_mnist, "open_parts", few_classes)
        patch.setattr(vae_or_gan, "open_parts", few_classes)
        return {name: reproduce(name, tiny=True, seeds=2, out=folder / name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_are_written_and_every_figure_is_a_number(
    results: dict[str, Result], name: str, tmp_path: Path
) -> None:
    results[name].write(tmp_path)
    assert all((tmp_path / file).is_file() for file in results[name].pictures().values())
    assert all(np.isfinite(claim.measured) for claim in results[name].claims)
    assert "right in" in results[name].notes[0]


def test_each_model_stands_beside_the_floor_and_the_targets(results: dict[str, Result]) -> None:
    lines = {line["model"]: line for line in results["dcgan-mnist"].tables["new digits"]}
    floor = lines[made.FLOOR]["Frechet distance"]
    claims = {claim.what: claim for claim in results["dcgan-mnist"].claims}
    ours, theirs = (lines[f"{who}, 10 minutes"]["Frechet distance"] for who in ("ours", "published"))
    assert claims["Frechet distance, ours, 10 minutes"].measured == ours
    assert claims["the same in that of the published networks, 10 minutes"].measured == pytest.approx(ours / theirs)
    assert claims["the same in the floor"].measured == pytest.approx(ours / floor)
    assert lines[made.FLOOR]["sharpness"] == pytest.approx(1, abs=0.2)
    assert floor < min(ours, theirs)


def test_what_made_digits_are_worth_as_data_is_told_beside_few_real_ones(results: dict[str, Result]) -> None:
    lines = results["dcgan-mnist"].tables["as data, % of test digits sorted right"]
    assert [line["real images"] for line in lines] == list(made.LABELS)
    assert all(0 <= line[kind] <= 100 for line in lines for kind in ("real", "made", "both"))


def test_pictures_by_epoch_are_of_the_same_latents(results: dict[str, Result]) -> None:
    assert "by epoch" in results["dcgan-mnist"].figures
    assert {f"{what}, {kind}" for what in ("samples", "walks", "arithmetic", "curves") for kind in ("VAE", "GAN")} == (
        results["vae-or-gan"].figures.keys()
    )


def test_both_kinds_are_trained_alike_for_each_seed(results: dict[str, Result]) -> None:
    lines = results["vae-or-gan"].tables["by seed"]
    assert [(line["model"], line["seed"]) for line in lines] == [(k, s) for k in ("VAE", "GAN") for s in (0, 1)]
    means = results["vae-or-gan"].tables["what they make"]
    of_vae = [line["Frechet distance"] for line in lines[:2]]
    assert means[0]["Frechet distance"] == pytest.approx(np.mean(of_vae))
    assert means[0]["spread of the distance"] == pytest.approx(np.std(of_vae, ddof=1))


def test_arithmetic_adds_the_difference_of_mean_codes() -> None:
    class Identity:
        image_shape_ = (1, 2, 2)

        def transform(self, images: Images) -> np.ndarray:
            return np.asarray(images.pixels, np.float32).reshape(-1, 4)

        def decode(self, codes: np.ndarray) -> np.ndarray:
            return codes.reshape(-1, 1, 2, 2)

    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    images = open_images(rng.integers(0, 255, (30, 2, 2), dtype=np.uint8), labels=labels)
    rows = vae_or_gan.arithmetic(Identity(), images, (0, 1, 2), count=3)
    means = [images.pixels[labels == k].astype(np.float32).mean(0) for k in range(3)]
    np.testing.assert_allclose(rows[1], rows[0] + means[1] - means[2], rtol=1e-5)


def test_the_same_network_learns_edges_with_a_critic_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 2)
    result = reproduce("translate-edges", tiny=True)
    lines = result.tables["pictures of edges"]
    assert [(line["pictures"], line["learned by"]) for line in lines] == [
        (name, kind) for name in translate_edges.SIDES for kind in translate_edges.KINDS
    ]
    assert all(np.isfinite(claim.measured) for claim in result.claims)
    assert result.figures.keys() == translate_edges.SIDES.keys()


def test_edges_are_where_a_picture_changes_and_nowhere_else() -> None:
    pictures = np.zeros((1, 3, 24, 24), np.uint8)
    pictures[..., 12:] = 255
    found = translate_edges.edges(pictures)
    assert found.shape == pictures.shape
    assert set(np.unique(found)) == {0, 255}
    columns = np.flatnonzero(found[0, 0].any(0))
    assert 10 <= columns.min() <= columns.max() <= 13


def test_sharpness_is_the_mean_length_of_the_gradient() -> None:
    ramp = np.broadcast_to(3.0 * np.arange(6) + 4.0 * np.arange(5)[:, None], (2, 1, 5, 6))
    assert made.sharpness(ramp) == pytest.approx(5)


def test_the_published_training_is_that_of_the_tutorial() -> None:
    model = dcgan_mnist.published()
    assert (model.epochs, model.batch_size, model.learning_rate, model.latent_dim) == (50, 256, 1e-4, 100)
    assert (model.ema, model.r1, model.loss, model.schedule) == (None, 0.0, "non-saturating", "constant")
    assert dcgan_mnist.usual(10.0).minutes == 10.0
