"""A style transfer paints a photograph, goes on exactly where it was stopped, and is a picture when it is done."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

from latente import InputError, StyleTransfer, load, resume
from latente.estimators import weights
from latente.training import Run
from published import written


@pytest.fixture(autouse=True)
def _few_photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)


SHARES = ((3.0, 1.0), (1.0, 3.0))  # of blue and red


def photograph(channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    """Return a bright disc on a dark ground."""
    rows, columns = np.mgrid[:40, :48]
    disc = ((rows - 20) ** 2 + (columns - 24) ** 2 < 150).astype(np.float32)
    picture = 0.2 + 0.6 * disc[..., None] * np.linspace(1, 0.5, channels, dtype=np.float32)
    peak = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    return (picture * peak).astype(dtype)


def painting(colour: tuple[float, float, float] = (0.1, 0.2, 0.9)) -> np.ndarray:
    """Return stripes of a colour."""
    stripes = (np.arange(64) // 3 % 2)[:, None, None] * np.ones((1, 64, 1))
    return (255 * (0.1 + 0.8 * stripes * np.array(colour))).astype(np.uint8)


def transfer(**changed: object) -> StyleTransfer:
    """Return one that paints in a second."""
    short = {"network": "pyramid", "side": 48, "steps": 12, "preview_every": 6, "random_state": 0, "device": "cpu"}
    return StyleTransfer(**{**short, **changed})


def test_the_picture_comes_near_to_the_style_and_keeps_the_content() -> None:
    model = transfer(steps=30)
    painted = model.stylise(photograph(), painting())
    assert (painted.shape, painted.dtype) == ((40, 48, 3), np.uint8)
    assert painted[..., 2].mean() > photograph()[..., 2].mean()  # bluer, as the stripes are
    content = photograph()[..., 0].astype(float)
    assert np.corrcoef(painted[..., 0].ravel(), content.ravel())[0, 1] > 0.25
    losses = [line["loss"] for line in model.history_ if line["part"] == "train"]
    assert losses[-1] < 0.2 * losses[0]
    assert (model.network_, model.weights_, model.sha256_) == ("pyramid", None, None)


@pytest.mark.parametrize(("channels", "dtype"), [(1, np.uint8), (4, np.uint8), (3, np.uint16), (3, np.float32)])
def test_the_picture_is_coloured_and_in_the_photographs_units(channels: int, dtype: type) -> None:
    X = photograph(channels, dtype)
    painted = transfer(steps=2).stylise(X[..., 0] if channels == 1 else X, painting())
    assert (painted.shape, painted.dtype) == ((40, 48, 3), X.dtype)
    assert painted.max() > 0.3 * X.max()


def test_equal_seeds_give_equal_pictures_from_noise() -> None:
    one, two, other = (
        transfer(start="noise", steps=2, random_state=seed).stylise(photograph(), painting()) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_luminance_keeps_the_photographs_colours_and_histogram_nearly() -> None:
    X, red = photograph(), painting((0.9, 0.1, 0.1))
    plain, kept, matched = (
        transfer(colours=colours).stylise(X, red).astype(float) for colours in ("style", "luminance", "histogram")
    )

    def chroma(picture: np.ndarray) -> np.ndarray:
        return picture - (picture @ [0.299, 0.587, 0.114])[..., None]

    assert np.abs(chroma(kept) - chroma(X.astype(float))).mean() < 3
    apart = [np.abs(chroma(picture) - chroma(X.astype(float))).mean() for picture in (plain, matched)]
    assert apart[1] < apart[0]


def test_styles_are_blended_or_hold_in_regions() -> None:
    blue, red = painting(), painting((0.9, 0.1, 0.1))
    left = np.zeros((40, 48), np.uint8)
    left[:, :24] = 255
    strong = {"styles": (blue, red), "style_weight": 3000.0}
    split = transfer(**strong, regions=(left, 255 - left)).fit(photograph()[None]).picture_.astype(float)
    pair = [transfer(**strong, blend=shares).fit(photograph()[None]).picture_.astype(float) for shares in SHARES]
    for one, other in ((split[:, :20], split[:, 28:]), pair):
        assert (one[..., 2] - one[..., 0]).mean() > (other[..., 2] - other[..., 0]).mean() + 5


def files(folder: Path) -> tuple[Path, Path]:
    Image.fromarray(photograph()).save(folder / "photograph.png")
    Image.fromarray(painting()).save(folder / "painting.png")
    return folder / "photograph.png", folder / "painting.png"


@pytest.mark.parametrize("more", [{}, {"optimizer": "adam", "ema": 0.9}, {"scales": 2, "colours": "luminance"}])
def test_a_run_goes_on_from_its_checkpoint_bit_for_bit(more: dict, tmp_path: Path) -> None:
    content, style = files(tmp_path)
    whole = transfer(**more, out=tmp_path / "whole").stylise(content, style)
    transfer(**more, out=tmp_path / "parts", styles=str(style)).fit(content)
    run = Run(tmp_path / "parts")
    for name in ("last", "best"):  # what a process leaves that was killed within the second round
        shutil.copy(run.checkpoints / "last-previous.safetensors", run.checkpoints / f"{name}.safetensors")
    shutil.rmtree(run.model)
    resumed = resume(tmp_path / "parts")
    np.testing.assert_array_equal(resumed.picture_, whole)
    np.testing.assert_array_equal(load(tmp_path / "parts").picture_, whole)
    with Image.open(tmp_path / "parts" / "picture.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), whole)
    options = json.loads((tmp_path / "parts" / "options.json").read_text())["options"]
    assert (options["network"], options["steps"], options["styles"]) == ("pyramid", 12, str(style))


def test_what_the_optimiser_of_a_coarser_scale_knew_is_let_go_of(tmp_path: Path) -> None:
    content, style = files(tmp_path)
    transfer(scales=2, out=tmp_path / "run").stylise(content, style)
    state = Run(tmp_path / "run").checkpoint()["optimizers"]
    assert (state["picture2"]["steps"], state["picture2"]["gradient"]) == ([], None)
    assert 0 < len(state["picture1"]["steps"]) <= 10


def test_a_painted_picture_is_saved_loaded_copied_and_judged(tmp_path: Path) -> None:
    content, style = files(tmp_path)
    model = transfer(styles=str(style)).fit(content)
    assert clone(model).get_params() == model.get_params()
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    for copy in (joblib.load(buffer), load(model.save(tmp_path / "model"))):
        np.testing.assert_array_equal(copy.picture_, model.picture_)
        figures = copy.evaluate(content)
        assert figures["objective"] == pytest.approx(
            figures["content"] + 1500 * figures["style"] + 0.3 * figures["tv"], rel=1e-4
        )


def test_a_plan_tells_time_and_memory_and_changes_nothing(tmp_path: Path) -> None:
    content, style = files(tmp_path)
    plan = transfer(styles=str(style), steps=None, out=tmp_path / "run").plan(content)
    assert plan["options"]["steps"] == 140
    assert plan["seconds_estimate"] > 0
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"styles": None}, "name the picture in whose style"),
        ({"styles": "none.png"}, "none.png cannot be opened"),
        ({"network": "vgg91"}, "did you mean 'vgg19'"),
        ({"style_layers": "1,6"}, "pyramid has no layer '6'; it has 1, 2, 3, 4, 5"),
        ({"style_layers": "1:x"}, "'1:x' is no layer with a weight above 0"),
        ({"blend": (1.0, 2.0)}, "blend says something of 2 styles, and there are 1"),
        ({"scales": 5}, "scales=5 takes as many octaves"),
        ({"validation": 0.1}, "one photograph, and nothing to hold out"),
        ({"side": 18}, "would be 15x18 pixels: it takes 16 along each side"),
        ({"colours": "content"}, "colours"),
    ],
)
def test_what_cannot_be_is_one_clear_line(options: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        transfer(**{"styles": painting(), "out": tmp_path / "run", **options}).fit(photograph()[None])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_one_photograph_is_painted_and_no_set() -> None:
    with pytest.raises(InputError, match="holds 3 images: a style transfer paints one photograph"):
        transfer(styles=painting()).fit(np.stack([photograph()] * 3))
    with pytest.raises(InputError, match="is a table of 5 columns; StyleTransfer needs pictures"):
        transfer(styles=painting()).fit(np.zeros((1, 5)))


def test_it_paints_through_squeezenet_by_its_file(tmp_path: Path) -> None:
    path = written("squeezenet", tmp_path / "mine.npz", 0.1)
    model = transfer(network="auto", weights=str(path), steps=4, log_every=1)
    painted = model.stylise(photograph(), painting())
    losses = [line["loss"] for line in model.history_ if line["part"] == "train"]
    assert painted.shape == (40, 48, 3)
    assert model.network_ == "squeezenet"
    assert losses[-1] < losses[0]
