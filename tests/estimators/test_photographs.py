"""Photographs and augmentations through an estimator: trained on crops, used on centres, resumed exactly."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from latente import Autoencoder, InputError, Restorer, StackedAutoencoderClassifier, load, open_images, resume
from latente.estimators import planning
from latente.evidence import open_evidence
from latente.report import write_report
from latente.training import Run
from latente.training.steps import Steps

SMALL = {"latent_dim": 3, "hidden": (4,), "random_state": 0, "device": "cpu"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve colour pictures of sizes from 12 to 34 pixels."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for k in range(12):
        pixels = rng.integers(0, 255, (12 + 2 * k, 34 - k, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{k:02}.png")
    return tmp_path / "photos"


def test_photographs_train_by_crops_and_are_used_by_their_centres(folder: Path, tmp_path: Path) -> None:
    images = open_images(folder, size="keep")
    model = Autoencoder(augmentation="crop:10,flips", epochs=2, out=tmp_path / "run", **SMALL).fit(images)
    assert model.image_shape_ == (3, 10, 10)
    assert model.transform(images).shape == (12, 3)
    centres = np.stack([np.asarray(p)[:, top : top + 10, left : left + 10] for p, top, left in centred(images, 10)])
    shown = model.outputs(images)["images"]
    np.testing.assert_array_equal(np.rint(255 * shown).astype(np.uint8), centres)
    again = load(tmp_path / "run")
    np.testing.assert_array_equal(again.transform(folder), model.transform(images))


def centred(images, side: int):
    """Yield each picture with the corner of the window around its centre."""
    for picture in images.content:
        _, height, width = picture.shape
        yield picture, (height - side) // 2, (width - side) // 2


def test_a_training_on_crops_is_extended_as_if_it_had_never_ended(folder: Path, tmp_path: Path) -> None:
    images = open_images(folder, size="keep")
    options = {"augmentation": "crop:10,flips,turns", "schedule": "constant", **SMALL}
    whole = Autoencoder(epochs=4, out=tmp_path / "whole", **options).fit(images)
    Autoencoder(epochs=2, out=tmp_path / "parts", **options).fit(images)
    parts = resume(tmp_path / "parts", epochs=4)
    np.testing.assert_array_equal(parts.transform(images), whole.transform(images))


def test_without_a_crop_photographs_are_refused_with_the_cure(folder: Path) -> None:
    with pytest.raises(InputError, match="many sizes"):
        Autoencoder(epochs=1, **SMALL).fit(open_images(folder, size="keep"))


def test_what_is_drawn_anew_changes_the_training_and_not_the_judgement() -> None:
    X = np.random.default_rng(0).integers(0, 255, (40, 9, 10), dtype=np.uint8)
    plain, flipped = (Autoencoder(epochs=2, shortcut=None, augmentation=a, **SMALL).fit(X) for a in (None, "flips"))
    assert not np.array_equal(plain.transform(X), flipped.transform(X))
    blank = Autoencoder(
        epochs=1,
        shortcut=None,
        augmentation=lambda batch, generator: {**batch, "images": 0 * batch["images"]},
        **SMALL,
    )
    blank.fit(np.full((40, 9, 10), 200, np.uint8))
    assert blank.evaluate(np.full((4, 9, 10), 200, np.uint8))["mse"] > 0.05  # judged by the images themselves


def test_a_classifier_is_augmented_as_well() -> None:
    X = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    options = {"hidden": (8,), "epochs": 2, "pretrain_epochs": 1, "random_state": 0}
    models = [
        StackedAutoencoderClassifier(augmentation=a, **options).fit(X, np.arange(40) % 2) for a in (None, "shift:1")
    ]
    assert not np.array_equal(*(model.transform(X) for model in models))


@pytest.mark.parametrize("augmentation", ["flipz", "crop:0", 3])
def test_an_augmentation_that_cannot_be_is_one_line(augmentation: object) -> None:
    with pytest.raises(InputError, match=r"augmentation|crop"):
        Autoencoder(epochs=1, augmentation=augmentation, **SMALL).fit(np.zeros((20, 9, 9), np.uint8))


def test_a_condition_is_brought_to_the_network_s_range_by_a_scaling_of_its_own(tmp_path: Path) -> None:
    X = np.zeros((20, 9, 10), np.uint8)
    images = open_images(X)
    condition = np.linspace(100, 300, 20)[:, None].astype(np.float32)
    images = type(images)(**{**vars(images), "columns": {"condition": condition}})
    model = Conditioned(epochs=1, **SMALL).fit(images)
    seen = torch.cat(Conditioned.seen)
    assert 0 <= float(seen.min()) <= float(seen.max()) <= 1
    assert Autoencoder(epochs=1, **SMALL).fit(images).column_scalings_ == {}
    assert model.column_scalings_["condition"].scale[0] == pytest.approx(200, rel=0.2)


class Conditioned(Autoencoder):
    """An autoencoder whose objective asks for the condition."""

    seen: ClassVar[list[torch.Tensor]] = []

    def _objective(self, encoder, decoder, output):
        objective = super()._objective(encoder, decoder, output)
        objective.columns = ("condition",)
        forward, seen = objective.forward, self.seen

        def watched(turn, batch, generator):
            seen.append(batch["condition"].clone())
            return forward(turn, batch, generator)

        objective.forward = watched
        return objective

    def _columns(self) -> tuple[str, ...]:
        return ("target", "condition")


def test_what_fit_would_do_with_photographs_is_told_without_doing_it(folder: Path) -> None:
    images = open_images(folder, size="keep")
    plan = Autoencoder(augmentation="crop:10", epochs=2, **SMALL).plan(images)
    assert plan["data"]["shape"] == [3, 10, 10]
    assert plan["seconds_estimate"] > 0


def test_a_plan_takes_a_few_steps_though_an_epoch_has_hundreds_and_counts_them_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, lengths = [], []
    take, cost = Steps.take, planning.cost
    monkeypatch.setattr(Steps, "take", lambda *self, **how: (taken.append(1), take(*self, **how))[1])
    monkeypatch.setattr(planning, "cost", lambda *told: (lengths.append(told[-1]), cost(*told))[1])
    restorer = Restorer(corruption="gaussian:0.1", augmentation="crop:8", width=4, depth=1, epochs=3)
    restorer.plan(open_images(folder, size="keep"))
    assert (len(taken), lengths) == (planning.STEPS, [3 * 200])


def test_partial_fit_meets_crops_as_fit_does(folder: Path) -> None:
    images = open_images(folder, size="keep")
    options = {"augmentation": "crop:10,flips", "schedule": "constant", "validation": None, **SMALL}
    whole = Autoencoder(epochs=2, **options).fit(images)
    parts = Autoencoder(epochs=2, **options).partial_fit(images).partial_fit(images)
    np.testing.assert_array_equal(parts.transform(images), whole.transform(images))


def test_the_layers_of_a_stack_learn_from_crops_too() -> None:
    X = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    model = StackedAutoencoderClassifier(
        hidden=(8, 4), epochs=1, pretrain_epochs=1, random_state=0, augmentation="crop:6"
    ).fit(X, np.arange(40) % 2)
    assert model.image_shape_ == (1, 6, 6)
    assert model.transform(X).shape == (40, 4)


def test_what_is_opened_for_a_model_of_crops_are_their_centres(folder: Path, tmp_path: Path) -> None:
    images = open_images(folder, size="keep")
    model = Autoencoder(augmentation="crop:20", epochs=1, out=tmp_path / "run", **SMALL).fit(images)
    centres = model.open(folder)
    assert centres.pixels.shape == (12, 3, 20, 20)
    assert centres.files == images.files
    np.testing.assert_array_equal(model.transform(centres), model.transform(images))  # smaller ones are mirrored
    evidence = open_evidence(Run.open(tmp_path / "run"), model)
    assert evidence.judged is not None
    assert evidence.judged.images.image_shape == (3, 20, 20)
    assert write_report(tmp_path / "run").is_file()
