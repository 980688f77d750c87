"""Figures of samples beside real images: by which features, of how many images, and what training images come to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from latente import ImageClassifier, Images, InputError, metrics, open_images
from latente.likeness import FIGURES, distances

REAL = open_images("digits", split="test", count=120)
LEARNED = open_images("digits", count=300)
MADE = np.roll(REAL.pixels[::-1], 1, axis=3)[:90]


class Places(nn.Module):
    """Two features at each of four places: the mean and the largest value of a quarter."""

    def forward(self, x: Tensor) -> Tensor:
        quarters = x.unfold(2, 4, 4).unfold(3, 4, 4).flatten(4)[:, 0]
        return torch.stack([quarters.mean(-1), quarters.amax(-1)], -1)


def test_figures_are_those_of_the_metrics_by_pixels_in_the_range_of_the_real_ones() -> None:
    found = distances(REAL, MADE, features="pixels")
    own, theirs = (pixels.reshape(len(pixels), -1) / np.float32(255) for pixels in (REAL.pixels, MADE))
    assert set(found.figures) == set(FIGURES) <= set(metrics.PROTOCOLS)
    for name, figure in FIGURES.items():
        assert found.figures[name] == pytest.approx(figure(own, theirs))


def test_principal_components_are_those_of_the_training_images() -> None:
    found = distances(REAL, MADE, learned=LEARNED)
    components = PCA(64).fit(LEARNED.pixels.reshape(300, -1) / 255)
    codes = [components.transform(pixels.reshape(len(pixels), -1) / 255) for pixels in (REAL.pixels, MADE)]
    assert found.figures["frechet_distance"] == pytest.approx(metrics.frechet_distance(*codes), rel=1e-4)
    assert found.features == "64 numbers of PCA of digits"


def test_a_fitted_classifier_gives_the_values_before_its_classes() -> None:
    model = ImageClassifier(network="dense", hidden=(16,), epochs=1, random_state=0, device="cpu").fit(LEARNED)
    found = distances(REAL, MADE, features=model)
    codes = model.transform(REAL), model.transform(MADE)
    assert found.figures["frechet_distance"] == pytest.approx(metrics.frechet_distance(*codes))
    assert found.features == "16 numbers of ImageClassifier on digits"
    same = distances(REAL, MADE, features=model.transform)
    assert same.figures == found.figures


def test_a_network_of_places_is_taken_by_its_mean() -> None:
    found = distances(REAL, MADE, features=Places())
    scaled = torch.from_numpy(REAL.pixels / np.float32(255)), torch.from_numpy(MADE / np.float32(255))
    means = [Places()(part).mean((1, 2)).numpy() for part in scaled]
    assert found.figures["kernel_distance"] == pytest.approx(metrics.kernel_distance(*means), abs=1e-6)
    assert found.features == "2 numbers of Places"


def test_the_floor_is_what_training_images_come_to_in_the_place_of_made_ones() -> None:
    found = distances(REAL, MADE, learned=LEARNED)
    assert found.floor is not None
    assert found.floor["frechet_distance"] < found.figures["frechet_distance"]
    fewer = LEARNED.take(np.arange(90))
    same = distances(REAL, fewer, learned=fewer)
    assert same.floor == pytest.approx(same.figures)


def test_features_counts_and_seed_are_told() -> None:
    found = distances(REAL, MADE, count=50, seed=3)
    assert (found.real, found.made, found.seed) == (50, 50, 3)
    assert str(found).endswith("; 50 images beside 50 by 50 numbers of PCA of digits, seed 3")
    assert found.to_json()["floor"] is None
    assert distances(REAL, MADE, count=50, seed=3) == found
    assert distances(REAL, MADE, count=50, seed=4) != found


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        (MADE[:, :, :7], {}, "array holds 1x7x8 of uint8 and digits 1x8x8 of uint8: give images of one shape"),
        (MADE / 255, {}, "of float64 and digits .* of uint8: give images of one shape and the same units"),
        (MADE, {"features": "pixel"}, "unknown features 'pixel'; did you mean 'pixels'"),
        (MADE, {"features": 3}, "features is pixels, pca, a fitted model, a module or a callable, not 3"),
        (MADE, {"count": 100}, "count=100: array holds 90 images"),
        (MADE[:3], {"features": "pixels"}, "k=3: of 3 images each has 2 neighbours"),
    ],
)
def test_what_does_not_go_together_is_refused(made: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        distances(REAL, Images(np.ascontiguousarray(made)), **options)
