"""Feature networks have the published layers, come from files that are checked, and describe places where they say."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

import published
from latente import AnomalyDetector, InputError, load
from latente.estimators.options import detection
from latente.networks.features import NETWORKS, open_features
from latente.networks.published import SHA256

FILES = {"squeezenet": "squeezenet_v1_0.npz", "vgg19-distilled": "vgg19_distilled16x_wct_se.pth"}


def written(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write random numbers in the layout of the published file, take its sum for the known one, and return it."""
    path = published.written(name, folder / FILES[name], 0.1)
    monkeypatch.setitem(SHA256, name, hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_places_lie_where_they_say(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = open_features(name, written(name, tmp_path, monkeypatch))
    for side in (32, 41, 63, 100):
        picture = torch.zeros(1, 1, 40, side)
        assert network(picture).shape[1:3] == (len(network.centres(40)), len(network.centres(side)))
        assert 0 <= network.centres(side).min() <= network.centres(side).max() <= side - 1
    dark, spotted = torch.zeros(1, 1, 96, 96), torch.zeros(1, 1, 96, 96)
    spotted[..., 56:60, 24:28] = 1
    change = (network(spotted) - network(dark)).square().sum(3)[0]
    for axis, middle in ((0, 57.5), (1, 25.5)):
        weight = change.sum(1 - axis).numpy()
        assert float((weight * network.centres(96)).sum() / weight.sum()) == pytest.approx(middle, abs=4)
    colour, alpha = torch.rand(1, 3, 40, 40), torch.ones(1, 1, 40, 40)
    torch.testing.assert_close(network(torch.cat([colour, alpha], 1)), network(colour))
    with pytest.raises(InputError, match="30x40 pixels is too small"):
        network(torch.zeros(1, 1, 30, 40))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", ["memory", "gaussian"])
def test_a_detector_looks_through_them_and_takes_them_along(
    name: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(name, tmp_path, monkeypatch)
    rng = np.random.default_rng(0)
    pictures = rng.normal(100, 8, (24, 50, 60)).clip(0, 255).astype(np.uint8)
    spotted = pictures[:4].copy()
    spotted[:, 20:30, 20:30] = 230
    model = AnomalyDetector(
        method=method, features=name, weights=str(path), contrast=31, random_state=0, device="cpu"
    ).fit(pictures)
    assert (model.method_, model.features_, model.parameter_count()) == (method, name, 0)
    assert (model.predict(spotted) == -1).all()
    usual, elsewhere, odd = model.objective_.fused(torch.tensor([[1.0, 1], [1, 9], [9, 1]]))
    assert usual == elsewhere < odd  # the four oddest places count, and not the mean of all
    maps = model.anomaly_map(spotted)
    assert maps.shape == spotted.shape
    assert maps[:, 18:32, 18:32].mean() > maps[:, 40:].mean()
    scores, folder = model.score_samples(spotted), model.save(tmp_path / "model")
    path.unlink()
    np.testing.assert_array_equal(load(folder).score_samples(spotted), scores)


def test_a_file_that_is_missing_or_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        open_features("squeezenet", tmp_path / "none.npz")
    path = tmp_path / "other.pth"
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="is not the file that is known by its name"):
        open_features("vgg19-distilled", path)
    monkeypatch.setitem(SHA256, "vgg19-distilled", hashlib.sha256(b"nothing").hexdigest())
    with pytest.raises(InputError, match="is no file of weights"):
        open_features("vgg19-distilled", path)


def test_a_detector_asks_for_the_file_and_for_pictures_that_are_large_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = np.zeros((4, 40, 40), np.uint8)
    with pytest.raises(InputError, match="features='squeezenet' has no weights; name their file"):
        AnomalyDetector(features="squeezenet").fit(pictures)
    with pytest.raises(InputError, match="features='auto' takes no file; leave out weights"):
        AnomalyDetector(weights="file").fit(pictures)
    path = str(written("squeezenet", tmp_path, monkeypatch))
    with pytest.raises(InputError, match="32x32 pixels or more"):
        AnomalyDetector(features="squeezenet", weights=path).fit(pictures[:, :20])
    with pytest.raises(InputError, match="does not go with"):
        AnomalyDetector(method="pca", features="squeezenet", weights=path).fit(pictures)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_published_file_is_read(name: str, data_folder: Path) -> None:
    path = data_folder / "style" / "weights" / FILES[name]
    if not path.exists():
        pytest.skip(f"{path} is not here: the published weights are not part of the project")
    network = open_features(name, path)
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    places = network(ramp)
    assert places.isfinite().all()
    assert float(places.mean()) > 0


def test_the_options_offer_the_networks_that_there_are() -> None:
    assert tuple(NETWORKS) == detection.NETWORKS
