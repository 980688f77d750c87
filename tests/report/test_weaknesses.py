"""Where a model fails, as a report tells it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latente.evidence import Evidence, Selection
from latente.images import Images, Scaling
from latente.metrics import AttributeShare
from latente.report.sections import weaknesses
from latente.report.sections.weaknesses import find, find_groups, find_shares, of_groups, of_shares
from latente.weaknesses import SampleShares

rng = np.random.default_rng(0)
NAMES = ("bright", "unseen")


def _images(count: int, **columns: np.ndarray) -> Images:
    having = rng.random((count, 2)) < 0.5
    pixels = rng.integers(0, 40, (count, 1, 8, 8), dtype=np.uint8)
    pixels[having[:, 0]] += 100
    return Images(
        pixels,
        {"attributes": np.where(having, 1, -1).astype(np.int8), **columns},
        attribute_names=NAMES,
        label_names=("cat", "dog"),
        files=tuple(f"{k}.png" for k in range(count)),
    )


def _model(**abilities: Any) -> Any:
    """What rebuilds bright images 0.1 of the range too dark, and all others without an error but for noise."""

    def outputs(images: Images) -> dict[str, np.ndarray]:
        pixels = images.pixels.astype(np.float32) / 255
        bright = pixels.mean(axis=(1, 2, 3), keepdims=True) > 0.25
        rebuilt = pixels - np.where(bright, 0.1, 0.0) + np.random.default_rng(1).normal(0, 0.01, pixels.shape)
        return {"images": pixels, "reconstructions": rebuilt.astype(np.float32)}

    scaling = Scaling.fit(np.array([[[[0, 255]]]], np.uint8))
    return SimpleNamespace(outputs=outputs, layout_="NCHW", image_shape_=(1, 8, 8), scaling_=scaling, **abilities)


def _dark(n: int = 16, random_state: Any = None) -> np.ndarray:
    return np.random.default_rng(random_state).integers(0, 40, (n, 1, 8, 8), dtype=np.uint8)


def _evidence(model: Any, judged: Images, learned: Images | None = None, is_unseen: bool = True) -> Evidence:
    selections = [Selection(images, np.arange(len(images)), "test images") for images in (judged, learned or judged)]
    return Evidence(model, selections[0], is_unseen, selections[1] if learned is not None else None)


def test_the_hardest_attribute_and_its_worst_images_come_first() -> None:
    model, images = _model(reconstruct=len), _images(60)
    bright = images.columns["attributes"][:, 0] > 0
    label = np.where(bright, bright.cumsum(), (~bright).cumsum()) % 2  # as many bright ones in either class
    images = dataclasses.replace(images, columns={**images.columns, "label": label})
    evidence = _evidence(model, images)
    section = find(model, evidence)
    assert section is not None
    attributes, classes = section.content["kinds"]
    assert (attributes.title, classes.title) == ("Error by attribute", "Error by class")
    errors = evidence.figures["mse"]
    name, count, own, others, gap = attributes.rows[0]
    assert (name, count) == ("bright", str(bright.sum()))
    assert float(own) == pytest.approx(errors[bright].mean(), rel=1e-3)
    assert float(others) == pytest.approx(errors[~bright].mean(), rel=1e-3)
    assert float(gap.split()[0]) == pytest.approx(0.01, abs=0.001)
    assert {row[0] for row in classes.rows} == {"cat", "dog"}
    [(title, cases)] = attributes.worst
    assert classes.worst == []  # neither is hard
    assert title == "bright: the worst"
    worst = np.flatnonzero(bright)[np.argsort(-errors[bright])][: weaknesses.WORST]
    assert [case.note.rsplit(" ", 1)[1] for case in cases] == [f"{k}.png" for k in worst]
    assert "hardest attribute is bright" in section.content["findings"][0]
    assert section.content["shares"] is None  # it draws nothing


def test_classes_alone_are_told_apart_and_the_hardest_is_shown() -> None:
    model, images = _model(reconstruct=len), _images(60)
    label = (images.columns["attributes"][:, 0] > 0).astype(int)
    images = Images(images.pixels, {"label": label}, label_names=("cat", "dog"))
    section = find(model, _evidence(model, images))
    assert section is not None
    assert [kind.title for kind in section.content["kinds"]] == ["Error by class"]
    [(title, cases)] = section.content["kinds"][0].worst
    assert (title, len(cases)) == ("dog: the worst", weaknesses.WORST)
    assert all("dog" in case.note for case in cases)


def test_samples_are_counted_by_what_was_learned_from_training_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weaknesses, "SAMPLES", 100)
    model, judged, learned = _model(sample=_dark), _images(50), _images(70)
    shares = find_shares(model, _evidence(model, judged, learned))
    assert shares is not None
    assert (shares.count, shares.learned, shares.tried) == (100, 70, 50)
    bright = shares.shares[0]
    assert (bright.name, bright.in_samples) == ("bright", 0.0)
    assert bright.in_data == (learned.columns["attributes"][:, 0] > 0).mean()
    section = find(model, _evidence(model, judged, learned))
    assert section is not None
    assert section.content["kinds"] == []  # it rebuilds nothing
    assert section.content["shares"][0][0] == "bright"
    assert section.content["shares"][1][-1] == "cannot be told"


def test_images_that_training_saw_try_no_classifier_that_learned_from_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weaknesses, "SAMPLES", 10)
    model, judged = _model(sample=_dark), _images(50)
    for evidence in (_evidence(model, judged), _evidence(model, judged, judged, is_unseen=False)):
        shares = find_shares(model, evidence)
        assert shares is not None
        assert (shares.learned, shares.tried) == (25, 25)


def test_what_can_neither_rebuild_nor_draw_and_images_that_show_nothing_have_no_such_section() -> None:
    assert find(_model(), _evidence(_model(), _images(50))) is None
    both = _model(reconstruct=len, sample=_dark)
    plain = Images(_images(50).pixels)
    assert find(both, _evidence(both, plain)) is None
    assert find_groups(both, _evidence(both, plain)) == {}


def test_nothing_is_called_hard_that_may_be_chance() -> None:
    model = _model(reconstruct=len)
    evidence = _evidence(model, _images(60))
    groups = find_groups(model, evidence)["by attribute"]
    assert of_groups("by attribute", [group for group in groups if not group.is_higher]) == (
        "No attribute is rebuilt worse than the rest beyond chance."
    )
    untold = AttributeShare("a", 0.6, 0.6, 0.6, 1.0, None, None)
    assert "Of no attribute" in of_shares(SampleShares(10, 20, 20, [untold]))
    told = AttributeShare("hat", 0.9, 0.6, 0.35, 0.4, 0.25, (0.2, 0.3))
    text = of_shares(SampleShares(2_000, 20, 20, [told, untold])).replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("Among 2,000 samples the share of hat is farthest")
    assert text.endswith("25 % (20 % to 30 %) for 40 %.")
