"""Samples come from the density that looks best, which is fitted to the codes, saved, and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import latente
from latente import Autoencoder, InputError, ModelError, VariationalAutoencoder, load, open_images
from latente.estimators import flows
from latente.estimators.abilities import DrawsCodes
from latente.estimators.data import split
from latente.metrics import frechet_distance

KIND = {"autoencoder": Autoencoder, "vae": VariationalAutoencoder}
OPTIONS: dict[str, Any] = {"latent_dim": 2, "network": "dense", "hidden": (32,), "device": "cpu", "random_state": 0}

both = pytest.mark.parametrize("kind", KIND)


def two_kinds(count: int, seed: int = 0) -> np.ndarray:
    """Pictures of a bright upper or a bright lower half, nothing between: their codes lie in two places."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 40, (count, 8, 8), dtype=np.uint8)
    upper = rng.random(count) < 0.5
    pixels[upper, :4] += 200
    pixels[~upper, 4:] += 200
    return pixels


def halves(pixels: np.ndarray) -> np.ndarray:
    """How much brighter one half is than the other, from 0 to 1."""
    return np.abs(pixels[:, :4].mean((1, 2)) - pixels[:, 4:].mean((1, 2))) / 200


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return two_kinds(600)


@pytest.fixture(scope="module")
def models(images: np.ndarray) -> dict[str, Any]:
    return {name: kind(**OPTIONS, epochs=10).fit(images) for name, kind in KIND.items()}


@pytest.fixture(scope="module")
def plain(images: np.ndarray) -> dict[str, Any]:
    return {name: kind(**OPTIONS, epochs=10, prior="normal").fit(images) for name, kind in KIND.items()}


@both
def test_auto_takes_the_density_whose_samples_are_nearest_to_held_out_images(
    kind: str, models: dict[str, Any], plain: dict[str, Any], images: np.ndarray
) -> None:
    model = models[kind]
    assert model.prior_ == "mixture"
    assert set(model.prior_distances_) == {"normal", "mixture"}
    assert model.prior_distances_["mixture"] < model.prior_distances_["normal"]
    held_out = images[split(open_images(images), 0.1, 0).held_out_rows].reshape(60, -1)
    made = {one.prior_: one.sample(60, random_state=1) for one in (model, plain[kind])}
    away = {name: frechet_distance(held_out, pixels.reshape(60, -1)) for name, pixels in made.items()}
    assert away["mixture"] < away["normal"]
    assert (halves(made["mixture"]) > 0.5).mean() > (halves(made["normal"]) > 0.5).mean()


def test_the_prior_of_a_variational_model_concerns_samples_alone(
    models: dict[str, Any], plain: dict[str, Any], images: np.ndarray
) -> None:
    assert plain["vae"].prior_ == "normal"
    assert plain["vae"].evaluate(images) == models["vae"].evaluate(images)
    assert np.abs(np.cov(plain["vae"].draw_codes(5_000, random_state=0).T) - np.eye(2)).max() < 0.1


@both
def test_a_saved_model_draws_the_same_samples(kind: str, models: dict[str, Any], tmp_path: Path) -> None:
    model, again = models[kind], load(models[kind].save(tmp_path / kind))
    assert again.sample(5, random_state=1).tobytes() == model.sample(5, random_state=1).tobytes()
    assert again.drawn_from() == model.drawn_from()
    assert again.sample(5, random_state=2).tobytes() != model.sample(5, random_state=1).tobytes()


@both
def test_samples_are_the_decoded_codes_that_are_drawn(kind: str, models: dict[str, Any]) -> None:
    model = models[kind]
    assert isinstance(model, DrawsCodes)
    codes = model.draw_codes(6, random_state=3)
    assert codes.shape == (6, 2)
    assert codes.dtype == np.float32
    assert model.decode(codes).tobytes() == model.sample(6, random_state=3).tobytes()


def test_what_samples_are_drawn_from_is_told_in_words(models: dict[str, Any], images: np.ndarray) -> None:
    count = len(models["vae"].mixture_weights_)
    told = models["vae"].drawn_from()
    assert told.startswith(f"a mixture of {count} normal densities fitted to the training codes (Frechet distance to ")
    assert "; normal " in told
    few = {name: kind(**OPTIONS, epochs=1).fit(images[:100]).drawn_from() for name, kind in KIND.items()}
    assert few == {
        "autoencoder": "a normal density fitted to the training codes",
        "vae": "the standard normal prior",
    }


def test_few_images_and_very_long_codes_keep_the_normal_density(images: np.ndarray) -> None:
    few = VariationalAutoencoder(**OPTIONS, epochs=1).fit(images[:499])
    spatial = VariationalAutoencoder(latent_dim=None, network="conv", hidden=(80,), epochs=1, device="cpu")
    spatial.fit(images)
    for model in (few, spatial):
        assert (model.prior_, model.prior_distances_, model.mixture_weights_) == ("normal", {}, None)


