"""What the sections of a report find."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from latente.estimators import Autoencoder, VariationalAutoencoder
from latente.evidence import Evidence, Selection
from latente.images import Images, Scaling
from latente.report.sections import (
    SECTIONS,
    attributes,
    classes,
    latent,
    mistakes,
    reconstructions,
    samples,
    setup,
    traversals,
)
from latente.report.sections.attributes import STRENGTHS, find_edits
from latente.report.sections.latent import find_maps
from latente.report.sections.samples import Novelty, find_novelty, newness
from latente.report.sections.setup import data_rows
from latente.report.sections.traversals import find_traversal

rng = np.random.default_rng(0)
SHAPE = (1, 2, 2)


def _model(axes: np.ndarray, offset: float = 0.5) -> Any:
    """A coder that is linear: image = offset + code @ axes, in floats that need no scaling."""
    back = np.linalg.pinv(axes)

    def decode(codes: np.ndarray) -> np.ndarray:
        return (offset + codes.reshape(len(codes), -1) @ axes).reshape(-1, *SHAPE)

    def encode(images: Images) -> np.ndarray:
        return (images.pixels.reshape(len(images), -1) - offset) @ back

    def outputs(images: Images) -> dict[str, np.ndarray]:
        codes = encode(images)
        return {"images": images.pixels.astype(np.float32), "codes": codes, "reconstructions": decode(codes)}

    return SimpleNamespace(
        decode=decode,
        encode=encode,
        outputs=outputs,
        reconstruct=lambda images: decode(encode(images)),
        image_shape_=SHAPE,
        code_shape_=(len(axes),),
        layout_="NCHW",
        scaling_=Scaling((0.0,), (1.0,), "float64", bounded=False),
    )


def _evidence(model: Any, codes: np.ndarray, learned: Images | None = None, **changes: Any) -> Evidence:
    """Images that the model decodes without error from `codes`."""
    columns = {"label": np.arange(len(codes)) % 2, **changes.pop("columns", {})}
    judged = Images(model.decode(codes), columns, attribute_names=changes.pop("attribute_names", ()))
    return Evidence(
        model,
        Selection(judged, np.arange(len(codes)), "test images"),
        changes.pop("is_unseen", True),
        None if learned is None else Selection(learned, np.arange(len(learned)), "training images"),
        **changes,
    )


def test_a_linear_code_of_all_values_keeps_what_the_raw_values_keep() -> None:
    codes = rng.normal(size=(50, 4))
    maps = find_maps(_evidence(_model(np.eye(4)), codes))
    assert maps is not None
    np.testing.assert_allclose(np.abs(maps.codes.points), np.abs(maps.raw.points), atol=1e-5)
    plane, linear, whole = maps.trusts
    assert plane == pytest.approx(linear)
    assert plane == pytest.approx(trustworthiness(codes, maps.codes.points, n_neighbors=15))
    assert whole == 1.0
    assert maps.accuracy is not None


def test_without_classes_maps_have_no_accuracy_and_two_images_no_map() -> None:
    model, codes = _model(np.eye(4)), rng.normal(size=(50, 4))
    maps = find_maps(_evidence(model, codes, columns={"label": np.full(50, -1)}))
    assert maps is not None
    assert (maps.accuracy, maps.codes.knn_accuracy) == (None, None)
    assert find_maps(_evidence(model, codes[:2])) is None
    three = find_maps(_evidence(model, codes[:3]))
    assert three is not None
    assert three.trusts == []


def test_dimensions_are_traversed_by_how_much_they_move_the_image() -> None:
    axes = np.diag([0.1, 0.05, 0.4, 0.2])
    codes = rng.normal(size=(30, 4)) * [1, 1, 1, 8]
    model = _model(axes)
    traversal = find_traversal(model, _evidence(model, codes))
    assert traversal is not None
    assert traversal.dimensions.tolist() == [3, 2, 0, 1]
    # from one deviation below to one above, one of four values moves by two deviations times its weight
    deviations = codes.std(axis=0)
    expected = 2 * deviations[[3, 2, 0, 1]] * np.array([0.2, 0.4, 0.1, 0.05]) / np.sqrt(4)
    np.testing.assert_allclose(traversal.effects, expected, rtol=1e-4, atol=1e-6)
    assert traversal.images.shape == (4, 7, *SHAPE)
    first = 0.5 + codes.mean(axis=0) @ axes - 3 * deviations[3] * axes[3]
    np.testing.assert_allclose(traversal.images[0, 0].ravel(), first, rtol=1e-4)


def test_no_more_than_eight_dimensions_are_shown() -> None:
    model, codes = _model(rng.normal(size=(12, 4))), rng.normal(size=(30, 12))
    traversal = find_traversal(model, _evidence(model, codes))
    assert traversal is not None
    assert len(traversal.images) == len(set(traversal.dimensions)) == 8


def test_spatial_codes_and_codes_that_are_all_alike_are_not_traversed() -> None:
    model = _model(np.eye(4))
    assert find_traversal(model, _evidence(model, np.ones((9, 4)))) is None
    model.code_shape_ = (1, 2, 2)
    assert find_traversal(model, _evidence(model, rng.normal(size=(9, 4)))) is None


def test_the_nearest_training_images_are_found_and_their_distance_is_per_value() -> None:
    learned = Images(rng.random((40, *SHAPE)))
    drawn = learned.pixels[[7, 3]] + np.array([0.0, 0.01]).reshape(2, 1, 1, 1)
    codes = rng.normal(size=(25, 4))
    novelty = find_novelty(_evidence(_model(np.eye(4)), codes, learned), drawn.astype(np.float32))
    assert novelty is not None
    np.testing.assert_allclose(novelty.distances, [0, 0.01], atol=1e-6)
    np.testing.assert_allclose(novelty.nearest, learned.pixels[[7, 3]], rtol=1e-6)
    assert (novelty.searched, novelty.learned) == (40, 40)
    assert novelty.held_out is not None
    gaps = (0.5 + codes)[:, None] - learned.pixels.reshape(1, 40, 4)
    np.testing.assert_allclose(novelty.held_out, np.sqrt((gaps**2).mean(axis=2)).min(axis=1), rtol=1e-5)


def test_training_images_are_no_yardstick_and_a_large_set_is_searched_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MOST_SEARCHED", 10)
    monkeypatch.setattr(samples, "YARDSTICKS", 5)
    learned, drawn = Images(rng.random((40, *SHAPE))), rng.random((3, *SHAPE), dtype=np.float32)
    model, codes = _model(np.eye(4)), rng.normal(size=(25, 4))
    novelty = find_novelty(_evidence(model, codes, learned), drawn)
    assert novelty is not None
    assert novelty.held_out is not None
    assert (novelty.searched, novelty.learned, len(novelty.held_out)) == (10, 40, 5)
    flattered = find_novelty(_evidence(model, codes, learned, is_unseen=False), drawn)
    assert flattered is not None
    assert flattered.held_out is None
    assert find_novelty(_evidence(model, codes), drawn) is None


def _with_attributes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of four values, and two attributes: one shifts the first value by 2, the other shows in nothing."""
    noise = np.random.default_rng(seed)
    has = noise.integers(0, 2, (count, 2)) * 2 - 1
    codes = 0.1 * noise.normal(size=(count, 4))
    codes[:, 0] += has[:, 0]
    return codes, has.astype(np.int8)


