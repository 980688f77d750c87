"""A detector looks through a module of its caller's, whole pictures or places of them, and asks for it back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latente import AnomalyDetector, InputError, ModelError, load, open_images, resume
from latente.culling import maps_of, tells_where
from toys import bright_squares


def damaged(count: int = 20, seed: int = 1) -> np.ndarray:
    """Return the same with stripes in a corner."""
    X = bright_squares(count, seed)
    X[:, :4, 10::2] = 250
    return X


def detector(**options: object) -> AnomalyDetector:
    return AnomalyDetector(**{"random_state": 0, "device": "cpu", **options})


class Blocks(nn.Module):
    """Mean and deviation of every 2x2 pixels, as places."""

    def forward(self, x: Tensor) -> Tensor:
        mean = nn.functional.avg_pool2d(x, 2)
        return torch.cat([mean, (nn.functional.avg_pool2d(x.square(), 2) - mean.square()).clamp(min=0).sqrt()], 1)


class Rows(nn.Module):
    """Mean of each of four parts of the rows: no places. Dropout, as a reminder that it is not trained."""

    def __init__(self) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.arange(1.0, 5.0))
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(nn.functional.adaptive_avg_pool2d(x, (4, 1))[:, 0, :, 0] * self.factors)


def test_places_of_a_module_of_one_s_own_find_and_show_what_is_planted(tmp_path: Path) -> None:
    model = detector(features=Blocks()).fit(bright_squares())
    assert (model.method_, model.features_, model.has_maps()) == ("memory", "own", True)
    odd = damaged()
    assert (model.predict(odd) == -1).all()
    maps = model.anomaly_map(odd)
    assert maps.shape == odd.shape
    assert maps[:, :4, 10:].mean() > 5 * maps[:, 12:, :8].mean()
    again = load(model.save(tmp_path), features=Blocks())
    np.testing.assert_array_equal(again.score_samples(odd), model.score_samples(odd))
    np.testing.assert_array_equal(again.anomaly_map(odd), maps)


def test_whole_pictures_are_what_the_method_makes_of_the_module_s_own_numbers(tmp_path: Path) -> None:
    X, odd, module = bright_squares(), damaged(), Rows()
    model = detector(features=module, validation=None).fit(X)
    assert (model.method_, model.has_maps()) == ("gaussian", False)
    module.eval()
    with torch.no_grad():
        tables = [module(torch.from_numpy(part[:, None] / np.float32(255))).numpy() for part in (X, odd)]
    beside = detector(method="gaussian", validation=None).fit(tables[0].astype(np.float32))
    np.testing.assert_allclose(model.left_out_, beside.left_out_, atol=0.02)  # a table is scaled, which changes nothing
    module.factors.data.zero_()  # the detector has a copy
    again = load(model.save(tmp_path), features=Rows())
    np.testing.assert_array_equal(again.score_samples(odd), model.score_samples(odd))
    with pytest.raises(InputError, match="there is no map"):
        model.anomaly_map(odd)
    assert not tells_where(model)
    assert maps_of(model, open_images(odd)) is None


def test_without_its_module_a_model_is_not_loaded_and_a_run_not_gone_on_with(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", bright_squares())
    model = detector(features=Blocks(), out=tmp_path / "run").fit(tmp_path / "set.npy")
    with pytest.raises(ModelError, match=r"features of its own; give load\(\.\.\., features=\.\.\.\)"):
        load(tmp_path / "run")
    with pytest.raises(InputError, match=r"resume\(\.\.\., features"):
        resume(tmp_path / "run")
    again = resume(tmp_path / "run", features=Blocks())
    np.testing.assert_array_equal(again.left_out_, model.left_out_)
    detector().fit(bright_squares()).save(tmp_path / "other")
    with pytest.raises(ModelError, match="its features are not those"):
        load(tmp_path / "other", features=Blocks())


def test_pictures_of_many_sizes_are_taken_whole_by_a_module_that_can() -> None:
    images = open_images([picture[: 16 - k % 3] for k, picture in enumerate(bright_squares(40))], size="keep")
    for module in (Blocks(), Rows()):
        model = detector(features=module).fit(images)
        assert np.isfinite(model.score_samples(images)).all()
    with pytest.raises(InputError, match="Sequential cannot take images"):
        detector(features=nn.Sequential(nn.Flatten(), nn.Linear(14 * 15, 3))).fit(images)
    with pytest.raises(InputError, match="let it return as many for any size"):
        detector(features=nn.Flatten()).fit(images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": nn.Linear(3, 2)}, "features: Linear cannot take images"),
        ({"features": nn.Flatten(0)}, r"Flatten returns \(448,\) for two images \(1, 16, 14\)"),
        ({"features": nn.Flatten(), "method": "memory"}, "take gaussian, pca, neighbours or reconstruction"),
        ({"features": Blocks(), "method": "pca"}, "take memory, gaussian or reconstruction"),
        ({"features": 3}, "features"),
        ({"features": [Blocks()]}, "is a name or a torch module"),
        ({"features": Blocks(), "weights": "a.pth"}, "takes no file"),
    ],
)
def test_a_module_that_does_not_fit_is_one_clear_line(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        AnomalyDetector(**options).fit(bright_squares())
    assert "\n" not in str(caught.value)
