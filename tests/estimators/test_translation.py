"""The translator: a restorer by pairs with a critic beside it."""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy as np
import pytest

from latente import ImageTranslator, InputError, load, open_images, resume
from latente.images import Images
from latente.objectives import RestorationObjective, TranslationObjective


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RestorationObjective, "epoch_steps", 40)


def negatives(count: int = 24, side: int = 16) -> Images:
    """Return pictures, each with its negative for a partner."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, side // 4, side // 4, 3))
    pictures = coarse.repeat(4, 1).repeat(4, 2).astype(np.uint8)
    return open_images(pictures, target=255 - pictures)


def small(**changed: object) -> ImageTranslator:
    options = {"hidden": (8,), "epochs": 3, "batch_size": 8, "augmentation": "flips", "learning_rate": 1e-2}
    return ImageTranslator(**{**options, "random_state": 0, "device": "cpu", **changed})


@pytest.mark.parametrize("adversarial", [0, 0.01])
def test_it_learns_what_makes_one_picture_of_the_other_with_and_without_a_critic(adversarial: float) -> None:
    images = negatives()
    model = small(adversarial=adversarial).fit(images)
    assert isinstance(model.objective_, TranslationObjective) == (adversarial > 0)
    made = np.asarray(model.restore(images)).astype(float)
    assert np.abs(made - np.moveaxis(images.columns["target"], 1, -1)).mean() < 25
    assert model.restore(np.zeros((1, 11, 14, 3), np.uint8)).shape == (1, 11, 14, 3)
    figures = model.evaluate(images)
    assert figures["psnr"] > figures["input_psnr"] + 5


def test_it_comes_back_and_goes_on_as_if_it_had_never_ended(tmp_path: Path) -> None:
    images = negatives()
    whole = small(epochs=2, schedule="constant", out=tmp_path / "whole").fit(images)
    small(epochs=1, schedule="constant", out=tmp_path / "parts").fit(images)
    parts = resume(tmp_path / "parts", images, epochs=2)
    buffer = io.BytesIO()
    joblib.dump(whole, buffer)
    buffer.seek(0)
    for other in (parts, load(tmp_path / "whole"), joblib.load(buffer)):
        np.testing.assert_array_equal(other.restore(images), whole.restore(images))


def test_it_needs_pairs_and_an_optimiser_for_two() -> None:
    with pytest.raises(InputError, match="has no targets to learn from"):
        small().fit(negatives().pixels)
    with pytest.raises(InputError, match="lbfgs"):
        small(optimizer="lbfgs").fit(negatives())
