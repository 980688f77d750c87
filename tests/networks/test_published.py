"""Networks are read in each layout in which their weights are published, and only files that are what they say."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from latente import InputError
from latente.networks import published
from latente.networks.published import LAYOUTS, read_network
from latente.networks.vgg import VGG
from published import written


@pytest.mark.parametrize(
    ("name", "file", "sides"),
    [
        ("vgg19-normalised", "any.pth", {"1_1": (32, 48), "3_1": (8, 12)}),
        ("vgg19-distilled", "any.pth", {"1_1": (32, 48), "5_1": (2, 3)}),
        ("squeezenet", "any.npz", {"conv1": (13, 21), "fire4": (6, 10), "fire8": (3, 5)}),
    ],
)
def test_a_file_is_known_by_its_layout(name: str, file: str, sides: dict, tmp_path: Path) -> None:
    network, found, _ = read_network(written(name, tmp_path / file))
    assert found == name
    maps = network(torch.rand(1, 3, 32, 48), tuple(sides))
    assert {layer: tuple(one.shape[2:]) for layer, one in maps.items()} == sides


def test_the_file_of_torchvision_is_read_as_that_names_its_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the layout with a few channels a layer: the published one has 80 MB of them up to here
    build, names = LAYOUTS["vgg19"]
    first_layer = build().conv0.state_dict()

    def small() -> VGG:
        network = VGG((2, 3, 4, 4, 4), "5_1", reflects=False)
        network.conv0.load_state_dict(first_layer)
        return network

    assert [names[f"conv{layer}"] for layer in ("1_1", "2_1", "3_4", "4_2", "5_1")] == [
        f"features.{place}" for place in (0, 5, 16, 21, 28)
    ]
    monkeypatch.setattr(published, "LAYOUTS", {"vgg19": (small, names)})
    monkeypatch.setitem(LAYOUTS, "vgg19", (small, names))
    path = written("vgg19", tmp_path / "vgg19.pth")
    network, found, _ = read_network(path)
    assert found == "vgg19"
    x, tensors = torch.rand(1, 3, 16, 16), torch.load(path, weights_only=True)
    means, deviations = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    seen = functional.pad((x - means) / deviations, (1, 1, 1, 1), mode="replicate")
    first = functional.conv2d(seen, tensors["features.0.weight"], tensors["features.0.bias"]).relu()
    second = functional.conv2d(first, tensors["features.2.weight"], tensors["features.2.bias"], padding=1).relu()
    third = functional.conv2d(
        functional.max_pool2d(second, 2), tensors["features.5.weight"], tensors["features.5.bias"], padding=1
    ).relu()
    for layer, expected in {"1_1": first, "1_2": second, "2_1": third}.items():
        torch.testing.assert_close(network(x, (layer,))[layer], expected)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    read_network(path.rename(tmp_path / f"vgg19-{digest[:8]}.pth"))
    wrong = (tmp_path / f"vgg19-{digest[:8]}.pth").rename(tmp_path / "vgg19-dcbb9e9d.pth")
    with pytest.raises(InputError, match=f"not the file that its name states: its sha256 begins with {digest[:8]}"):
        read_network(wrong)


def test_another_file_is_refused(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="holds none of the networks vgg19, vgg19-normalised"):
        read_network(tmp_path / "other.pth")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_network(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(InputError, match="is no file of weights"):
        read_network(tmp_path / "text.pth")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("vgg19_distilled16x_wct_se.pth", "vgg19-distilled"),
        ("vgg_normalised_conv3_1.pth", "vgg19-normalised"),
        ("squeezenet_v1_0.npz", "squeezenet"),
    ],
)
def test_the_published_files_are_read(file: str, name: str, data_folder: Path) -> None:
    path = data_folder / "style" / "weights" / file
    if not path.exists():
        pytest.skip(f"{path} is not here: the published weights are not part of the project")
    network, found, _ = read_network(path)
    maps = network(torch.linspace(0, 1, 64).expand(1, 3, 64, 64), network.layers)
    assert found == name
    assert all(one.isfinite().all() and one.mean() > 0 for one in maps.values())
