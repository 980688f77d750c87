"""What a run learned from and is judged by: opened once, and passed once through its model."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from latente import evidence as module
from latente.errors import InputError
from latente.estimators import Autoencoder, StackedAutoencoderClassifier, VariationalAutoencoder
from latente.evidence import Evidence, Selection, as_pictures, draw, open_evidence
from latente.images import Images, Scaling, open_images
from latente.training import Run

rng = np.random.default_rng(0)


def _images(count: int = 40, **columns: np.ndarray) -> Images:
    pixels = rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)
    return Images(pixels, {"label": np.arange(count) % 3, **columns})


def _run(folder: Path, images: Images, **data: object) -> Run:
    """A run folder that was trained on the images, a quarter of them held out, as far as its options say."""
    options = {
        "options": {"validation": 0.25, "random_state": 7},
        "data": {"source": dict(images.source), "fingerprint": images.fingerprint, **data},
    }
    (folder / "options.json").write_text(json.dumps(options))
    return Run.open(folder)


def _model(images: Images, kind: Any = Autoencoder, latent_dim: int = 3, **options: Any) -> Any:
    options = {"epochs": 1, "random_state": 0, "network": "dense", "hidden": (8,), "device": "cpu", **options}
    return kind(latent_dim=latent_dim, **options).fit(images)


def _evidence(model: Any, images: Images, **changes: Any) -> Evidence:
    return Evidence(model, Selection(images, np.arange(len(images)), "test images"), True, **changes)


def test_the_runs_own_images_are_split_as_in_training(tmp_path: Path) -> None:
    images = _images()
    evidence = open_evidence(_run(tmp_path, images), None, images)
    assert evidence.judged is not None
    assert evidence.learned is not None
    assert evidence.judged.name == "validation images"
    assert evidence.is_unseen is True
    assert len(evidence.judged) == 10
    assert sorted([*evidence.judged.rows, *evidence.learned.rows]) == list(range(40))


def test_the_images_that_a_classifier_held_out_are_those_that_its_training_held_out(tmp_path: Path) -> None:
    images = _images(60)
    model = StackedAutoencoderClassifier(
        hidden=(4,), epochs=1, pretrain_epochs=0, validation=0.2, random_state=5, out=tmp_path / "run", device="cpu"
    ).fit(images)
    evidence = open_evidence(Run.open(tmp_path / "run"), model, images)
    assert evidence.judged is not None
    assert evidence.judged.name == "validation images"
    counts = np.bincount(images.columns["label"][evidence.judged.rows])
    assert counts.tolist() == [4, 4, 4]
    accuracy = next(line["accuracy"] for line in evidence.lines if line["part"] == "validation")
    assert evidence.metrics["accuracy"] == pytest.approx(accuracy)


def test_a_set_of_its_own_that_validated_judges_as_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "others.npy"
    for name, count in (("images", 20), ("others", 6)):
        np.save(tmp_path / f"{name}.npy", rng.integers(0, 256, (count, 8, 8), dtype=np.uint8))
    images = open_images(tmp_path / "images.npy")
    model = _model(images, validation=folder, out=tmp_path / "run")
    run = Run.open(tmp_path / "run")
    evidence = open_evidence(run, model, images)
    assert evidence.judged is not None
    assert evidence.learned is not None
    assert (evidence.judged.name, evidence.is_unseen, len(evidence.learned)) == ("validation images", True, 20)
    np.testing.assert_array_equal(evidence.judged.take().pixels, open_images(folder).pixels)
    assert [(part.name, len(part)) for part in module.open_parts(run, model)] == [
        ("training images", 20),
        ("validation images", 6),
    ]
    folder.unlink()
    evidence = open_evidence(run, model, images)
    assert evidence.judged is not None
    assert (evidence.judged.name, evidence.is_unseen) == ("training images", False)


def test_other_images_are_taken_as_they_come(tmp_path: Path) -> None:
    other = _images(5)
    evidence = open_evidence(_run(tmp_path, _images()), None, other)
    assert evidence.judged is not None
    assert evidence.judged.images is other
    assert (evidence.is_unseen, evidence.learned) == (None, None)


def test_a_set_with_a_test_part_is_judged_by_it(tmp_path: Path) -> None:
    digits = open_images("digits")
    evidence = open_evidence(_run(tmp_path, digits), None)
    assert evidence.judged is not None
    assert evidence.learned is not None
    assert evidence.judged.name == "test images"
    assert evidence.judged.images.fingerprint == open_images("digits", split="test").fingerprint
    assert evidence.learned.images.fingerprint == digits.fingerprint


def test_a_folder_of_images_is_opened_again(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (20, 8, 8), dtype=np.uint8))
    images = open_images(tmp_path / "images.npy")
    evidence = open_evidence(_run(tmp_path, images), None)
    assert evidence.judged is not None
    assert evidence.judged.name == "validation images"
    np.testing.assert_array_equal(evidence.judged.images.pixels, images.pixels)


def test_the_very_images_of_the_training_are_not_opened_again(tmp_path: Path) -> None:
    digits, sources = open_images("digits"), []

    def opening(**source: object) -> Images:
        sources.append(source)
        return open_images(**source)

    evidence = open_evidence(_run(tmp_path, digits), None, digits, opening)
    assert evidence.learned is not None
    assert evidence.learned.images is digits
    assert [source["split"] for source in sources] == ["test"]


def test_a_set_that_is_gone_is_named_unless_other_images_are_given(tmp_path: Path) -> None:
    run = _run(tmp_path, _images(), source={"source": "/nowhere/at/all"})
    with pytest.raises(InputError, match="/nowhere/at/all"):
        open_evidence(run, None)
    other = _images(5)
    evidence = open_evidence(run, None, other)
    assert evidence.judged is not None
    assert (evidence.judged.images, evidence.learned) == (other, None)


def test_a_draw_is_even_in_order_and_the_same_each_time() -> None:
    rows = np.arange(1_000)
    few = draw(rows, 100, seed=0)
    assert len(set(few)) == 100
    assert (np.diff(few) > 0).all()
    assert abs(few.mean() - 500) < 100
    np.testing.assert_array_equal(few, draw(rows, 100, seed=0))
    np.testing.assert_array_equal(draw(rows, 5_000, seed=0), rows)


def _passed(model: Any) -> list[int]:
    """A list that will say how many images went through the model's encoder, pass by pass."""
    counts: list[int] = []
    model.objective_.encoder.register_forward_pre_hook(lambda module, inputs: counts.append(len(inputs[0])))
    return counts


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_all_that_is_asked_of_the_judged_images_takes_one_pass(kind: Any) -> None:
    images = _images()
    evidence = _evidence(model := _model(images, kind), images)
    counts = _passed(model)
    outputs, figures, metrics = evidence.outputs, evidence.figures, evidence.metrics
    assert evidence.originals is outputs["images"]
    assert evidence.latent_use is None or len(evidence.latent_use) == 2
    assert len(figures["mse"]) == len(images)
    assert metrics["mse"] > 0
    assert sum(counts) == len(images)


