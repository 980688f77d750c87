"""A variational autoencoder of images and the numbers beside them: both come back, each by its own scaling."""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy as np
import pytest

import latente
from latente import VariationalAutoencoder, open_images
from latente.errors import InputError
from latente.images import Conditioned, Images

SMALL = {"latent_dim": 2, "hidden": (64, 32), "network": "dense", "threads": 1, "random_state": 0, "prior": "normal"}
NAMES = ("across", "height")


def bumps(count: int = 120, seed: int = 0) -> Images:
    """Pictures of a bump, and beside each where it is: from 100 to 150, and from -3 to -1."""
    place = np.random.default_rng(seed).uniform(0, 1, (count, 2))
    y, x = np.mgrid[0:12, 0:12] / 11
    pixels = 3 * np.exp(-((x - place[:, :1, None]) ** 2 + (y - place[:, 1:, None]) ** 2) * 12)
    condition = np.array([100, -3]) + np.array([50, 2]) * place
    columns = {"condition": condition.astype(np.float32)}
    return Images(pixels[:, None].astype(np.float32), columns, name="bumps", condition_names=NAMES)


@pytest.fixture(scope="module")
def joint() -> VariationalAutoencoder:
    model = VariationalAutoencoder(condition="joint", epochs=40, learning_rate=5e-3, schedule="cosine", **SMALL)
    return model.fit(bumps())


@pytest.fixture(scope="module")
def given() -> VariationalAutoencoder:
    return VariationalAutoencoder(condition="given", epochs=20, learning_rate=5e-3, **SMALL).fit(bumps())


def test_images_and_conditions_come_back_in_their_own_units(joint: VariationalAutoencoder) -> None:
    images = bumps(60, seed=1)
    made = joint.reconstruct(images)
    assert isinstance(made, Conditioned)
    pixels, conditions = made
    assert pixels.shape == images.pixels.shape
    truth = images.columns["condition"]
    errors = np.sqrt(((conditions - truth) ** 2).mean(0)) / truth.std(0)
    assert errors.max() < 0.6  # by the mean condition it would be 1
    assert ((pixels - images.pixels) ** 2).mean() < 0.4 * images.pixels.var()


def test_samples_and_decoded_codes_are_pairs_and_a_region_is_kept_to(joint: VariationalAutoencoder) -> None:
    images, conditions = joint.sample(5, random_state=1)
    assert (images.shape, conditions.shape) == ((5, 1, 12, 12), (5, 2))
    again = joint.decode(joint.draw_codes(5, random_state=1))
    np.testing.assert_array_equal(again.conditions, conditions)
    _, kept = joint.sample(6, random_state=0, within={"across": (110, 120), "height": (-2.5, -1.5)})
    assert kept[:, 0].min() >= 110
    assert kept[:, 0].max() <= 120
    assert kept[:, 1].max() <= -1.5
    with pytest.raises(InputError, match=r"across from 900 to 901: 0 of 2 images"):
        joint.sample(2, within={"across": (900, 901)})
    with pytest.raises(InputError, match="across"):
        joint.sample(2, within={"acros": (1, 2)})
    with pytest.raises(InputError, match="across: the lowest value, 2, is above"):
        joint.sample(2, within={"across": (2, 1)})
    with pytest.raises(InputError, match="given none"):
        joint.sample(2, within={"across": (110, 120)}, conditions=[115, -2])


def test_a_region_may_be_open_at_either_end(joint: VariationalAutoencoder) -> None:
    few = joint.sample(6, random_state=0, within={"across": (None, 120)}).conditions[:, 0]
    many = joint.sample(6, random_state=0, within={"across": (130, None)}).conditions[:, 0]
    assert few.max() <= 120
    assert many.min() >= 130


def test_the_bound_is_that_of_the_pair_and_its_parts_add_up(joint: VariationalAutoencoder) -> None:
    import torch

    images = bumps(8, seed=2)
    objective = joint.objective_
    batch = joint._batches(images, columns=True).batch(torch.arange(8))
    with torch.no_grad():
        mean, log_var = objective.posterior(batch["images"], batch["condition"])
        generator = torch.Generator().manual_seed(3)
        noise = torch.randn((1, *mean.shape[1:]), generator=generator)
        code = mean + torch.exp(0.5 * log_var) * noise
        made, told = objective.decode(code), objective.conditions(code)
    terms = objective.evaluate(batch, torch.Generator().manual_seed(3))
    normal = torch.distributions.Normal
    pixels = normal(made, objective.sigma).log_prob(batch["images"]).flatten(1).sum(1)
    numbers = normal(told, objective.sigmas).log_prob(batch["condition"]).sum(1)
    scales = joint.scaling_.log_jacobian((1, 12, 12)) + float(np.log(joint.column_scalings_["condition"].scale).sum())
    expected = -(pixels + numbers - scales)
    torch.testing.assert_close(terms["reconstruction"], expected.detach(), rtol=1e-4, atol=1e-2)
    assert joint.is_density_


