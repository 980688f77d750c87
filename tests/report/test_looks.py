"""How much of the small things in pictures comes back."""

from __future__ import annotations

import numpy as np
import pytest

from latente.evidence import Evidence, Selection
from latente.images import Images
from latente.report.looks import detail_kept, look

rng = np.random.default_rng(0)
IMAGES = rng.random((5, 2, 16, 24))


def _blurred(images: np.ndarray) -> np.ndarray:
    """Each patch of 2 x 2 pixels, an eighth of the shorter side, by its mean."""
    patches = images.reshape(5, 2, 8, 2, 12, 2).mean(axis=(3, 5))
    return patches.repeat(2, axis=2).repeat(2, axis=3)


def test_what_comes_back_whole_keeps_all_and_what_comes_back_blurred_nothing() -> None:
    assert detail_kept(IMAGES, IMAGES) == 1
    assert detail_kept(IMAGES, IMAGES + 0.1) == pytest.approx(1)
    assert detail_kept(IMAGES, _blurred(IMAGES)) == pytest.approx(0)
    assert detail_kept(_blurred(IMAGES), IMAGES) is None


def test_the_share_is_that_of_the_squares() -> None:
    half = _blurred(IMAGES) + 0.5 * (IMAGES - _blurred(IMAGES))
    assert detail_kept(IMAGES, half) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (0.9, "keeps 99\N{NO-BREAK SPACE}%: small things are as they were"),
        (0.6, "keeps 84\N{NO-BREAK SPACE}%: small things are there, but softer"),
        (0.3, "keeps 51\N{NO-BREAK SPACE}%: images are soft, and small things, such as eyes in a face, may be missing"),
        (0.0, "keeps nothing: only coarse shapes come through"),
        (-1.0, "keeps nothing: only coarse shapes come through"),
    ],
)
def test_the_words_follow_from_the_share(part: float, words: str) -> None:
    made = _blurred(IMAGES) + part * (IMAGES - _blurred(IMAGES))
    text = look(_evidence(IMAGES, made))
    assert text == f"Of what is smaller than 2 × 2 pixels it {words}."


def test_tables_and_tiny_pictures_have_no_such_detail() -> None:
    assert look(_evidence(rng.random((4, 9)), np.zeros((4, 9)))) is None
    assert look(_evidence(rng.random((4, 1, 7, 9)), np.zeros((4, 1, 7, 9)))) is None
    assert look(_evidence(np.ones((4, 1, 8, 8)), np.zeros((4, 1, 8, 8)))) is None


def _evidence(originals: np.ndarray, made: np.ndarray) -> Evidence:
    model = _Model({"images": originals, "reconstructions": made})
    return Evidence(model, Selection(Images(originals), np.arange(len(originals)), "test images"), True)


class _Model:
    def __init__(self, made: dict[str, np.ndarray]) -> None:
        self.made = made

    def outputs(self, images: Images) -> dict[str, np.ndarray]:
        return self.made
