from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from latente import formulas
from latente.errors import InputError
from latente.objectives import AutoencoderObjective, Objective
from small_autoencoders import KINDS, PICTURE, TABLE, generator, images, noisy, plain, variational

OBJECTIVES: dict[str, Callable[[tuple[int, ...], bool], Objective]] = {
    "mse": plain,
    "l1, linear": lambda *kind: plain(*kind, loss="l1", output="linear"),
    "bce, denoising": lambda *kind: plain(*kind, loss="bce", corruption=noisy),
    "bernoulli, denoising": lambda *kind: variational(*kind, beta=2, corruption=noisy),
    "bernoulli, free bits": lambda *kind: variational(*kind, free_bits=0.1),
    "bernoulli, binarized": lambda *kind: variational(*kind, binarization="dynamic", corruption=noisy),
    "several draws": lambda *kind: variational(*kind, samples=3, corruption=noisy),
    "gaussian": lambda *kind: variational(*kind, likelihood="gaussian", log_jacobian=3.0),
    "importance weighted": lambda *kind: variational(
        *kind, likelihood="gaussian", output="linear", importance_samples=4
    ),
}


@pytest.mark.parametrize(("shape", "spatial"), KINDS)
@pytest.mark.parametrize("name", OBJECTIVES)
class TestEveryObjective:
    def test_gives_a_loss_that_reaches_all_parameters(self, name: str, shape: tuple[int, ...], spatial: bool) -> None:
        objective = OBJECTIVES[name](shape, spatial)
        loss, terms = objective("model", images(shape), generator())
        loss.backward()
        assert loss.shape == ()
        assert all(term.shape == () and not term.requires_grad for term in terms.values())
        for parameter in objective.parameters():
            assert parameter.grad is not None
            assert parameter.grad.isfinite().all()
            assert parameter.grad.any()

    def test_encodes_and_decodes_to_the_shape_of_the_images(
        self, name: str, shape: tuple[int, ...], spatial: bool
    ) -> None:
        objective = OBJECTIVES[name](shape, spatial)
        x = images(shape)["images"]
        code = objective.encode(x)
        assert code.shape == ((5, 3, 4, 4) if spatial else (5, 3))
        assert objective.decode(code).shape == x.shape
        torch.testing.assert_close(objective.reconstruct(x), objective.decode(code))

    def test_judges_an_image_alone_as_it_does_among_others(
        self, name: str, shape: tuple[int, ...], spatial: bool
    ) -> None:
        objective, batch = OBJECTIVES[name](shape, spatial), images(shape)
        together = objective.evaluate(batch, generator())
        order = torch.tensor([3, 0, 4, 1, 2])
        shuffled = objective.evaluate({"images": batch["images"][order]}, generator())
        alone = [objective.evaluate({"images": image[None]}, generator()) for image in batch["images"]]
        assert "objective" in together
        assert "mse" in together
        for term, values in together.items():
            assert values.shape == (5,)
            assert not values.requires_grad
            torch.testing.assert_close(shuffled[term], values[order])
            torch.testing.assert_close(torch.cat([one[term] for one in alone]), values)

    def test_draws_from_its_generator_alone(self, name: str, shape: tuple[int, ...], spatial: bool) -> None:
        objective, batch = OBJECTIVES[name](shape, spatial), images(shape)
        before = torch.get_rng_state()
        first, _ = objective("model", batch, generator())
        again, _ = objective("model", batch, generator())
        objective.evaluate(batch, generator())
        assert first.equal(again)
        assert torch.get_rng_state().equal(before)

    def test_works_out_its_loss_in_float32_under_bf16(self, name: str, shape: tuple[int, ...], spatial: bool) -> None:
        objective, batch = OBJECTIVES[name](shape, spatial), images(shape)
        exact, _ = objective("model", batch, generator())
        with torch.autocast("cpu", torch.bfloat16):
            loss, terms = objective("model", batch, generator())
        assert {loss.dtype, *(term.dtype for term in terms.values())} == {torch.float32}
        torch.testing.assert_close(loss, exact, rtol=0.02, atol=0.02)