def test_a_weight_makes_each_nat_of_the_condition_count_for_more() -> None:
    import torch

    images = bumps(30)
    losses = {}
    for weight in (1.0, 3.0):
        model = VariationalAutoencoder(condition="joint", condition_weight=weight, epochs=1, **SMALL).initialise(images)
        batch = model._batches(images, columns=True).batch(torch.arange(30))
        losses[weight] = model.objective_.evaluate(batch, torch.Generator().manual_seed(0))["reconstruction"]
        with torch.no_grad():
            code = model.objective_.posterior(batch["images"], batch["condition"])[0]
            noise = torch.randn((1, 2), generator=torch.Generator().manual_seed(0))
            log_var = model.objective_.posterior(batch["images"], batch["condition"])[1]
            told = model.objective_.conditions(code + torch.exp(0.5 * log_var) * noise)
            density = torch.distributions.Normal(told, model.objective_.sigmas).log_prob(batch["condition"]).sum(1)
            density -= model.objective_.condition_log_jacobian
    torch.testing.assert_close(losses[3.0] - losses[1.0], -2 * density, rtol=1e-4, atol=1e-3)
    assert not VariationalAutoencoder(condition="joint", condition_weight=3, epochs=1, **SMALL).fit(images).is_density_


def test_what_is_given_moves_the_image(given: VariationalAutoencoder) -> None:
    codes = np.zeros((1, 2), np.float32)
    left, told = given.decode(codes, [105, -2])
    right, _ = given.decode(codes, [145, -2])
    np.testing.assert_array_equal(told, [[105, -2]])
    weights = np.arange(12)
    places = [float((one[0, 0].sum(0) * weights).sum() / one[0, 0].sum()) for one in (left, right)]
    assert places[0] < places[1] - 2
    images, conditions = given.sample(4, random_state=0)
    assert images.shape == (4, 1, 12, 12)
    known = bumps().columns["condition"]
    assert all((np.abs(known - row) < 1e-4).all(1).any() for row in conditions)
    usual, mean = given.decode(codes)
    np.testing.assert_allclose(mean[0], known[: 120 - 12].mean(0), rtol=0.1)
    assert usual.shape == (1, 1, 12, 12)
    with pytest.raises(InputError, match="conditions must be finite numbers"):
        given.sample(3, conditions=[[1, 2, 3]])


def test_the_mean_of_draws_is_nearer_to_what_the_posterior_says(joint: VariationalAutoencoder) -> None:
    images = bumps(10, seed=3)
    few, many = (joint.reconstruct(images, samples=count) for count in (1, 64))
    point = joint.reconstruct(images)
    assert np.abs(many.images - point.images).mean() < np.abs(few.images - point.images).mean()
    np.testing.assert_array_equal(joint.reconstruct(images.take(slice(3)), samples=2).images.shape, (3, 1, 12, 12))
    with pytest.raises(InputError, match="samples"):
        joint.reconstruct(images, samples=0)
    plain = VariationalAutoencoder(epochs=1, **SMALL).fit(images.pixels)
    assert plain.reconstruct(images.pixels, samples=3).shape == images.pixels.shape


@pytest.mark.parametrize("way", ["joint", "given"])
def test_models_come_back_from_disk_and_from_joblib(way: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    model, images = request.getfixturevalue(way), bumps(9, seed=4)
    model.save(tmp_path / "model")
    other = latente.load(tmp_path / "model")
    assert other.condition_names_ == NAMES
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    for again in (other, joblib.load(buffer)):
        for one, same in zip(model.reconstruct(images), again.reconstruct(images), strict=True):
            np.testing.assert_array_equal(one, same)
        np.testing.assert_array_equal(model.sample(3, random_state=0).images, again.sample(3, random_state=0).images)


def test_a_training_that_is_gone_on_with_is_the_one_that_was_not_broken_off(tmp_path: Path) -> None:
    images = bumps(40)
    options = {"condition": "joint", "schedule": "constant", **SMALL}
    whole = VariationalAutoencoder(epochs=3, **options).fit(images)
    VariationalAutoencoder(epochs=1, out=str(tmp_path / "run"), **options).fit(images)
    gone_on = latente.resume(tmp_path / "run", images, epochs=3)
    np.testing.assert_array_equal(gone_on.objective_.raw_log_sigmas.detach(), whole.objective_.raw_log_sigmas.detach())
    np.testing.assert_array_equal(gone_on.encode(images), whole.encode(images))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"condition": "joint", "corruption": "gaussian:0.1"}, "corruption"),
        ({"condition": "given", "prior": "mixture"}, "prior"),
        ({"condition_weight": 2.0}, "condition_weight"),
        ({"condition": "beside"}, "condition"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        VariationalAutoencoder(**{**SMALL, "epochs": 1, **options}).fit(bumps(20))


def test_images_without_the_conditions_are_refused(joint: VariationalAutoencoder) -> None:
    with pytest.raises(InputError, match="condition-columns"):
        joint.encode(bumps(5).pixels)
    with pytest.raises(InputError, match="condition-columns"):
        VariationalAutoencoder(condition="joint", epochs=1, **SMALL).fit(bumps(20).pixels)
    others = open_images(bumps(5), condition=["height"])
    with pytest.raises(InputError, match=r"conditions of bumps are height.*across, height"):
        joint.reconstruct(others)
    assert "condition" in str(VariationalAutoencoder(condition="joint"))


def test_columns_of_numbers_become_the_condition() -> None:
    images = bumps(6)
    chosen = open_images(images, condition=["height", "across"])
    np.testing.assert_array_equal(chosen.columns["condition"], images.columns["condition"][:, ::-1])
    assert chosen.condition_names == ("height", "across")
    faces = open_images("faces", count=3, condition=["hair_lightness"])
    assert faces.columns["condition"].shape == (3, 1)
    with pytest.raises(InputError, match="height"):
        open_images(images, condition=["heigth"])
    with pytest.raises(InputError, match="no columns of numbers"):
        open_images("digits", condition=["across"])
