"""A family that nobody in the house has heard of is served through its abilities, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

import outsiders
from latente import InputError, load, open_images, resume
from latente.estimators.kinds import KINDS

X = np.random.default_rng(0).integers(0, 255, (48, 9, 10, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (outsiders.MEAN, outsiders.RANGE):
        monkeypatch.setitem(KINDS, kind.name, kind)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    np.savez(tmp_path / "set.npz", images=X)
    return tmp_path / "set.npz"


def test_scikit_learn_s_checks_pass_for_a_family_of_one_hook() -> None:
    results = check_estimator(outsiders.MeanImage(epochs=1, random_state=0), on_skip=None, on_fail="raise")
    assert {result["status"] for result in results} <= {"passed", "skipped"}


def test_a_family_learns_resumes_and_comes_back_from_disk(file: Path, tmp_path: Path) -> None:
    whole = outsiders.MeanImage(epochs=6, learning_rate=0.05, random_state=0, out=tmp_path / "whole").fit(file)
    outsiders.MeanImage(epochs=2, learning_rate=0.05, random_state=0, out=tmp_path / "parts").fit(file)
    parts = resume(tmp_path / "parts", epochs=6)
    assert parts.evaluate(X) == whole.evaluate(X) == load(tmp_path / "whole").evaluate(X)
    assert whole.evaluate(X)["objective"] < ((X / 255.0) ** 2).mean()
    assert 1 <= whole.best_epoch_ <= 6


def test_what_learns_without_the_loop_has_a_run_and_a_model_too(file: Path, tmp_path: Path) -> None:
    model = outsiders.ValueRange(random_state=0, validation=None, out=tmp_path / "run").fit(file)
    assert model.evaluate(X)["objective"] == 0
    again = load(tmp_path / "run")
    assert again.evaluate(255 - X) == model.evaluate(255 - X)
    assert again.widest_ == model.widest_
    assert "epochs" not in model.get_params()
    with pytest.raises(InputError, match="epochs"):
        resume(tmp_path / "run", epochs=3)
    assert resume(tmp_path / "run").evaluate(X) == model.evaluate(X)
    with pytest.raises(InputError, match="needs pictures"):
        outsiders.ValueRange().fit(np.zeros((9, 4)))


def test_a_family_s_options_are_checked_like_all_others(file: Path) -> None:
    with pytest.raises(InputError, match="pull must be a number of at least 0, not -1"):
        outsiders.MeanImage(pull=-1).fit(file)


def test_a_plan_and_a_notebook_ask_no_more_of_it(file: Path) -> None:
    for estimator in (outsiders.MeanImage(epochs=1), outsiders.ValueRange()):
        plan = estimator.plan(open_images(file))
        assert plan["parameters"] == (270 if isinstance(estimator, outsiders.MeanImage) else 0)
        assert type(estimator).__name__ in estimator.fit(file)._repr_html_()