class TestAutoencoder:
    @pytest.mark.parametrize(
        ("loss", "output", "reference"),
        [
            ("mse", "sigmoid", lambda raw, x: functional.mse_loss(raw.sigmoid(), x)),
            ("mse", "linear", functional.mse_loss),
            ("l1", "sigmoid", lambda raw, x: functional.l1_loss(raw.sigmoid(), x)),
            ("bce", "sigmoid", functional.binary_cross_entropy_with_logits),
            ("bce", "linear", functional.binary_cross_entropy_with_logits),
        ],
    )
    def test_minimises_the_mean_over_all_values(
        self, loss: str, output: str, reference: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        objective, batch = plain(PICTURE, loss=loss, output=output), images(PICTURE)
        value, terms = objective("model", batch, generator())
        expected = reference(objective.decoder(objective.encoder(batch["images"])), batch["images"])
        torch.testing.assert_close(value, expected)
        assert list(terms) == [loss]
        torch.testing.assert_close(terms[loss], expected.detach())

    @pytest.mark.parametrize("loss", ["mse", "l1", "bce"])
    def test_is_judged_by_the_loss_it_is_trained_on(self, loss: str) -> None:
        objective, batch = plain(PICTURE, loss=loss), images(PICTURE)
        value, _ = objective("model", batch, generator())
        terms = objective.evaluate(batch, generator())
        torch.testing.assert_close(terms["objective"].mean(), value.detach())
        assert terms[loss].equal(terms["objective"])
        expected = formulas.mse(objective.reconstruct(batch["images"]), batch["images"])
        torch.testing.assert_close(terms["mse"], expected.detach())

    def test_sees_the_corrupted_images_and_is_compared_with_the_clean_ones(self) -> None:
        encoder, decoder = nn.Identity(), nn.Identity()
        objective = AutoencoderObjective(
            encoder, decoder, output="linear", corruption=lambda x, source, shared=False: x + 0.5
        )
        loss, _ = objective("model", images(TABLE), generator())
        assert loss.item() == pytest.approx(0.25)
        assert objective.evaluate(images(TABLE), generator())["mse"].tolist() == pytest.approx([0.25] * 5)

    def test_applies_the_sigmoid_in_float32_where_the_networks_ran_in_bf16(self) -> None:
        raws: list[Tensor] = []
        objective, batch = plain(TABLE), images(TABLE)
        objective.decoder.register_forward_hook(lambda module, inputs, output: raws.append(output))
        with torch.autocast("cpu", torch.bfloat16):
            loss, _ = objective("model", batch, generator())
        assert raws[0].dtype == torch.bfloat16
        torch.testing.assert_close(loss, functional.mse_loss(raws[0].float().sigmoid(), batch["images"]))

    def test_is_compared_with_the_target_where_there_is_one(self) -> None:
        objective = AutoencoderObjective(nn.Identity(), nn.Upsample(scale_factor=2), output="linear")
        x = torch.rand(3, 1, 4, 4)
        batch = {"images": x, "target": functional.interpolate(x, scale_factor=2) + 0.5}
        assert objective("model", batch, generator())[0].item() == pytest.approx(0.25)
        assert objective.evaluate(batch, generator())["objective"].tolist() == pytest.approx([0.25] * 3)

    def test_decodes_logits_of_a_cross_entropy_to_the_unit_interval_whatever_its_output(self) -> None:
        code = 100 * torch.randn(5, 3)
        decoded = plain(TABLE, loss="bce", output="linear").decode(code)
        assert decoded.min() >= 0
        assert decoded.max() <= 1
        assert plain(TABLE, output="linear").decode(code).abs().max() > 1

    def test_refuses_a_decoder_whose_images_have_another_shape(self) -> None:
        objective = AutoencoderObjective(nn.Flatten(), nn.Linear(128, 1))
        with pytest.raises(InputError, match=r"\(1,\), not \(2, 8, 8\)"):
            objective("model", images(PICTURE), generator())

    def test_says_which_losses_and_outputs_there_are(self) -> None:
        with pytest.raises(InputError, match="did you mean 'mse'"):
            plain(TABLE, loss="mes")
        with pytest.raises(InputError, match="did you mean 'linear'"):
            plain(TABLE, output="liner")
