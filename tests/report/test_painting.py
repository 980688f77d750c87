"""The report of what paints in one pass: photographs in the styles of the training, and how far that goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latente import FastStyleTransfer
from latente.estimators import weights
from latente.evidence import Evidence, open_evidence
from latente.objectives import StylisingObjective
from latente.report import write_report
from latente.report.sections import film, painting
from latente.report.training import Training
from latente.report.verdicts import judge
from latente.training import Run
from latente.words import percent
from translating import left_in_english, mark


@pytest.fixture
def evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evidence:
    monkeypatch.setattr(weights, "_PHOTOGRAPHS", 2)
    monkeypatch.setattr(StylisingObjective, "epoch_steps", 1)
    np.save(tmp_path / "photos.npy", np.random.default_rng(0).integers(0, 255, (6, 24, 24, 3), dtype=np.uint8))
    options = {"network": "pyramid", "width": 2, "depth": 1, "augmentation": "crop:16", "validation": 0.4}
    model = FastStyleTransfer(**options, epochs=2, random_state=0, device="cpu", out=tmp_path / "run")
    return open_evidence(Run(tmp_path / "run"), model.fit(tmp_path / "photos.npy"))


def test_photographs_that_judged_are_shown_in_the_styles_of_the_training(evidence: Evidence) -> None:
    section = painting.find(evidence.model, evidence)
    assert section is not None
    assert [len(pictures) for _, _, pictures in section.content["styles"].rows] == [3]
    assert [len(pictures) for _, _, pictures in section.content["strips"].rows] == [4, 4]
    assert f"--fast {evidence.path}" in section.lead
    shown = film.find(evidence.model, evidence)
    assert shown is not None
    assert "in styles of the training" in shown.lead
    assert painting.find(object(), evidence) is None


def test_its_page_is_wholly_in_the_language_asked_for(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    mark(monkeypatch)
    assert left_in_english(write_report(evidence.path, out=evidence.path / "es.html", language="es")) == set()


@pytest.mark.parametrize(("closed", "level"), [(0.85, "good"), (0.6, "fair"), (0.1, "poor"), (-1.0, "poor")])
def test_how_far_it_goes_is_told(evidence: Evidence, closed: float, level: str) -> None:
    evidence.__dict__["metrics"] = {"closed": closed}
    verdict = judge(evidence.model, evidence, None, Training(2, 1, 1.0, 1.0, None, 1.0, 1.0), "run")
    assert verdict.level == level
    assert percent(max(0.0, closed)) in verdict.answer
