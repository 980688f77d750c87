"""The plain words about a result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from latente.report.evidence import Evidence
from latente.report.inspection import Baseline, Inspection
from latente.report.latent_space import Novelty
from latente.report.verdict import Training, judge, newness, percent, quantity, summarise

from latente.images import Images

CALM = Training(10, 9, 1.0, 1.001, 0.001, 5.0, 100.0)


def _seen(error: float, baselines: list[tuple[str, float]], **changes: Any) -> Inspection:
    images = Images(np.zeros((4, 1, 2, 2), np.uint8), name="set")
    values: dict[str, Any] = {
        "evidence": Evidence(images, np.arange(4), "test images", True),
        "rows": np.arange(4),
        "originals": np.zeros((4, 1, 2, 2)),
        "inputs": None,
        "reconstructions": np.full((4, 1, 2, 2), error**0.5),
        "errors": np.full(4, error),
        "psnrs": np.full(4, -10 * np.log10(error)),
        "ssims": None,
        "metrics": {},
        "baselines": [Baseline(*pair) for pair in baselines],
        "codes": np.zeros((4, 2)),
        "kl": None,
        "active": None,
        "samples": None,
    }
    return Inspection(**{**values, **changes})


@pytest.mark.parametrize(
    ("error", "level", "words"),
    [
        (0.10, "poor", "does no better than the mean image"),
        (0.06, "fair", "3 times that of PCA with 2 numbers"),
        (0.02, "fair", "on a par with PCA with 2 numbers"),
        (0.01, "good", "yes: its squared error is 50"),
    ],
)
def test_the_answer_goes_by_the_mean_image_and_pca(error: float, level: str, words: str) -> None:
    verdict = judge(_seen(error, [("the mean image", 0.1), ("PCA with 2 numbers", 0.02)]), CALM, "run")
    assert verdict.level == level
    assert words in verdict.answer


def test_without_pca_the_mean_image_is_the_measure() -> None:
    verdict = judge(_seen(0.02, [("the mean image", 0.1)]), CALM, "run")
    assert verdict.level == "good"
    assert "removes 80" in verdict.answer


def test_an_exact_pca_is_not_divided_by() -> None:
    assert "removes" in judge(_seen(0.02, [("the mean image", 0.1), ("PCA with 2 numbers", 0.0)]), CALM, "run").answer
    tiny = judge(_seen(0.02, [("the mean image", 0.1), ("PCA with 2 numbers", 1e-15)]), CALM, "run")
    assert "over 100 times" in tiny.answer


def test_without_anything_to_compare_with_there_is_no_judgement() -> None:
    assert judge(_seen(0.02, []), CALM, "run").level == "fair"
    assert judge(None, CALM, "run").level == "fair"


def test_psnr_is_said_with_its_peak_and_what_it_means() -> None:
    text = " ".join(judge(_seen(4e-4, [("the mean image", 0.1)]), CALM, "run").reasons)
    assert "34.0\N{NO-BREAK SPACE}dB" in text
    assert "as the peak" in text
    assert "2.0\N{NO-BREAK SPACE}% of it (5.1 of 255 grey levels)" in text
    assert "4 test images, which training never saw" in text


def test_images_seen_in_training_are_named_as_such() -> None:
    images = Images(np.zeros((4, 1, 2, 2), np.uint8))
    seen = _seen(0.01, [], evidence=Evidence(images, np.arange(4), "training images", False))
    assert "flatter" in judge(seen, CALM, "run").reasons[0]


def test_a_training_that_was_still_improving_is_to_go_on() -> None:
    lines = [{"part": "validation", "epoch": k, "step": k, "objective": 1 / k} for k in range(1, 9)]
    training = summarise(lines)
    assert training.drop == pytest.approx((1 / 6 - 1 / 8) * 6)
    [advice] = judge(None, training, "my-run").advice
    assert "`latente resume my-run --epochs 16`" in advice


def test_a_training_that_turned_is_told_to_have_learned_by_heart() -> None:
    lines = [{"part": "validation", "epoch": k, "objective": abs(k - 3) + 1.0} for k in range(1, 9)]
    training = summarise(lines)
    assert (training.best_epoch, training.best, training.last) == (3, 1.0, 6.0)
    [advice] = judge(None, training, "run").advice
    assert "by heart" in advice


def test_idle_latent_dimensions_are_mentioned() -> None:
    active = np.array([True, False, False, False])
    verdict = judge(_seen(0.01, [], kl=np.array([2.0, 0, 0, 0]), active=active), CALM, "run")
    assert any("1 of 4 latent dimensions are in use" in reason for reason in verdict.reasons)
    assert any("idle" in advice for advice in verdict.advice)


def test_a_summary_of_no_lines_is_empty_and_non_finite_values_do_not_count() -> None:
    assert summarise([]) == Training(0, None, None, None, None, None, None)
    lines: list[dict[str, Any]] = [
        {"part": "train", "epoch": 1, "loss": 1.0, "seconds": 2.5, "images_per_second": 10.0},
        {"part": "validation", "epoch": 1, "objective": float("nan")},
        {"part": "train", "epoch": 2, "loss": 1.0, "seconds": 5.5, "images_per_second": 30.0},
    ]
    assert summarise(lines) == Training(2, None, None, None, None, 8.0, 20.0)


def test_numbers_are_written_for_people() -> None:
    assert [quantity(v) for v in (1234567.0, 1234.5, 0.012345, 3.0, 1.5e-6)] == [
        "1,234,567",
        "1,234",
        "0.01235",
        "3",
        "1.50e-06",
    ]
    assert [quantity(v) for v in (float("inf"), float("nan"))] == ["∞", "not a number"]
    assert [percent(v).replace("\N{NO-BREAK SPACE}", "") for v in (0.034, 0.5, 0.997, 1.0)] == [
        "3.4%",
        "50%",
        "99.7%",
        "100%",
    ]


def _novelty(distances: list[float], held_out: list[float] | None, searched: int = 500) -> Novelty:
    known = None if held_out is None else np.array(held_out)
    return Novelty(np.array(distances), np.zeros((len(distances), 1, 2, 2)), known, searched, 500)


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