def test_a_mixture_has_as_many_components_as_draw_the_nearest_images(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[Any, float] = {}

    def distances(self: Any, ways: Any, *parts: Any) -> dict[Any, float]:
        asked.update({way: abs(way - 5) for way in ways})
        return asked

    monkeypatch.setattr(VariationalAutoencoder, "_distances", distances)
    model = VariationalAutoencoder(**OPTIONS, epochs=1, prior="mixture", validation=None).fit(images[:80])
    assert list(asked) == [1, 2, 5]  # of ten there would be seven codes for each
    assert model.mixture_weights_ is not None
    assert len(model.mixture_weights_) == 5


def test_a_prior_that_is_asked_for_is_taken_whatever_it_draws(images: np.ndarray) -> None:
    model = VariationalAutoencoder(**OPTIONS, epochs=1, prior="mixture", validation=None).fit(images[:40])
    assert (model.prior_, model.prior_distances_) == ("mixture", {})
    assert "normal densit" in model.drawn_from()


def test_a_flow_is_fitted_saved_and_told_where_it_is_asked_for(
    images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "STEPS", 60)
    model = VariationalAutoencoder(**OPTIONS, epochs=1, prior="flow").fit(images[:60])
    assert model.drawn_from() == "a flow fitted to the training codes"
    again = load(model.save(tmp_path))
    assert again.sample(3, random_state=0).tobytes() == model.sample(3, random_state=0).tobytes()


@pytest.mark.parametrize(
    ("options", "count", "message"),
    [
        ({"prior": "gauss"}, 40, "unknown prior 'gauss'"),
        ({"prior": "mixture"}, 20, "prior='mixture' is fitted to 20 training images or more, not 18"),
        (
            {"prior": "mixture", "latent_dim": 1025},
            40,
            "at most 1,024 values, not 1,025; set latent_dim, or take prior='normal'",
        ),
    ],
)
def test_a_density_that_cannot_be_fitted_is_refused_before_training(
    options: dict[str, Any], count: int, message: str, images: np.ndarray
) -> None:
    model = VariationalAutoencoder(**{**OPTIONS, **options, "epochs": 10**6})
    with pytest.raises(InputError, match=message):
        model.fit(images[:count])


def test_a_denoiser_is_judged_by_what_its_images_shall_become(images: np.ndarray) -> None:
    pairs = open_images(images // 4, target=images)
    model = Autoencoder(**OPTIONS, epochs=10).fit(pairs)
    assert max(model.prior_distances_.values()) < 10  # the dark inputs would be some hundred away
    assert model.sample(200, random_state=0).mean() == pytest.approx(images.mean(), rel=0.2)


def test_images_that_are_all_alike_fit_too() -> None:
    same = np.full((520, 8, 8), 90, np.uint8)
    model = VariationalAutoencoder(**OPTIONS, epochs=1).fit(same)
    assert model.sample(3, random_state=0).shape == (3, 8, 8)


@both
def test_a_resumed_training_has_the_prior_of_one_that_never_stopped(
    kind: str, images: np.ndarray, tmp_path: Path
) -> None:
    KIND[kind](**OPTIONS, epochs=2, out=tmp_path / "run").fit(images)
    resumed = latente.resume(tmp_path / "run", images, epochs=3)
    whole = KIND[kind](**OPTIONS, epochs=3).fit(images)
    assert resumed.prior_ == whole.prior_
    assert resumed.sample(3, random_state=0).tobytes() == whole.sample(3, random_state=0).tobytes()


def test_a_model_of_before_there_were_priors_samples_as_it_did(plain: dict[str, Any], tmp_path: Path) -> None:
    file = plain["vae"].save(tmp_path) / "model" / "model.json"
    description = json.loads(file.read_text())
    for place, names in (("fitted", ("prior_", "prior_distances_")), ("options", ("prior",))):
        for name in names:
            del description[place][name]
    file.write_text(json.dumps(description))
    again = load(tmp_path)
    assert again.drawn_from() == "the standard normal prior"
    assert again.sample(3, random_state=0).tobytes() == plain["vae"].sample(3, random_state=0).tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [({"prior_": "normal"}, "the density of its codes, a normal, has the shapes"), ({"prior_": "dice"}, "no density")],
)
def test_a_file_that_contradicts_itself_is_refused(
    change: dict[str, Any], message: str, models: dict[str, Any], tmp_path: Path
) -> None:
    file = models["vae"].save(tmp_path) / "model" / "model.json"
    description = json.loads(file.read_text())
    description["fitted"] |= change
    file.write_text(json.dumps(description))
    with pytest.raises(ModelError, match=message):
        load(tmp_path)
