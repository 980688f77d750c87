"""Heads that are seen by few photons: how they are drawn, and what counts as lost and as added."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.data import shepp_logan_phantom

from latente.experiments import low_dose, reproduce
from latente.experiments.low_dose import CONTRAST, HEAD, LARGE, added, drawn, kept, other_head, seen

SPOTS = len(HEAD) - LARGE


def test_the_head_is_that_of_scikit_image() -> None:
    published = shepp_logan_phantom()
    head = drawn(HEAD, len(published))
    assert np.abs(head - published).mean() < 0.01
    assert np.corrcoef(head.ravel(), published.ravel())[0, 1] > 0.97


def test_nothing_is_lost_and_nothing_added_in_the_head_itself() -> None:
    for head in (HEAD, other_head(np.random.default_rng(3))):
        assert kept(head, drawn(head, 160)) == pytest.approx([1.0] * len(kept(head, drawn(head, 160))))
        assert added(head, drawn(head, 160)) == 0


def test_a_spot_that_is_left_out_is_lost_and_one_that_is_half_as_strong_keeps_half() -> None:
    half = [*HEAD[:LARGE], *((value / 2, *where) for value, *where in HEAD[LARGE:])]
    for spot in range(LARGE, len(HEAD)):
        one = kept(HEAD, drawn([*HEAD[:spot], *HEAD[spot + 1 :]], 160))
        assert one == pytest.approx([float(other != spot) for other in range(LARGE, len(HEAD))], abs=0.2)
    assert kept(HEAD, drawn(half, 160)) == pytest.approx([0.5] * SPOTS, abs=0.01)


def test_a_spot_elsewhere_is_added_and_noise_of_single_pixels_is_not() -> None:
    clean = drawn(HEAD, 160)
    more = drawn([*HEAD, (CONTRAST, 0.05, 0.05, 0.3, -0.5, 0.0), (CONTRAST, 0.05, 0.05, -0.3, -0.5, 0.0)], 160)
    assert added(HEAD, more) == 2
    rng = np.random.default_rng(0)
    assert added(HEAD, clean + CONTRAST * (rng.random(clean.shape) < 0.1)) == 0


def test_more_photons_leave_less_noise() -> None:
    clean = drawn(HEAD, 64)
    errors = []
    for photons in (1e2, 1e4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(low_dose, "PHOTONS", photons)
            errors.append(np.abs(seen(HEAD, 64, 60, np.random.default_rng(0)) - clean).mean())
    assert errors[1] < 0.5 * errors[0]


def test_both_kinds_stand_beside_what_they_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 2)
    result = reproduce("low-dose", tiny=True)
    lines = result.tables["what is lost and what is added"]
    names = [low_dose.GIVEN, *low_dose.KINDS]
    assert [(line["head"], line["picture"]) for line in lines] == [
        (head, name) for head in (low_dose.PUBLISHED, low_dose.OTHERS) for name in names
    ]
    assert all(np.isfinite(claim.measured) for claim in result.claims)
    assert "the published head" in result.figures