def test_images_without_an_attribute_are_moved_by_the_gap_of_its_classes() -> None:
    model = _model(np.eye(4))
    (known, had), (codes, has) = _with_attributes(400, 0), _with_attributes(60, 1)
    names = ("tall", "nothing")
    learned = Images(model.decode(known), {"attributes": had}, attribute_names=names)
    evidence = _evidence(model, codes, learned, columns={"attributes": has}, attribute_names=names)
    first, *_ = find_edits(model, evidence)
    assert first.direction.attribute == "tall"
    assert first.direction.accuracy == 1.0
    assert first.moved.shape == (2, len(STRENGTHS), *SHAPE)
    rows = [np.flatnonzero((evidence.originals == original).all(axis=(1, 2, 3)))[0] for original in first.originals]
    assert (has[rows, 0] == -1).all()
    still, moved = first.moved[:, STRENGTHS.index(0)], first.moved[:, STRENGTHS.index(1)]
    np.testing.assert_allclose(still, first.originals, atol=1e-6)
    gap = known[had[:, 0] == 1].mean(axis=0) - known[had[:, 0] == -1].mean(axis=0)
    np.testing.assert_allclose((moved - still).reshape(2, 4), np.tile(gap, (2, 1)), atol=1e-5)


def test_attributes_that_few_images_have_and_sets_without_any_are_left_out() -> None:
    model = _model(np.eye(4))
    (known, had), (codes, has) = _with_attributes(400, 0), _with_attributes(60, 1)
    had[:, 1] = -1
    had[:5, 1] = 1
    names = ("tall", "rare")
    learned = Images(model.decode(known), {"attributes": had}, attribute_names=names)
    evidence = _evidence(model, codes, learned, columns={"attributes": has}, attribute_names=names)
    assert [edit.direction.attribute for edit in find_edits(model, evidence)] == ["tall"]
    without = _evidence(model, codes, learned, columns={})
    assert find_edits(model, without) == []
    assert attributes.find(model, without) is None


