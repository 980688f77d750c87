"""The cross-entropy against its closed form, and what training sees against what is judged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from torch import Tensor, nn

from latente.images import Images
from latente.objectives import ClassificationObjective
from latente.training import TrainingOptions, evaluate, isolated_rng, train
from latente.training.batches import Batches
from toys import UNIT

LABELS = np.array([0, 2, 1, 2, 0], np.uint8)


def made(corruption: object = None) -> ClassificationObjective:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
    return ClassificationObjective(encoder, nn.Linear(3, 3), corruption=corruption)


def a_batch() -> dict[str, Tensor]:
    return {"images": torch.rand(5, 4), "label": torch.from_numpy(LABELS)}


def blot_out(x: Tensor, generator: torch.Generator, shared: bool = False) -> Tensor:
    return torch.zeros_like(x)


def test_the_loss_is_the_mean_negative_log_probability_of_the_labels():
    objective, batch = made(), a_batch()
    loss, terms = objective("model", batch, torch.Generator())
    logits = objective.logits(batch["images"]).detach().double().numpy()
    assert loss.item() == pytest.approx(-log_softmax(logits, axis=1)[np.arange(5), LABELS].mean(), rel=1e-6)
    assert terms["cross_entropy"].item() == loss.item()
    assert terms["accuracy"].item() == pytest.approx((logits.argmax(1) == LABELS).mean())


def test_its_gradient_at_the_logits_is_probability_minus_label():
    objective, batch = made(), a_batch()
    loss, _ = objective("model", batch, torch.Generator())
    loss.backward()
    logits = objective.logits(batch["images"]).detach().double().numpy()
    expected = (softmax(logits, axis=1) - np.eye(3)[LABELS]).mean(0)
    np.testing.assert_allclose(objective.head.bias.grad.numpy(), expected, atol=1e-7)


def test_images_are_judged_one_by_one_and_by_the_error_before_all():
    objective, batch = made(), a_batch()
    loss, terms = objective("model", batch, torch.Generator())
    judged = objective.evaluate(batch, torch.Generator())
    assert judged["cross_entropy"].shape == (5,)
    assert judged["cross_entropy"].mean().item() == pytest.approx(loss.item())
    assert judged["accuracy"].mean().item() == pytest.approx(terms["accuracy"].item())
    np.testing.assert_allclose(judged["objective"], 1 - judged["accuracy"] + judged["cross_entropy"] / 1000)


def test_training_sees_corrupted_images_and_what_is_judged_or_encoded_is_clean():
    batch = a_batch()
    plain, blotted = made(), made(blot_out)
    assert blotted("model", batch, torch.Generator())[0] != plain("model", batch, torch.Generator())[0]
    blank = {**batch, "images": torch.zeros(5, 4)}
    assert blotted("model", batch, torch.Generator())[0] == plain("model", blank, torch.Generator())[0]
    for name, values in plain.evaluate(batch, torch.Generator()).items():
        assert torch.equal(values, blotted.evaluate(batch, torch.Generator())[name])
    assert torch.equal(plain.encode(batch["images"]), blotted.encode(batch["images"]))


def test_the_loop_brings_the_labels_and_separates_what_can_be_separated():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    rows = np.eye(4, dtype=np.float32)[labels] + 0.1 * rng.standard_normal((120, 4), dtype=np.float32)
    images = Images(rows, {"label": labels})
    with isolated_rng(0):
        objective = made()
    train(objective, images, UNIT, TrainingOptions(epochs=20, batch_size=16, learning_rate=1e-2, device="cpu"))
    batches = Batches(images, UNIT, torch.device("cpu"), objective.columns)
    assert evaluate(objective, batches, torch.arange(120), 50)["accuracy"].mean() == 1
