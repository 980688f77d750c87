"""What restorers minimise: the distance to what a picture should be, whatever made it worse."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor, nn

from latente.corruptions import Masking
from latente.errors import InputError
from latente.objectives import RestorationObjective
from latente.resampling import enlarged


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(0))


def halved(x: Tensor, generator: Generator, shared: bool) -> tuple[Tensor, None]:
    return x / 2, None


@pytest.mark.parametrize(("loss", "distance"), [("l1", lambda d: d.abs()), ("mse", lambda d: d**2)])
def test_the_loss_is_the_mean_distance_per_value_to_the_image_itself(loss: str, distance: object) -> None:
    objective, x = RestorationObjective(nn.Identity(), loss=loss, worsen=halved), images(4, 3, 5, 6)
    assert callable(distance)
    value, terms = objective("model", {"images": x}, Generator())
    torch.testing.assert_close(value, distance(x / 2).mean())
    torch.testing.assert_close(terms, {loss: value})
    of_each = objective.evaluate({"images": x}, Generator())
    torch.testing.assert_close(of_each["objective"], distance(x / 2).flatten(1).mean(1))


def test_of_pairs_the_image_goes_in_and_the_target_should_come_out() -> None:
    objective = RestorationObjective(nn.Identity(), loss="mse")
    assert objective.columns == ("target",)
    x, wanted = images(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    outputs = objective.outputs({"images": x, "target": wanted}, Generator())
    torch.testing.assert_close(outputs["images"], wanted)
    torch.testing.assert_close(outputs["inputs"], x)
    torch.testing.assert_close(outputs["objective"], ((1 - x) ** 2).flatten(1).mean(1))


def test_hidden_pixels_are_0_for_the_network_which_is_told_where_and_the_known_ones_stay() -> None:
    class Spy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            self.seen = x
            return x[:, :3] * 0 + 0.25

    spy, masking, x = Spy(), Masking(0.5), images(2, 3, 8, 8)

    def worsen(x: Tensor, generator: Generator, shared: bool) -> tuple[Tensor, Tensor]:
        hidden = masking.hidden(x, generator, shared)
        return x.masked_fill(hidden, 0), hidden

    objective = RestorationObjective(spy, worsen=worsen)
    hidden = masking.hidden(x, Generator().manual_seed(1), True)
    outputs = objective.outputs({"images": x}, Generator().manual_seed(1))
    assert spy.seen.shape == (2, 4, 8, 8)
    torch.testing.assert_close(spy.seen[:, :3], x.masked_fill(hidden, 0))
    torch.testing.assert_close(spy.seen[:, 3:], (~hidden).float().expand(2, -1, -1, -1))
    torch.testing.assert_close(outputs["reconstructions"], torch.where(hidden, torch.tensor(0.25), x))


def test_what_is_made_is_clipped_where_images_are_but_not_for_training() -> None:
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    x = torch.ones(1, 1, 2, 2)
    clipped, free = (RestorationObjective(Twice(), worsen=halved, clip=clip) for clip in (True, False))
    assert (clipped.restore(x).max(), free.restore(x).max()) == (1, 2)
    beyond = RestorationObjective(nn.Sequential(Twice(), Twice()), worsen=halved)
    assert beyond("model", {"images": x}, Generator())[0] == 1  # of 2 beside 1
    assert beyond.evaluate({"images": x}, Generator())["objective"] == 0


def test_smaller_inputs_are_shown_enlarged_to_the_image_s_own_size() -> None:
    def worsen(x: Tensor, generator: Generator, shared: bool) -> tuple[Tensor, None]:
        return x[..., ::2, ::2], None

    objective = RestorationObjective(nn.Upsample(scale_factor=2), worsen=worsen, enlarge=lambda x: enlarged(x, 2))
    x = images(1, 3, 7, 9)
    outputs = objective.outputs({"images": x}, Generator())
    assert outputs["inputs"].shape == outputs["reconstructions"].shape == x.shape


def test_an_unknown_loss_is_named() -> None:
    with pytest.raises(InputError, match="did you mean 'l1'"):
        RestorationObjective(nn.Identity(), loss="l2")
