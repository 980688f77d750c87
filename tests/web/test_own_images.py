"""An image of the reader's own: scaled as the door scales it, encoded as Python encodes it, placed, and told of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsing import Page, close
from latente.estimators import Autoencoder, StackedAutoencoderClassifier
from latente.explorer import write_explorer, writing
from latente.explorer.page import runtime
from latente.explorer.parts import Part
from latente.export import onnx_bytes
from latente.images import Images, open_images
from latente.latents import edit, learn_direction, to_two_dimensions

rng = np.random.default_rng(0)
EXACT = 1e-3  # how far the page's codes may be from Python's, of their spread where that is above 1
ROUNDED = 4  # of 255: between its two directions the door rounds, and which comes first is Pillow's choice


@dataclasses.dataclass(frozen=True)
class Subject:
    model: Any
    images: Images
    page: Path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Subject]:
    """Return a function that trains a model on blobs in colour or grey, and writes its explorer."""
    if runtime() is None:
        pytest.skip("needs the built front end: make web")
    made: dict[str, Subject] = {}

    def pictures(channels: int, **options: Any) -> Subject:
        key = f"{channels} {sorted(options.items())}"
        if key not in made:
            folder = tmp_path_factory.mktemp("own")
            pixels = np.stack([_blob(24, 20)[..., :channels].transpose(2, 0, 1) for _ in range(90)])
            attribute = np.where(pixels.mean((1, 2, 3)) > np.median(pixels.mean((1, 2, 3))), 1, -1).astype(np.int8)
            images = Images(pixels, {"attributes": attribute[:, None]}, name="blobs", attribute_names=("bright",))
            shared = {"hidden": (16,), "latent_dim": 5, "epochs": 3, "random_state": 0, "device": "cpu"}
            model = Autoencoder(out=folder / "run", **(shared | {"network": "dense"} | options)).fit(images)
            made[key] = Subject(model, images, write_explorer(folder / "run", images).path)
        return made[key]

    return pictures


def _blob(height: int, width: int) -> np.ndarray:
    """A picture (h, w, 3) of a soft spot and some noise."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    spot = np.exp(-((x - rng.uniform(0.2, 0.8)) ** 2 + (y - rng.uniform(0.2, 0.8)) ** 2) * 12)
    tint = rng.uniform(60, 230, 3)
    return (spot[..., None] * tint + rng.uniform(0, 25, (height, width, 3))).astype(np.uint8)


def bring(page: Page, file: Path) -> str:
    """Choose a file, and return what is said of it."""
    page.tab.locator("#own-file").set_input_files(file)
    page.tab.evaluate("async () => { while (explorer.own.busy) await new Promise((done) => setTimeout(done, 20)); }")
    page.settle()
    return page.text("#own-told")


def code_of(page: Page) -> np.ndarray:
    return np.array(page.tab.evaluate("Array.from(explorer.own.encoded.code)"), np.float32)


