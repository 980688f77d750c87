"""A network learns to paint, paints any photograph in any style in one pass, and needs nothing but its own weights."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.base import clone

from latente import FastStyleTransfer, Images, InputError, load, resume
from latente.estimators import weights
from latente.images import Photographs
from latente.objectives import StylisingObjective
from latente.training import Run


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)
    monkeypatch.setattr(StylisingObjective, "epoch_steps", 2)


def painter(**changed: object) -> FastStyleTransfer:
    """Return one that learns in a second."""
    small = {"network": "pyramid", "width": 2, "depth": 1, "augmentation": "crop:32,flips", "epochs": 2}
    return FastStyleTransfer(**{**small, "random_state": 0, "device": "cpu", "styles": painting(), **changed})


def painting() -> np.ndarray:
    """Return blue stripes."""
    stripes = (np.arange(64) // 3 % 2)[:, None, None] * np.ones((1, 48, 1))
    return (255 * (0.1 + 0.8 * stripes * np.array((0.1, 0.2, 0.9)))).astype(np.uint8)


def photographs(channels: int = 3, dtype: type = np.uint8) -> Images:
    rng, peak = np.random.default_rng(0), np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    sides = ((40, 52), (34, 36), (50, 33), (36, 36))
    return Images(Photographs.of([(peak * rng.random((channels, *one))).astype(dtype) for one in sides]))


@pytest.fixture(scope="module")
def fitted() -> FastStyleTransfer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "_PHOTOGRAPHS", 2)
        patch.setattr(StylisingObjective, "epoch_steps", 2)
        return painter().fit(photographs())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_picture_has_the_photographs_size_and_units(fitted: FastStyleTransfer, channels: int, dtype: type) -> None:
    content = np.moveaxis(photographs(channels, dtype).content[0], 0, 2)
    painted = fitted.stylise(content[..., 0] if channels == 1 else content, painting())
    assert (painted.shape, painted.dtype) == ((40, 52, 3), content.dtype)
    assert painted.std() > 0


def test_alpha_goes_from_the_photograph_to_the_style(fitted: FastStyleTransfer) -> None:
    content = photographs().content[0].transpose(1, 2, 0)
    whole, half, none = (fitted.stylise(content, painting(), alpha=alpha).astype(float) for alpha in (1.0, 0.5, 0.0))
    assert np.abs(whole - none).mean() > np.abs(half - none).mean() > 0
    batch = torch.from_numpy(photographs().content[0][None].copy()) / 255
    with torch.no_grad():
        itself = fitted.objective_.painted(batch)[0].permute(1, 2, 0).numpy()  # in its own style
    np.testing.assert_allclose(fitted.stylise(content, painting(), alpha=0.0) / 255, itself, atol=0.51 / 255)


def test_several_styles_are_mixed_by_shares(fitted: FastStyleTransfer) -> None:
    content, red = photographs().content[0].transpose(1, 2, 0), painting()[..., ::-1]
    both = [painting(), red]
    only = fitted.stylise(content, both, blend=(0, 1))
    np.testing.assert_array_equal(only, fitted.stylise(content, red))
    even = fitted.describe_style(both)
    np.testing.assert_allclose(even, (fitted.describe_style(red) + fitted.describe_style(both[0])) / 2, rtol=1e-5)


def test_tiles_go_by_the_whole_picture_so_that_no_seam_shows(fitted: FastStyleTransfer) -> None:
    rows, columns = np.mgrid[:150, :210]
    content = np.stack([rows, columns, rows + columns], 2).astype(np.float32) / 360  # dark at one end, light at another
    parts: list[float] = []
    whole = fitted.stylise(content, painting())
    tiled = fitted.stylise(content, painting(), tile=64, tell=parts.append)
    np.testing.assert_allclose(tiled, whole, atol=1e-4)
    assert len(parts) == 12
    assert parts[-1] == 1


def test_a_run_goes_on_from_its_checkpoint_bit_for_bit(tmp_path: Path) -> None:
    Image.fromarray(painting()).save(tmp_path / "painting.png")
    options = {"styles": str(tmp_path / "painting.png"), "validation": None}
    whole = painter(**options).fit(photographs())
    painter(**options, out=tmp_path / "parts").fit(photographs())
    run = Run(tmp_path / "parts")
    # what a process leaves that was killed within the second round
    shutil.copy(run.checkpoints / "last-previous.safetensors", run.checkpoints / "last.safetensors")
    shutil.rmtree(run.model)
    resumed = resume(tmp_path / "parts", photographs())
    content = photographs().content[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(resumed.stylise(content), whole.stylise(content))


def test_a_model_paints_without_what_judged_it_and_finds_that_again_to_be_judged(
    fitted: FastStyleTransfer, tmp_path: Path
) -> None:
    assert clone(fitted).width == fitted.width
    content = photographs().content[0].transpose(1, 2, 0)
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    buffer.seek(0)
    for copy in (joblib.load(buffer), load(fitted.save(tmp_path / "model"), styles=painting())):
        assert copy.objective_.features is None
        np.testing.assert_array_equal(copy.stylise(content), fitted.stylise(content))
        figures = copy.evaluate(photographs())
        assert {"content", "style", "identity", "closed", "objective"} <= set(figures)
        total = figures["content"] + 4 * figures["style"] + 4 * figures["identity"]
        assert figures["objective"] == pytest.approx(total, rel=1e-4)


def test_without_paintings_it_learns_from_drawn_textures() -> None:
    model = painter(styles=None).fit(photographs())
    content = photographs().content[0].transpose(1, 2, 0)
    assert model.stylise(content, painting()).shape == content.shape
    with pytest.raises(InputError, match="style: name the picture in whose style"):
        model.stylise(content)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"styles": "none.png"}, "none.png cannot be opened"),
        ({"styles": np.zeros((4, 5, 6), np.uint8)}, "has 6 channels"),
        ({"network": "vgg91"}, "did you mean 'vgg19'"),
        ({"width": 0}, "width"),
    ],
)
def test_what_cannot_be_learned_is_one_clear_line(options: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        painter(**options, out=tmp_path / "run").fit(photographs())
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 1.5}, "alpha is a number from 0 to 1"),
        ({"blend": (1.0, 2.0)}, "blend says something of 2 styles, and there are 1"),
        ({"blend": (0.0,)}, "at least one style must have some"),
        ({"style": "notes.txt"}, "notes.txt is a text file; name a picture"),
    ],
)
def test_what_cannot_be_painted_is_one_clear_line(
    fitted: FastStyleTransfer, options: dict, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("no picture")
    with pytest.raises(InputError, match=message) as caught:
        fitted.stylise(photographs().content[0].transpose(1, 2, 0), **options)
    assert "\n" not in str(caught.value)


def test_tables_and_pictures_of_other_channels_are_refused() -> None:
    with pytest.raises(InputError, match="is a table of 5 columns; FastStyleTransfer needs pictures"):
        painter().fit(np.zeros((8, 5)))
    with pytest.raises(InputError, match="has 5 channels: photographs have 1 to 4"):
        painter().fit(Images(np.zeros((4, 5, 40, 40), np.uint8)))
