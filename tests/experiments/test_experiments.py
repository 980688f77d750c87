"""The list of experiments, and `reproduce`, which runs one of them."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path

import pytest

from latente import InputError, experiments
from latente.experiments import EXPERIMENTS, find, last_result, reproduce

SHARED = {"machine", "record", "request", "sets"}  # the other modules hold experiments


def test_there_is_no_last_result_where_there_is_none_that_can_be_read(tmp_path: Path) -> None:
    assert last_result(tmp_path) is None
    (tmp_path / "result.json").write_text("{")
    assert last_result(tmp_path) is None
    (tmp_path / "result.json").write_text(json.dumps([1]))
    assert last_result(tmp_path) is None


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_says_whose_it_is_what_was_claimed_and_how_to_rerun_it(name: str) -> None:
    module = importlib.import_module(f"latente.experiments.{EXPERIMENTS[name].module}")
    text = module.__doc__
    assert all(f"\n{word}: " in text for word in ("Source", "Claim", "Ours", "Command", "Minutes"))
    assert EXPERIMENTS[name].source in text
    assert f"latente reproduce {name}" in text
    assert callable(module.run)


def test_what_cannot_be_asked_for_is_one_line_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'letters'"):
        find("lettres")
    with pytest.raises(InputError, match="seeds must be a whole number of at least 1"):
        reproduce("letters", seeds=0)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; name a folder"):
        reproduce("letters", out=tmp_path / "file")
    with pytest.raises(InputError, match="cannot be read"):
        reproduce("letters", tiny=True, font=tmp_path / "none.h")


def test_minutes_after_earlier_trainings_are_told_as_such(tmp_path: Path) -> None:
    first = reproduce("letters-denoise", tiny=True, out=tmp_path)
    assert not reproduce("letters-denoise", tiny=True, out=tmp_path).resumed  # it keeps no trainings
    (tmp_path / "runs").mkdir()
    again = reproduce("letters-denoise", tiny=True, out=tmp_path)
    assert (first.resumed, again.resumed) == (False, True)


def imports(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
    prefix = "latente.experiments."
    return {name.removeprefix(prefix).split(".")[0] for name in names if name.startswith(prefix)}


def test_no_experiment_knows_another_one() -> None:
    files = {path.stem: path for path in Path(experiments.__file__).parent.glob("*.py") if path.stem != "__init__"}
    modules = {experiment.module for experiment in EXPERIMENTS.values()}
    assert files.keys() == modules | SHARED
    for module in modules:
        assert not imports(files[module]) & modules, module
    for module in SHARED:
        assert not imports(files[module]) & modules, module