def _novelty(distances: list[float], held_out: list[float] | None, searched: int = 500) -> Novelty:
    known = None if held_out is None else np.array(held_out)
    return Novelty(
        np.array(distances), np.zeros((len(distances), 1, 2, 2)), ["#0"] * len(distances), known, searched, 500
    )


YARD = [0.1 + 0.001 * k for k in range(100)]  # 5 % of them lie below 0.10495


@pytest.mark.parametrize(
    ("near", "words"),
    [
        (0, "new, not copies"),
        (5, "new, not copies"),
        (6, "may be copies"),
        (10, "may be copies"),
        (11, "look memorised"),
    ],
)
def test_samples_nearer_than_nearly_all_unseen_images_are_called_copies(near: int, words: str) -> None:
    text = newness(_novelty([0.01] * near + [0.2] * (20 - near), YARD))
    assert words in text
    assert f"{near} of 20 samples are nearer than 95" in text


def test_the_sentence_has_the_typical_distances_and_says_how_many_were_searched() -> None:
    text = newness(_novelty([0.125] * 3, YARD, searched=100))
    assert "typically 0.125 of the range" in text
    assert "the nearest of 100 of 500 training images" in text
    assert "a held-out image 0.1495" in text


def test_without_a_yardstick_nothing_is_said_about_copies() -> None:
    assert "nothing was held out" in newness(_novelty([0.0] * 4, None))
    assert "tells nothing" in newness(_novelty([0.0] * 4, [0.0] * 50))


def test_samples_come_channels_first_whatever_the_layout() -> None:
    for layout, shape in (("NHWC", (8, 6, 3)), ("NCHW", (3, 8, 6))):
        model = SimpleNamespace(
            sample=lambda n, random_state, shape=shape: np.zeros((n, *shape), np.uint8),
            layout_=layout,
            image_shape_=(3, 8, 6),
            scaling_=Scaling.fit(np.zeros((1, 3, 8, 6), np.uint8)),
        )
        judged = Selection(Images(np.zeros((4, 3, 8, 6), np.uint8)), np.arange(4), "images")
        drawn = samples.draw_samples(model, Evidence(model, judged))
        assert drawn is not None
        assert drawn.shape == (samples.SAMPLES, 3, 8, 6)


