"""A family that nobody in the house has heard of is served through its abilities, or refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

import outsiders
from latente import InputError, load, open_images, resume
from latente.cli import main
from latente.estimators.kinds import KINDS

Latente = Callable[[str], tuple[int, str]]  # runs a command line, gives its exit code and what it printed

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


@pytest.fixture
def latente(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Latente:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def run(line: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(line.split())
        outcome = capsys.readouterr()
        assert "Traceback" not in outcome.err
        return code, outcome.out + outcome.err

    return run


@pytest.mark.parametrize(("kind", "options"), [("mean", "--epochs 2 --pull 0.1"), ("range", "--margin 0.05")])
def test_the_command_line_serves_what_a_family_can_do_and_refuses_the_rest(
    kind: str, options: str, file: Path, latente: Latente
) -> None:
    code, text = latente(f"fit {file} --model {kind} {options} --seed 0 --dry-run")
    assert (code, "nothing was written" in text) == (0, True)
    code, text = latente(f"fit {file} --model {kind} {options} --seed 0 --out run")
    assert code == 0
    assert "latente evaluate run" in text or "report" in text
    assert not any(f"latente {verb} " in text for verb in ("encode", "sample", "reconstruct"))
    page = (Path("run") / "report.html").read_text()
    assert KINDS[kind].title in page.lower()
    assert "objective" in page
    code, text = latente(f"evaluate run {file} --json")
    assert (code, "objective" in text) == (0, True)
    resumed = latente("resume run --epochs 3") if kind == "mean" else latente("resume run")
    assert resumed[0] == 0
    assert latente("report run --out page.html")[0] == 0
    for line in (
        "encode run set.npz --out c.npz",
        "sample run --out s.png",
        "explore run",
        "map run set.npz --out m.png",
        "export run --out o",
    ):
        code, text = latente(line)
        assert code == 2
        assert KINDS[kind].title in text
        assert "evaluate" in text
        assert len(text.strip().splitlines()) == 1


def test_a_family_s_options_stand_in_its_help_and_nowhere_else(latente: Latente) -> None:
    code, text = latente("fit --model mean --help")
    assert code == 0
    assert "--pull" in text
    assert "Pull of the image towards black." in text
    assert "Length of the code" not in text
    assert "Passes over the images" not in latente("fit --model range --help")[1]
    code, text = latente("fit --help")
    assert "Learns the mean image." in text
    assert "--pull" not in text
    code, text = latente("fit digits --model vae --pull 1")
    assert code == 2
    assert "mean" in text


def test_a_sweep_tries_a_family_s_options(file: Path, latente: Latente) -> None:
    Path("sweep.yaml").write_text(
        f"images: {file}\nmodel: mean\noptions: {{epochs: 1}}\ngrid: {{pull: [0, 1]}}\nmetric: objective\n"
    )
    code, text = latente("sweep sweep.yaml --out swept --jobs 1")
    assert code == 0
    assert "pull 0" in text


def test_runs_of_two_families_stand_beside_each_other_on_one_page(file: Path, latente: Latente) -> None:
    assert latente(f"fit {file} --model mean --epochs 1 --seed 0 --out a --no-report")[0] == 0
    assert latente(f"fit {file} --model range --seed 0 --out b --no-report")[0] == 0
    assert latente("report a b --out both.html")[0] == 0
    assert "mean image" in Path("both.html").read_text().lower()