def test_a_classifier_is_passed_through_once_as_well() -> None:
    images = _images()
    model = StackedAutoencoderClassifier(hidden=(4,), epochs=1, pretrain_epochs=0, random_state=0, device="cpu")
    evidence = _evidence(model.fit(images), images)
    counts = _passed(model)
    assert set(evidence.outputs) >= {"images", "codes", "probabilities", "labels"}
    assert set(evidence.metrics) == {"objective", "cross_entropy", "accuracy"}
    assert sum(counts) == len(images)


@pytest.mark.parametrize("options", [{}, {"corruption": "gaussian:0.3"}])
@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_the_outputs_are_what_the_models_methods_return(kind: Any, options: dict[str, Any]) -> None:
    images = _images()
    model = _model(images, kind, **options)
    outputs = model.outputs(images)
    np.testing.assert_allclose(outputs["images"], images.pixels / 255, atol=1e-6)
    np.testing.assert_allclose(outputs["codes"], model.transform(images), atol=1e-6)
    if kind is Autoencoder:
        np.testing.assert_allclose(outputs["scores"], model.score_samples(images), rtol=1e-5)
    assert ("inputs" in outputs) == ("corruption" in options)
    inputs = outputs.get("inputs", outputs["images"])
    with torch.no_grad():
        rebuilt = model.objective_.reconstruct(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(outputs["reconstructions"], rebuilt, atol=1e-6)
    figures = _evidence(model, images).metrics
    evaluation = model.evaluate(images)
    assert list(figures) == [name for name in evaluation if name != "count"]
    assert figures == pytest.approx({name: evaluation[name] for name in figures}, rel=1e-6)


def test_a_part_of_the_images_is_worsened_and_rebuilt_as_all_are() -> None:
    images = _images()
    model = _model(images, corruption="gaussian:0.3")
    whole, part = model.outputs(images), model.outputs(images.take(np.array([3, 30])))
    for name in ("images", "inputs", "codes", "reconstructions", "objective"):
        np.testing.assert_allclose(part[name], whole[name][[3, 30]], atol=1e-6)


def test_targets_stand_beside_the_images_where_there_are_some() -> None:
    target = rng.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    images = _images(target=target)
    evidence = _evidence(_model(images), images)
    np.testing.assert_allclose(evidence.originals, target / 255, atol=1e-6)
    assert evidence.inputs is evidence.outputs["images"]
    np.testing.assert_allclose(evidence.figures["mse"].mean(), evidence.metrics["mse"])


def test_kl_per_dimension_adds_up_to_the_models_kl() -> None:
    images = _images()
    evidence = _evidence(_model(images, VariationalAutoencoder), images)
    assert evidence.latent_use is not None
    kl, active = evidence.latent_use
    assert kl.shape == active.shape == (3,)
    assert kl.sum() == pytest.approx(evidence.metrics["kl"], rel=1e-4)
    assert _evidence(_model(images), images).latent_use is None


def test_a_large_set_is_measured_on_a_part_drawn_over_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    images = _images(200)
    monkeypatch.setattr(module, "MOST_IMAGES", 20)
    first, second = (_evidence(None, images).measured for _ in range(2))
    assert first is not None
    assert second is not None
    assert len(set(first.rows)) == 20
    assert first.rows.max() > 100
    np.testing.assert_array_equal(first.rows, second.rows)
    monkeypatch.setattr(module, "MOST_VALUES", 64 * 5)
    few = _evidence(None, images).measured
    assert few is not None
    assert len(few) == 5


def test_a_model_without_outputs_has_the_figures_of_its_evaluation() -> None:
    images = _images()
    model = SimpleNamespace(
        outputs=lambda images: {"images": images.pixels / 255}, evaluate=lambda X: {"count": 40, "x": 2}
    )
    assert _evidence(model, images).metrics == {"x": 2.0}


def test_pixels_are_scaled_as_the_network_sees_them() -> None:
    sixteen = rng.integers(0, 65536, (3, 2, 4, 4), dtype=np.uint16)
    np.testing.assert_allclose(Scaling.fit(sixteen).to_range(sixteen), sixteen / 65535, atol=1e-7)
    table = rng.normal(size=(9, 4))
    result = Scaling.fit(table).to_range(table)
    np.testing.assert_allclose(result.min(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(result.max(axis=0), 1, atol=1e-6)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NHW"])
def test_decoded_images_of_any_layout_become_scaled_pictures(layout: str) -> None:
    channels = 1 if layout == "NHW" else 3
    pixels = rng.integers(0, 256, (12, channels, 8, 6), dtype=np.uint8)
    arrays = {"NCHW": pixels, "NHWC": pixels.transpose(0, 2, 3, 1), "NHW": pixels[:, 0]}[layout]
    model = _model(open_images(np.ascontiguousarray(arrays)))
    grid = arrays.reshape(3, 4, *arrays.shape[1:])
    np.testing.assert_allclose(as_pictures(model, grid), pixels.reshape(3, 4, channels, 8, 6) / 255, atol=1e-6)


def test_a_count_above_the_test_part_leaves_all_of_that_part_to_judge_by(tmp_path: Path) -> None:
    images = open_images("digits", count=400)
    model = Autoencoder(network="dense", hidden=(), latent_dim=2, epochs=1, random_state=0, out=tmp_path / "run")
    model.fit(images)
    judged = open_evidence(Run.open(tmp_path / "run"), model).judged
    assert judged is not None
    assert (len(judged), judged.name) == (355, "test images")