@pytest.mark.parametrize(
    ("channels", "options", "kind", "size", "mode"),
    [
        (3, {}, "png", (24, 20), "RGB"),
        (3, {"network": "conv", "hidden": (8, 8)}, "png", (70, 40), "RGB"),
        (1, {}, "png", (31, 90), "RGB"),
        (1, {}, "png", (24, 20), "L"),
        (3, {}, "webp", (10, 12), "RGB"),
        (3, {"shortcut": "pca"}, "png", (24, 20), "RGBA"),
    ],
    ids=["as it is", "scaled down", "grey of colours", "grey", "scaled up", "laid on white, with a shortcut"],
)
def test_an_image_is_encoded_as_python_encodes_it(
    browser: Any,
    pictures: Callable[..., Subject],
    tmp_path: Path,
    channels: int,
    options: dict[str, Any],
    kind: str,
    size: tuple[int, int],
    mode: str,
) -> None:
    subject = pictures(channels, **options)
    drawn = Image.fromarray(_blob(*size)).convert(mode)
    if mode == "RGBA":
        drawn.putalpha(Image.fromarray(np.where(np.arange(20) < 8, 0, 255).astype(np.uint8)[None].repeat(24, 0)))
    file = tmp_path / f"one.{kind}"
    drawn.save(file, lossless=True) if kind == "webp" else drawn.save(file)
    known = subject.model.transform(subject.images)
    page = Page(browser, subject.page)
    said = bring(page, file)
    spread = float(known.std())
    door = subject.model.open([file]).pixels
    taken = np.array(page.tab.evaluate("Array.from(explorer.own.encoded.values)")).reshape(door.shape)
    off = np.abs(taken - door.astype(int))
    is_scaled = size != (24, 20)
    assert off.max() <= (ROUNDED if is_scaled else 0)
    assert off.mean() < 0.3
    expected = subject.model.transform(Images(taken.astype(np.uint8)))[0]
    np.testing.assert_allclose(code_of(page), expected, atol=EXACT * max(1.0, spread))
    np.testing.assert_allclose(page.code, expected, atol=EXACT * max(1.0, spread))  # at the sliders
    rebuilt = subject.model.decode(expected[None]).reshape(door.shape)
    close(page.picture("own-decoded"), rebuilt[0].transpose(1, 2, 0))
    error = ((taken - rebuilt.astype(float)) ** 2).mean() / 255**2
    assert float(said.split("error ")[1].split(",")[0]) == pytest.approx(error, rel=0.02)
    nearest = np.argsort(np.linalg.norm(known - expected, axis=1))[:12]
    names = page.tab.locator("#own-nearest button").evaluate_all("all => all.map(one => one.title)")
    assert names == [f"#{i}" for i in nearest]
    place = page.tab.evaluate("explorer.maps.place(0, explorer.own.encoded.code)")
    points = to_two_dimensions(known)
    axes = np.linalg.pinv(points) @ (known - known.mean(axis=0))
    np.testing.assert_allclose(place, axes @ (expected - known.mean(axis=0)), atol=0.01 * points.std())
    assert page.complaints == []
    page.context.close()


def test_a_large_picture_is_scaled_as_the_door_scales_it_and_a_jpeg_nearly_so(
    browser: Any, pictures: Callable[..., Subject], tmp_path: Path
) -> None:
    subject = pictures(3)
    page = Page(browser, subject.page)
    for kind, most, mean in (("png", 2, 0.2), ("jpg", 20, 2.0)):  # the door decodes JPEG at a part of its size
        file = tmp_path / f"large.{kind}"
        Image.fromarray(_blob(600, 420)).save(file)
        bring(page, file)
        door = subject.model.open([file]).pixels[0].astype(int)
        shown = np.array(page.tab.evaluate("Array.from(explorer.own.encoded.values)")).reshape(door.shape)
        assert np.abs(shown - door).max() <= most
        assert np.abs(shown - door).mean() < mean
    page.context.close()