def test_what_was_decoded_of_the_condition_stands_beside_samples_and_reconstructions() -> None:
    columns = {"condition": rng.normal([7, 300], [0.1, 20], (40, 2)).astype(np.float32)}
    images = Images(rng.random((40, 1, 8, 8), np.float32), columns, condition_names=("mass", "wheel"))
    options = {"latent_dim": 2, "epochs": 1, "network": "dense", "hidden": (8,), "random_state": 0, "device": "cpu"}
    model = VariationalAutoencoder(condition="joint", **options).fit(images)
    evidence = Evidence(model, Selection(images, np.arange(40), "test images"), True)
    section = samples.find(model, evidence)
    assert section is not None
    made = model.sample(samples.SAMPLES, random_state=0).conditions
    told = sorted(sample.told for sample in section.content["samples"])
    assert told == sorted([f"mass {mass:.4g}", f"wheel {wheel:.4g}"] for mass, wheel in made.tolist())
    (case,), _ = reconstructions.cases(evidence, np.array([3]))
    mass, wheel = model.reconstruct(images.take([3])).conditions[0]
    assert case.note.endswith(f"decoded with it: mass {mass:.4g}, wheel {wheel:.4g}")


def test_layers_stand_in_order_with_shapes_and_all_parameters() -> None:
    images = Images(rng.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8))
    model = Autoencoder(latent_dim=3, epochs=1, random_state=0, network="dense", hidden=(8,), device="cpu").fit(images)
    layers = setup.layers_of(model)
    assert layers[0].network == "encoder"
    assert layers[-1].network == "decoder"
    assert any(layer.output == "8" for layer in layers)
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in model.objective_.parameters())
    assert setup.layers_of(object()) == []


def _classifier(answers: list[int], confidence: list[float], names: tuple[str, ...] = ("cat", "dog", "<b>")) -> Any:
    """A model of classes 0 to 2 that answers so, and images of classes 0, 1, 2, 0, 1, ..., the last unknown."""
    count = len(answers)
    probabilities = np.repeat((1 - np.array(confidence, np.float32))[:, None] / 2, 3, axis=1)
    probabilities[np.arange(count), answers] = confidence
    labels = np.append(np.arange(count - 1) % 3, -1)
    images = Images(
        rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8),
        {"label": labels},
        label_names=names,
        files=tuple(f"{k}.png" for k in range(count)),
    )
    outputs = {"images": images.pixels.astype(np.float32) / 255, "probabilities": probabilities, "labels": labels}
    outputs["accuracy"] = np.where(labels < 0, np.nan, probabilities.argmax(axis=1) == labels)
    model = SimpleNamespace(
        classes_=np.arange(3), predict=len, predict_proba=len, outputs=lambda images: outputs, image_shape_=(1, 8, 8)
    )
    return model, Evidence(model, Selection(images, np.arange(count), "test images"), True)


def test_accuracy_per_class_and_precision_come_from_the_confusion_matrix() -> None:
    model, evidence = _classifier([0, 1, 1, 0, 2, 1, 0], [0.9] * 7)
    section = classes.find(model, evidence)
    assert section is not None
    figures = {one.name: (one.count, one.right, one.precise) for one in section.content["classes"]}
    assert figures == {"cat": (2, 1.0, 1.0), "dog": (2, 0.5, 1 / 3), "<b>": (2, 0.0, 0.0)}
    assert [one.name for one in section.content["classes"]] == ["<b>", "dog", "cat"]
    assert "3 of 6 wrong" in section.content["charts"][0].figure


def test_mistakes_come_with_file_classes_and_confidence_the_surest_first() -> None:
    model, evidence = _classifier([0, 1, 1, 0, 2, 1, 0], [0.99, 0.9, 0.6, 0.9, 0.95, 0.7, 0.999])
    section = mistakes.find(model, evidence)
    assert section is not None
    rows = [(one.true, one.answer, one.confidence, one.image) for one in section.content["mistakes"]]
    nbsp = "\N{NO-BREAK SPACE}"
    assert rows == [
        ("dog", "<b>", f"95{nbsp}%", "4.png"),
        ("<b>", "dog", f"70{nbsp}%", "5.png"),
        ("<b>", "dog", f"60{nbsp}%", "2.png"),
    ]
    assert all(one.picture.startswith("data:image/png") for one in section.content["mistakes"])
    assert mistakes.find(*_classifier([0, 1, 2, 0], [0.9] * 4)) is None


