"""What a notebook shows of a run: the right facts, nothing that a folder smuggles in, and never an exception."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente import Autoencoder
from latente.networks import LayerSummary
from latente.training import Run
from latente.training.display import as_html

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"
LINES = [
    {"part": part, "epoch": epoch, "step": 10 * epoch, "loss": 1 / epoch, "objective": value}
    for epoch, value in ((1, 0.5), (2, 0.3), (3, 0.4))
    for part in ("train", "validation")
]


class Reader(HTMLParser):
    """Collects tags, attributes and text as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def images(self) -> list[Image.Image]:
        sources = [value or "" for name, value in self.attributes if name == "src"]
        assert all(source.startswith("data:image/png;base64,") for source in sources)
        return [Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) for source in sources]


def test_a_title_alone_is_a_title_alone():
    shown = Reader(as_html("model", []))
    assert shown.text == "model"
    assert shown.images == []


def test_facts_curves_picture_and_layers_are_shown():
    layers = [LayerSummary("encoder.0", "Linear", (1, 4, 3), 1_234), LayerSummary("idle", "Linear", None, 5)]
    picture = np.zeros((30, 40, 3), np.uint8)
    html = as_html("model", [("codes", 4)], lines=LINES, best_epoch=2, picture=picture, caption="new", layers=layers)
    shown = Reader(html)
    for text in ("codes 4", "new", "2 layers, 1,239 parameters", "encoder.0", "4x3", "1,234", "idle"):
        assert text in shown.text
    curves, samples = shown.images
    assert curves.width > 400
    assert len(curves.convert("RGB").getcolors(64)) > 8
    np.testing.assert_array_equal(np.asarray(samples), picture)
    assert len(html) < 25_000


def test_a_large_picture_is_reduced():
    shown = Reader(as_html("model", [], picture=np.zeros((900, 1800, 3), np.uint8)))
    assert [image.size for image in shown.images] == [(720, 360)]


def test_texts_are_never_read_as_html():
    layers = [LayerSummary(HOSTILE, HOSTILE, (1, 2), 3)]
    picture = np.zeros((2, 2, 3), np.uint8)
    shown = Reader(as_html(HOSTILE, [(HOSTILE, HOSTILE)], picture=picture, caption=HOSTILE, layers=layers))
    assert shown.text.count(HOSTILE) == 6
    assert "script" not in shown.tags
    assert {name for name, _ in shown.attributes} <= {"style", "width", "alt", "src"}
    assert ("alt", HOSTILE) in shown.attributes


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 9, 8), np.uint8)
    Autoencoder(latent_dim=2, hidden=(4,), epochs=2, random_state=0, device="cpu", out=tmp_path / "run").fit(pixels)
    return Run.open(tmp_path / "run")


def test_a_run_shows_what_was_trained_on_what_and_its_newest_samples(run: Run):
    shown = Reader(run._repr_html_())
    for text in (f"Run {run.path}", "model autoencoder", "1x9x8 uint8", "trained on 18", "epochs 2 of 2", "cpu"):
        assert text in shown.text
    samples = shown.images[-1]
    with Image.open(run.samples / "step-000000004.png") as newest:
        np.testing.assert_array_equal(np.asarray(samples), np.asarray(newest.convert("RGB")))
    assert repr(run) == f"Run({str(run.path)!r})"


def test_the_best_epoch_of_a_run_is_the_one_with_the_lowest_validation_objective(run: Run):
    run.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    assert "epochs 3 of 2" in Reader(run._repr_html_()).text
    assert "best epoch 2" in Reader(run._repr_html_()).text


def test_a_run_without_validation_or_samples_is_shown_without_them(run: Run):
    run.metrics_file.unlink()
    for file in run.samples.iterdir():
        file.unlink()
    shown = Reader(run._repr_html_())
    assert "epochs 0 of 2" in shown.text
    assert "best epoch" not in shown.text
    assert shown.images == []


def test_a_hostile_run_is_only_text(run: Run):
    options = run.options()
    options["model"] = options["device"] = HOSTILE
    options["data"]["name"] = HOSTILE
    run.write_options(options)
    shown = Reader(run._repr_html_())
    assert shown.text.count(HOSTILE) == 3
    assert "script" not in shown.tags
    assert "onerror" not in {name for name, _ in shown.attributes}


def test_a_damaged_run_says_what_is_wrong(run: Run):
    (run.samples / "step-000000004.png").write_bytes(b"no picture")
    assert "step-000000004.png" in Reader(run._repr_html_()).text
    run.options_file.write_text("{")
    assert "options.json cannot be read" in Reader(run._repr_html_()).text
