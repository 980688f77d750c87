"""The plain words about a result."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latente.evidence import Evidence, Selection
from latente.images import Images
from latente.report.training import Training, summarise
from latente.report.verdicts import Verdict, judge
from latente.report.yardsticks import LARGEST, NEAREST, Baseline, Yardstick, find_yardstick

CALM = Training(10, 9, 1.0, 1.001, 0.001, 5.0, 100.0)


def _judge(
    error: float, baselines: list[tuple[str, float]], training: Training = CALM, run: str = "run", **changes: Any
) -> Verdict:
    """The verdict about a model with this mean squared error on four images, beside these baselines."""
    outputs = {"images": np.zeros((4, 1, 2, 2)), "codes": np.zeros((4, 2)), **changes.pop("outputs", {})}
    outputs["reconstructions"] = np.full((4, 1, 2, 2), error**0.5)
    model = SimpleNamespace(reconstruct=len, outputs=lambda images: outputs)
    judged = Selection(Images(np.zeros((4, 1, 2, 2), np.uint8), name="set"), np.arange(4), "test images")
    evidence = Evidence(**{"model": model, "judged": judged, "is_unseen": True, **changes})
    yardstick = Yardstick("Mean squared error", error, [Baseline(*pair) for pair in baselines])
    return judge(model, evidence, yardstick, training, run)


def _nobody(training: Training, run: str = "run") -> Verdict:
    return judge(None, Evidence(None, options={"options": {"epochs": 8}}), None, training, run)


@pytest.mark.parametrize(
    ("error", "level", "words"),
    [
        (0.10, "poor", "does no better than the mean image"),
        (0.06, "fair", "3 times that of PCA with 2 numbers"),
        (0.02, "fair", "on a par with PCA with 2 numbers, a plain formula that needs no training"),
        (0.01, "good", "yes: its squared error is 50"),
    ],
)
def test_the_answer_goes_by_the_mean_image_and_pca(error: float, level: str, words: str) -> None:
    verdict = _judge(error, [("the mean image", 0.1), ("PCA with 2 numbers", 0.02)])
    assert verdict.level == level
    assert words in verdict.answer


def test_a_verdict_is_told_in_each_language() -> None:
    told = _judge(0.01, [("the mean image", 0.1), ("PCA with 2 numbers", 0.02)]).to_json()
    assert told["answer"].startswith("For 2 numbers per image, yes")
    assert told["es"]["answer"].startswith("Para 2 números por imagen, sí")
    assert told["es"]["level"] == told["level"] == "good"
    assert told["es"]["reasons"][0] == "Medido en 4 imágenes de prueba, que el entrenamiento nunca vio."


def test_what_was_trained_on_crops_is_said_to_be_measured_on_the_middle_of_each() -> None:
    outputs = {"images": np.zeros((4, 1, 2, 2)), "codes": np.zeros((4, 2)), "reconstructions": np.zeros((4, 1, 2, 2))}
    model = SimpleNamespace(reconstruct=len, outputs=lambda images: outputs, window_=(64, 48))
    verdict = _judge(0.01, [("the mean image", 0.1)], model=model)
    assert "Measured on 4 test images, which training never saw. Of each, the middle 64 × 48 pixels." in verdict.reasons


def test_without_pca_the_mean_image_is_the_measure() -> None:
    verdict = _judge(0.02, [("the mean image", 0.1)])
    assert verdict.level == "good"
    assert "removes 80" in verdict.answer


def test_an_exact_pca_is_not_divided_by() -> None:
    assert "removes" in _judge(0.02, [("the mean image", 0.1), ("PCA with 2 numbers", 0.0)]).answer
    tiny = _judge(0.02, [("the mean image", 0.1), ("PCA with 2 numbers", 1e-15)])
    assert "over 100 times" in tiny.answer


def test_what_leaves_most_of_the_mean_image_s_error_is_not_good() -> None:
    verdict = _judge(0.07, [("the mean image", 0.1)])
    assert verdict.level == "fair"
    assert "70\N{NO-BREAK SPACE}% of the error of the mean image are left" in verdict.answer


def test_the_start_that_stayed_best_is_never_called_good() -> None:
    start = dataclasses.replace(CALM, best_epoch=0)
    for pca in (0.02, 0.03):  # PCA of all that training saw may be better than that of the report
        verdict = _judge(0.02, [("the mean image", 0.1), ("PCA with 2 numbers", pca)], start)
        assert verdict.level == "fair"
        assert "training added nothing: PCA, a plain formula that needs no training" in verdict.answer
        assert verdict.advice


@pytest.mark.parametrize(
    ("error", "level", "words"),
    [
        (0.10, "poor", "does no better than the input as it is"),
        (0.06, "fair", "2 times that of PCA"),
        (
            0.01,
            "good",
            "leaves 10.0\N{NO-BREAK SPACE}% of the error of the input as it is, and 33\N{NO-BREAK SPACE}% of",
        ),
    ],
)
def test_a_denoiser_is_measured_by_the_better_of_doing_nothing_and_the_mean_image(
    error: float, level: str, words: str
) -> None:
    baselines = [("the input as it is", 0.1), ("the mean image", 0.2), ("PCA with 2 numbers", 0.03)]
    verdict = _judge(error, baselines, outputs={"inputs": np.ones((4, 1, 2, 2))})
    assert verdict.level == level
    assert words in verdict.answer
    assert "mean image" in _judge(0.1, [("the input as it is", 0.3), ("the mean image", 0.1)]).answer


def test_a_code_as_long_as_the_image_is_no_feat() -> None:
    verdict = _judge(1e-6, [("the mean image", 0.1)], outputs={"codes": np.zeros((4, 4))})
    assert verdict.level == "fair"
    assert "It copies: its code has 4 numbers for 4 values" in verdict.answer
    assert "`--latent-dim" in verdict.advice[0]


def test_what_is_good_on_images_that_it_learned_from_is_not_called_good() -> None:
    verdict = _judge(0.01, [("the mean image", 0.1)], is_unseen=False)
    assert verdict.level == "fair"
    assert verdict.answer.startswith("Nobody can say of new images.")
    assert any("`latente report run IMAGES`" in advice for advice in verdict.advice)


def test_without_anything_to_compare_with_there_is_no_judgement() -> None:
    verdict = _judge(0.02, [])
    assert verdict.level == "fair"
    assert "`latente report run OTHER-RUN`" in verdict.advice[0]
    assert _nobody(CALM).level == "fair"


def test_psnr_is_said_with_its_peak_and_what_it_means() -> None:
    text = " ".join(_judge(4e-4, [("the mean image", 0.1)]).reasons)
    assert "34.0\N{NO-BREAK SPACE}dB" in text
    assert "as the peak" in text
    assert "2.0\N{NO-BREAK SPACE}% of it (5.1 of 255 grey levels)" in text
    assert "4 test images, which training never saw" in text


def test_images_of_the_training_are_named_as_such() -> None:
    assert "flatter" in _judge(0.01, [], is_unseen=False).reasons[0]


def test_a_model_without_a_yardstick_is_not_judged_beyond_its_training() -> None:
    images = Selection(Images(np.zeros((4, 1, 2, 2), np.uint8)), np.arange(4), "test images")
    verdict = judge(object(), Evidence(object(), images, True), None, CALM, "run")
    assert verdict.level == "fair"
    assert "no yardstick" in verdict.answer


def _judge_classes(
    answers: list[int], labels: list[int], baselines: list[tuple[str, float]], **changes: Any
) -> Verdict:
    """The verdict about a classifier that is 95 % sure of these answers to images of classes "a" and "b"."""
    probabilities = np.where(np.array(answers)[:, None] == np.arange(2), 0.95, 0.05)
    known = np.array(labels)
    right = np.where(known < 0, np.nan, np.array(answers) == known)
    outputs = {"images": np.zeros((len(known), 1, 2, 2)), "probabilities": probabilities, "labels": known}
    outputs["accuracy"] = right
    model = SimpleNamespace(classes_=np.arange(2), predict=len, predict_proba=len, outputs=lambda images: outputs)
    images = Images(np.zeros((len(known), 1, 2, 2), np.uint8), {"label": known}, label_names=("a", "b"))
    evidence = Evidence(model, Selection(images, np.arange(len(known)), "test images"), True)
    yardstick = Yardstick("Share of wrong classes", 1 - float(np.nanmean(right)), [Baseline(*one) for one in baselines])
    return judge(model, evidence, yardstick, CALM, "run")


LABELS = [0] * 50 + [1] * 50


@pytest.mark.parametrize(
    ("wrong", "level", "words"),
    [
        (45, "poor", "No: it names 55"),
        (30, "fair", "more than half of that one's errors are left"),
        (2, "good", "Yes: it names 98"),
    ],
)
def test_a_classifier_is_measured_by_the_largest_class(wrong: int, level: str, words: str) -> None:
    answers = [1] * wrong + LABELS[wrong:]
    verdict = _judge_classes(answers, LABELS, [(LARGEST, 0.5)])
    assert verdict.level == level
    assert words in verdict.answer
    assert f"wrong in {wrong} of 100, most often with a taken for b, {wrong} times" in verdict.reasons[2]
    assert any(f"{wrong} mistakes of more than 90" in advice for advice in verdict.advice)


def test_a_plain_method_that_does_better_is_named() -> None:
    verdict = _judge_classes([1] * 10 + LABELS[10:], LABELS, [(LARGEST, 0.5), (NEAREST, 0.05)])
    assert verdict.level == "fair"
    assert "nearest class mean of the pixels 95" in verdict.answer
    assert "more labelled images" in verdict.advice[0]


def test_images_of_unknown_class_count_for_nothing_and_no_mistake_is_said_so() -> None:
    verdict = _judge_classes([*LABELS, 0, 1], [*LABELS, -1, -1], [(LARGEST, 0.5)])
    assert verdict.level == "good"
    assert "right in 100" in verdict.reasons[1]
    assert "wrong in none" in verdict.reasons[2]


def test_a_training_that_was_still_improving_is_to_go_on() -> None:
    lines = [{"part": "validation", "epoch": k, "step": k, "objective": 1 / k} for k in range(1, 9)]
    training = summarise(lines)
    assert training.drop == pytest.approx((1 / 6 - 1 / 8) * 6)
    begin, advice = _nobody(training, "my-run").advice
    assert "`latente resume my-run`" in begin
    assert "`latente resume my-run --epochs 1500`" in advice  # as many as give the usual steps


def test_a_training_that_turned_is_told_to_have_learned_by_heart() -> None:
    lines = [{"part": "validation", "epoch": k, "objective": abs(k - 3) + 1.0} for k in range(1, 9)]
    training = summarise(lines)
    assert (training.best_epoch, training.best, training.last) == (3, 1.0, 6.0)
    assert "by heart" in _nobody(training).advice[1]


def _posterior(active: int) -> dict[str, np.ndarray]:
    """Means and log-variances of four images in four dimensions, of which so many are in use."""
    mean = np.zeros((4, 4), np.float32)
    mean[:, :active] = np.array([2, -2, 2, -2])[:, None]
    return {"codes": np.zeros((4, 3)), "mean": mean, "log_var": np.zeros((4, 4), np.float32)}


def test_idle_latent_dimensions_are_mentioned() -> None:
    verdict = _judge(0.01, [("the mean image", 0.1)], outputs=_posterior(1))
    assert verdict.level == "good"
    assert "1 of 4 latent dimensions are in use; together they carry 2 nats." in verdict.reasons
    assert "idle. That costs nothing but size" in verdict.advice[0]


def test_a_code_that_says_nothing_is_remedied_by_beta() -> None:
    options = {"options": {"beta": 200.0, "epochs": 2}}
    verdict = _judge(0.1, [("the mean image", 0.1)], outputs=_posterior(0), options=options)
    assert verdict.level == "poor"
    assert verdict.advice[0].startswith("All of the latent dimensions are idle, so that the code says little")
    assert "`--beta` (it was 200)" in verdict.advice[0]


@pytest.mark.parametrize(("rate", "words"), [(1e-9, "Longer"), (1.0, "Shorter"), (1e-3, None)])
def test_steps_of_unusual_length_are_named_where_nothing_was_learned(rate: float, words: str | None) -> None:
    verdict = _judge(0.1, [("the mean image", 0.1)], options={"options": {"learning_rate": rate, "epochs": 2}})
    assert verdict.advice
    if words is None:
        assert "it was" not in " ".join(verdict.advice)
    else:
        assert verdict.advice[0].startswith(f"{words} steps teach it more: `--learning-rate 0.001` (it was")


def test_few_steps_are_named_with_the_epochs_that_make_them_enough() -> None:
    few = dataclasses.replace(CALM, epochs=2, best_epoch=2, drop=None, steps=42)
    verdict = _judge(
        0.02, [("the mean image", 0.1), ("PCA with 2 numbers", 0.02)], few, options={"options": {"epochs": 2}}
    )
    assert "trained for 42 steps, where networks need some 1,500" in verdict.advice[0]
    assert "`latente resume run --epochs 72`" in verdict.advice[0]


def test_what_knows_its_training_images_by_heart_is_not_told_to_train_for_longer() -> None:
    heart = Training(10, 0, 0.02, 0.02, 0.0, 5.0, 100.0, steps=60, loss=0.005)
    verdict = _judge(0.02, [("the mean image", 0.1), ("PCA with 2 numbers", 0.02)], heart)
    [advice] = verdict.advice
    assert "with 25\N{NO-BREAK SPACE}% of the error of the rest; more images help" in advice
    assert not dataclasses.replace(heart, best_epoch=9).learns_by_heart
    assert not dataclasses.replace(heart, loss=0.019).learns_by_heart
    assert not dataclasses.replace(heart, loss=-3.0, last=-2.0).learns_by_heart  # densities: no share of anything


def test_whatever_is_not_good_has_advice_that_names_an_option_or_a_command() -> None:
    baselines = [("the mean image", 0.1), ("the input as it is", 0.2), ("PCA with 2 numbers", 0.02)]
    trainings = [
        Training(0, None, None, None, None, None, None),
        Training(1, 1, 1.0, 1.0, None, 5.0, 100.0, 21),
        Training(9, 0, 1.0, 1.5, 0.0, 5.0, 100.0, 9_000),
        Training(9, 2, 1.0, 1.5, 0.0, 5.0, 100.0, 9_000),
        Training(9, 9, 1.0, 1.0, 0.2, 5.0, 100.0, 9_000),
        dataclasses.replace(CALM, steps=9_000),
    ]
    outputs: list[dict[str, np.ndarray]] = [
        {},
        {"inputs": np.ones((4, 1, 2, 2))},
        {"codes": np.zeros((4, 9))},
        *map(_posterior, (0, 1, 4)),
    ]
    runs: list[dict[str, Any]] = [{}, {"epochs": 9}, {"epochs": 9, "minutes": 2.0, "learning_rate": 1e-9}]
    levels = set()
    for k, (error, chosen, training, made) in enumerate(
        itertools.product(
            (0.3, 0.1, 0.06, 0.02, 0.01),
            ([], baselines[:1], baselines[1:2], baselines[::2], baselines),
            trainings,
            outputs,
        )
    ):
        unseen, options = (True, False, None)[k % 3], {"options": runs[k // 3 % 3]}
        verdict = _judge(error, chosen, training, outputs=made, is_unseen=unseen, options=options)
        levels.add(verdict.level)
        assert verdict.level == "good" or "`" in "".join(verdict.advice[:1]), verdict
    assert levels == {"good", "fair", "poor"}
    for wrong, known in itertools.product((0, 2, 30, 45), ([(LARGEST, 0.5), (NEAREST, 0.05)], [(LARGEST, 0.5)], [])):
        verdict = _judge_classes([1] * wrong + LABELS[wrong:], LABELS, known)
        assert verdict.level == "good" or "`" in "".join(verdict.advice[:1]), verdict


def test_a_summary_of_no_lines_is_empty_and_non_finite_values_do_not_count() -> None:
    assert summarise([]) == Training(0, None, None, None, None, None, None)
    lines: list[dict[str, Any]] = [
        {"part": "train", "epoch": 1, "loss": 1.0, "seconds": 2.5, "images_per_second": 10.0},
        {"part": "validation", "epoch": 1, "objective": float("nan")},
        {"part": "train", "epoch": 2, "loss": 1.0, "seconds": 5.5, "images_per_second": 30.0},
    ]
    assert summarise(lines) == Training(2, None, None, None, None, 8.0, 20.0, loss=1.0)


# restorers


def _restorer(psnr: list[float], inputs: list[float], **changes: Any) -> Verdict:
    """The verdict about a model that enlarges, of the pictures' PSNR after and before."""
    noise = np.random.default_rng(0).choice([-1.0, 1.0], (len(psnr), 1, 2, 2))
    scales = {"reconstructions": psnr, "inputs": inputs}
    outputs = {"images": np.zeros((len(psnr), 1, 2, 2))}
    outputs |= {name: noise * 10 ** (-np.array(values)[:, None, None, None] / 20) for name, values in scales.items()}
    model = SimpleNamespace(
        restore=len, restore_picture=len, outputs=lambda images: outputs, factor_=2, corruption="downscale:2"
    )
    judged = Selection(
        Images(np.zeros((len(psnr), 1, 2, 2), np.uint8), name="set"), np.arange(len(psnr)), "test images"
    )
    evidence = Evidence(**{"model": model, "judged": judged, "is_unseen": True, **changes})
    return judge(model, evidence, find_yardstick(model, evidence), CALM, "run")