def test_a_picture_can_be_dropped_and_what_is_none_is_refused_in_a_line(
    browser: Any, pictures: Callable[..., Subject], tmp_path: Path
) -> None:
    page = Page(browser, pictures(3).page)
    (tmp_path / "no.png").write_text("no picture")
    said = bring(page, tmp_path / "no.png")
    assert said == "no.png cannot be encoded: it is no picture that this browser can read."
    page.tab.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(20, 24);
          canvas.getContext("2d").fillRect(0, 0, 9, 9);
          const file = new File([await canvas.convertToBlob()], "dropped.png");
          const data = new DataTransfer();
          data.items.add(file);
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
          while (!document.getElementById("own-told").textContent.startsWith("dropped.png: "))
            await new Promise((done) => setTimeout(done, 20));
        }"""
    )
    assert page.tab.locator("#own-image").is_visible()
    assert {address.split(":")[0] for address in page.requests} <= {"file", "data", "blob"}
    page.context.close()


def test_sliders_that_start_from_an_image_keep_its_detail_as_python_does(
    browser: Any, pictures: Callable[..., Subject], tmp_path: Path
) -> None:
    subject = pictures(3)
    model, images = subject.model, subject.images
    page = Page(browser, subject.page)
    box = page.tab.locator("#detail")
    assert not box.is_enabled()
    codes = model.transform(images)
    direction = learn_direction(codes, images.columns["attributes"][:, 0], attribute="bright")
    Image.fromarray(_blob(24, 20)).save(tmp_path / "own.png")
    own = model.open([tmp_path / "own.png"]).pixels
    for values, start in (
        (images.pixels[7:8], lambda: page.tab.evaluate("explorer.pick(null, 7)")),
        (own, lambda: bring(page, tmp_path / "own.png")),
    ):
        start()
        page.settle()
        box.check()
        page.settle()
        close(page.picture("decoded"), values[0].transpose(1, 2, 0))  # strength 0 is the image itself
        page.slide("direction-0", 1.25)
        expected = edit(model, values, direction, [1.25], keep_detail=True)[0, 0]
        close(page.picture("decoded"), expected.transpose(1, 2, 0))
        box.uncheck()
        page.settle()
        close(page.picture("decoded"), edit(model, values, direction, [1.25])[0, 0].transpose(1, 2, 0))
    page.tab.locator("#mean").click()
    assert not box.is_enabled()
    page.context.close()


def test_a_classifiers_page_places_an_image_without_a_decoder(browser: Any, tmp_path: Path) -> None:
    if runtime() is None:
        pytest.skip("needs the built front end: make web")
    images = open_images("digits", count=120)
    options = {"hidden": (8,), "epochs": 2, "pretrain_epochs": 0, "random_state": 0, "device": "cpu"}
    model = StackedAutoencoderClassifier(out=tmp_path / "run", **options).fit(images)
    written = write_explorer(tmp_path / "run", images)
    assert not written.live
    Image.fromarray(images.pixels[5, 0]).save(tmp_path / "five.png")
    page = Page(browser, written.path)
    assert bring(page, tmp_path / "five.png") == "five.png is encoded. The diamond on the map is its place."
    np.testing.assert_allclose(code_of(page), model.transform(images)[5], atol=EXACT)
    assert page.tab.locator("#own-nearest button >> nth=0").get_attribute("title") == "#5"
    assert not page.tab.locator("#own-decoded").is_visible()
    assert page.complaints == []
    page.context.close()


@pytest.mark.parametrize("case", ["16 bits", "atlas", "large"])
def test_where_the_encoder_cannot_travel_the_page_says_why(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    if runtime() is None:
        pytest.skip("needs the built front end: make web")
    dtype = np.uint16 if case == "16 bits" else np.uint8
    images = Images(rng.integers(0, np.iinfo(dtype).max, (30, 1, 8, 8)).astype(dtype), name="noise")
    options = {"latent_dim": 2, "network": "dense", "hidden": (4,), "epochs": 1, "random_state": 0}
    model = Autoencoder(out=tmp_path / "run", **options).fit(images)
    if case == "large":
        for_decoder = len(runtime().part.text) + len(Part.of("model", onnx_bytes(model, "decoder")).text)
        monkeypatch.setattr(writing, "MOST_DECODER", (for_decoder + 1) / writing.MOST_BYTES)
    page = Page(browser, write_explorer(tmp_path / "run", images, atlas=case == "atlas").path)
    reason = {
        "16 bits": "the model's images are uint16 0 to 65,535 (16 bits), and a browser reads pictures as 8 bits",
        "atlas": "this page was written without what runs a model",
        "large": "the encoder would take 0 MB",
    }[case]
    assert page.text("#own-card .hint") == f"It cannot be encoded in this page: {reason}."
    assert page.complaints == []
    page.context.close()
