"""Which images a report judges by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from latente.report.evidence import draw, open_evidence

from latente.errors import InputError
from latente.images import Images, open_images

rng = np.random.default_rng(0)


def _images(count: int = 40) -> Images:
    return Images(rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8))


def _options(images: Images, **data: object) -> dict[str, object]:
    return {
        "options": {"validation": 0.25, "random_state": 7},
        "data": {"source": dict(images.source), "fingerprint": images.fingerprint, **data},
    }


def test_the_runs_own_images_are_split_as_in_training() -> None:
    images = _images()
    evidence = open_evidence(_options(images), images)
    assert evidence.what == "validation images"
    assert evidence.unseen is True
    assert len(evidence.rows) == 10
    assert evidence.learned_rows is not None
    assert sorted([*evidence.rows, *evidence.learned_rows]) == list(range(40))


def test_other_images_are_taken_as_they_come() -> None:
    own, other = _images(), _images(5)
    evidence = open_evidence(_options(own), other)
    assert evidence.judged is other
    assert evidence.unseen is None
    assert evidence.learned is None


def test_a_set_with_a_test_part_is_judged_by_it() -> None:
    digits = open_images("digits")
    evidence = open_evidence(_options(digits), None)
    assert evidence.what == "test images"
    assert evidence.judged.fingerprint == open_images("digits", split="test").fingerprint
    assert evidence.learned is not None
    assert evidence.learned.fingerprint == digits.fingerprint


def test_a_folder_of_images_is_opened_again(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (20, 8, 8), dtype=np.uint8))
    images = open_images(tmp_path / "images.npy")
    evidence = open_evidence(_options(images), None)
    assert evidence.what == "validation images"
    np.testing.assert_array_equal(evidence.judged.pixels, images.pixels)


def test_the_very_images_of_the_training_are_not_opened_again() -> None:
    digits, opened = open_images("digits"), []

    def opening(**source: object) -> Images:
        opened.append(source)
        return open_images(**source)

    evidence = open_evidence(_options(digits), digits, opening)
    assert evidence.learned is digits
    assert [source["split"] for source in opened] == ["test"]


def test_a_set_that_is_gone_is_named_unless_other_images_are_given() -> None:
    options = _options(_images(), source={"source": "/nowhere/at/all"})
    with pytest.raises(InputError, match="/nowhere/at/all"):
        open_evidence(options, None)
    other = _images(5)
    evidence = open_evidence(options, other)
    assert (evidence.judged, evidence.learned) == (other, None)


def test_a_draw_is_even_in_order_and_the_same_each_time() -> None:
    rows = np.arange(1_000)
    few = draw(rows, 100, seed=0)
    assert len(set(few)) == 100
    assert (np.diff(few) > 0).all()
    assert abs(few.mean() - 500) < 100
    np.testing.assert_array_equal(few, draw(rows, 100, seed=0))
    np.testing.assert_array_equal(draw(rows, 5_000, seed=0), rows)