@pytest.mark.parametrize(
    ("psnr", "inputs", "level", "words"),
    [
        ([31.0, 33.0], [28.0, 30.0], "good", "Yes: 32.0\u00a0dB PSNR, where bicubic enlargement has 29.0\u00a0dB."),
        ([29.2, 29.0], [29.0, 29.0], "fair", "A little, and less than anybody sees"),
        ([27.0, 28.0], [29.0, 29.0], "poor", "No: what it makes of pictures is no better than what it is given"),
    ],
)
def test_a_restorer_is_set_beside_what_it_is_given(
    psnr: list[float], inputs: list[float], level: str, words: str
) -> None:
    verdict = _restorer(psnr, inputs)
    assert verdict.level == level
    assert words in verdict.answer
    assert bool(verdict.advice) == (level != "good")


def test_pictures_that_a_restorer_makes_worse_are_counted() -> None:
    assert "1 of 2 pictures come out worse than they went in." in _restorer([33.0, 28.0], [29.0, 29.0]).reasons
    reasons = _restorer([33.0, 32.0], [29.0, 29.0]).reasons
    assert "No picture comes out worse than it went in." in reasons
    assert "It was tried on what downscale:2 makes of pictures, as it learned; on others nobody knows." in reasons


def test_what_might_help_a_restorer_names_its_options() -> None:
    [advice] = _restorer([29.0], [29.5], options={"options": {"width": 32, "depth": 5, "epochs": 9}}).advice
    assert advice == (
        "To come further: `--width 64` (it was 32), `--depth 10` (it was 5), more `--epochs`, more photographs."
    )