def test_a_model_that_can_do_nothing_has_only_the_sections_of_its_run() -> None:
    model = SimpleNamespace(
        outputs=lambda images: {"images": images.pixels / 255.0}, evaluate=lambda images: {"count": len(images)}
    )
    images = Images(rng.integers(0, 256, (12, 1, 8, 8), dtype=np.uint8), {"label": np.arange(12) % 2})
    evidence = Evidence(model, Selection(images, np.arange(12), "test images"), True)
    found = [section.anchor for find in SECTIONS if (section := find(model, evidence)) is not None]
    assert found == ["setup"]
    assert latent.find(model, evidence) is traversals.find(model, evidence) is None


def _lead(find: Any, evidence: Evidence) -> str:
    section = find(evidence.model, evidence)
    assert section is not None
    return str(section.lead)


def test_pictures_say_how_many_of_how_many_they_are_and_how_to_get_the_rest() -> None:
    model, codes = _model(np.eye(4)[:2]), rng.normal(size=(30, 2))
    source: dict[str, Any] = {"data": {"source": {"source": "set"}}}
    evidence = _evidence(model, codes, options=source, path=Path("my run"))
    text = "Shown are 18 of 30 test images; `latente explore 'my run'` shows all 30."
    assert _lead(reconstructions.find, evidence).startswith(text)
    assert evidence.judged is not None
    learned = dataclasses.replace(evidence.judged, rows=np.arange(20, 30), name="training images")
    evidence = dataclasses.replace(evidence, learned=learned)
    held_out = dataclasses.replace(learned, rows=np.arange(20), name="validation images")
    text = "`latente explore 'my run'` shows all 20, `latente explore 'my run' set` shows all 30 of the set."
    assert text in _lead(reconstructions.find, dataclasses.replace(evidence, judged=held_out))
    text = "These are all the 20 validation images; `latente explore 'my run' set` shows all 30 of the set."
    assert _lead(latent.find, dataclasses.replace(evidence, judged=held_out)) == text
    of_arrays = _evidence(model, codes, path=Path("run"))
    assert "`latente explore run IMAGES` shows all." in _lead(reconstructions.find, of_arrays)
    few = _evidence(model, codes[:3], path=Path("run"))
    assert _lead(reconstructions.find, few).startswith("These are all the 3 test images.")


def test_the_worst_images_stand_by_the_names_of_their_files() -> None:
    model, codes = _model(np.eye(4)[:2]), rng.normal(size=(30, 2))
    evidence = _evidence(model, codes)
    assert evidence.judged is not None
    names = tuple(f"tile-{k}.png" for k in range(30))
    pixels = evidence.judged.images.pixels.copy()
    pixels[11, 0, 1, 1] += 1.0  # which no code tells
    judged = dataclasses.replace(evidence.judged, images=Images(pixels, files=names))
    section = reconstructions.find(model, dataclasses.replace(evidence, judged=judged))
    assert section is not None
    groups: Any = section.content["groups"]
    assert [name for name, _ in groups] == ["Best", "Typical", "Worst"]
    assert groups[2][1][0].note == "MSE 0.25 · tile-11.png"


def test_a_map_of_pictures_without_classes_shows_them() -> None:
    model, codes = _model(np.eye(4)[:2]), rng.normal(size=(30, 2))
    for label, shown in ((np.arange(30) % 2, False), (np.full(30, -1), True)):
        section = latent.find(model, _evidence(model, codes, columns={"label": label}))
        assert section is not None
        chart: Any = section.content["charts"]
        assert ("stand their images" in chart[0].note) == shown
        assert (chart[0].figure.count("<image") > 3) == shown


def test_how_the_images_were_opened_is_told_in_words() -> None:
    rows = dict(data_rows({"source": {"source": "photos", "size": "keep", "budget": 0.05}}))
    assert rows["opened with"] == "source photos · size keep · budget 0.05"
