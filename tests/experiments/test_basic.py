"""The dense autoencoder in its tiny variant, and what its initialisations promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from latente import Images, open_images
from latente.experiments import Result, basic, reproduce
from latente.experiments.basic import autoencoder, dead_units, first_steps, networks
from latente.experiments.recorded import recorded


@pytest.fixture(scope="module")
def pictures() -> Images:
    """Pictures that are mostly dark and have much in common, as clothes have."""
    rng = np.random.default_rng(0)
    common = 255 * np.exp(-(np.linspace(-2, 2, 28) ** 2))
    pixels = np.clip(common * 0.6 + rng.normal(0, 30, (240, 28, 28)), 0, 255).astype(np.uint8)
    return open_images(pixels, labels=np.arange(240) % 10)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, pictures: Images) -> Result:
    def few(name: str, tiny: bool = False) -> tuple[Images, Images, str]:
        return pictures, pictures.take(np.arange(60)), "drawn"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(basic, "open_parts", few)
        return reproduce("basic", tiny=True, out=tmp_path_factory.mktemp("basic"))


def test_torch_weights_are_those_of_its_layers_by_default(pictures: Images) -> None:
    encoder, _ = networks("torch", 0, pictures)
    weight, bias = (p.detach() for p in encoder.parameters())
    assert weight.abs().max() <= 1 / 28  # uniform in ±1 / sqrt(784)
    assert weight.std() == pytest.approx(1 / 28 / 3**0.5, rel=0.01)
    assert 0 < bias.abs().max() <= 1 / 28


def test_scaled_weights_have_glorots_variance(pictures: Images) -> None:
    for part in networks("scaled", 0, pictures):
        weight = next(p.detach() for p in part.parameters() if p.ndim == 2)
        assert weight.std() == pytest.approx((2 / (784 + 64)) ** 0.5, rel=0.01)


def test_tied_weights_are_orthonormal_and_transposed_and_start_from_the_mean_picture(pictures: Images) -> None:
    encoder, decoder = networks("tied", 0, pictures)
    weight, bias = encoder.parameters()
    assert torch.allclose(weight @ weight.T, torch.eye(64), atol=1e-5)
    assert not bias.any()
    assert torch.equal(next(iter(decoder.parameters())), weight.T)
    first = decoder(torch.zeros(1, 64))
    mean = (pictures.pixels.mean(axis=0) / 255).reshape(1, 1, 28, 28).clip(0.01, 0.99)
    np.testing.assert_allclose(first.detach().numpy(), mean, atol=1e-5)


@pytest.mark.parametrize("initialisation", basic.INITIALISATIONS)
def test_every_initialisation_is_drawn_by_its_seed_alone(pictures: Images, initialisation: str) -> None:
    state = torch.get_rng_state()
    one, same, other = (networks(initialisation, seed, pictures)[0] for seed in (0, 0, 1))
    assert torch.equal(state, torch.get_rng_state())
    first, again, different = (next(iter(part.parameters())) for part in (one, same, other))
    assert torch.equal(first, again)
    assert not torch.equal(first, different)


def test_dead_units_are_those_that_no_image_wakes(pictures: Images) -> None:
    model = autoencoder(pictures, 0, initialisation="tied", batch_size=60, schedule="constant", epochs=1).fit(pictures)
    for asleep in (0, 5):
        with torch.no_grad():
            _, bias = model.objective_.encoder.parameters()
            bias[:] = 1e3
            bias[:asleep] = -1e3
        assert dead_units(model, pictures) == asleep


def test_the_first_steps_are_counted_from_the_untrained_network_on(pictures: Images) -> None:
    lines = first_steps("torch", 0, pictures, pictures, [0, 1, 3], batch_size=16)
    assert [line["steps"] for line in lines] == [0, 1, 3]
    encoder, _ = networks("torch", 0, pictures)
    weight, bias = (p.detach().numpy() for p in encoder.parameters())
    inputs = pictures.pixels.reshape(240, -1) / 255 @ weight.T + bias
    assert lines[0]["spread"] == pytest.approx(inputs.std(), rel=1e-4)
    assert lines[0]["active"] == pytest.approx((inputs > 0).mean(), abs=1e-4)
    assert lines[0]["one step"] == pytest.approx(1e-3 * pictures.pixels.mean() / 255 * 784, rel=1e-6)
    assert lines[1]["spread"] != lines[0]["spread"]


def test_the_tiny_variant_tells_claim_choice_and_causes(result: Result) -> None:
    study, steps, seeds = result.tables.values()
    assert {line["initialisation"] for line in study} == {"torch", "tied"}
    assert {line["initialisation"] for line in steps} == set(basic.INITIALISATIONS)
    assert result.claims[0].measured == max(line["test MSE"] for line in seeds)
    assert result.claims[0].target == basic.TARGET
    assert result.extra["chosen"]["initialisation"] in basic.INITIALISATIONS
    assert result.data == "drawn"


def test_the_tiny_variant_draws_every_figure(result: Result) -> None:
    folder = Path(result.command.split("--out ")[1])
    for file in result.pictures().values():
        assert (folder / file).stat().st_size > 1000


def test_what_is_recorded_of_it_is_what_it_claims(result: Result) -> None:
    assert set(recorded(result.name).figures) <= {claim.what for claim in result.claims}
