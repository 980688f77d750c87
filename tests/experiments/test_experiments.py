"""The list of experiments, and `reproduce`, which runs one of them."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from latente import InputError, experiments
from latente.experiments import (
    EXPERIMENTS,
    denoise,
    emoji_vae,
    faces_nets,
    find,
    last_result,
    letters,
    map_fashion,
    plates,
    plates_one_class,
    reproduce,
    stacked,
    vae_mnist,
    vae_report,
)
from latente.experiments.machine import fast_precision

# the other modules hold experiments
SHARED = {
    "faces",
    "faces_nets",
    "flow_views",
    "machine",
    "made",
    "patterns",
    "photographs",
    "plates",
    "powell",
    "record",
    "recorded",
    "request",
    "sets",
} | {"side_by_side"}


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


@pytest.mark.parametrize(
    ("model", "precision"),
    [
        (denoise.source_net(0, batch_size=32, learning_rate=1e-3), "float32"),
        (denoise.u_net(0), fast_precision()),
        (emoji_vae.model(next(iter(emoji_vae.CASES.values())), 1.0, 0, 1), "float32"),
        (faces_nets.autoencoder(faces_nets.REPORT, 0), fast_precision()),
        (letters.autoencoder(0, hidden=(4,), **{**letters.ADAM, "activation": "tanh", "loss": "bce"}), "float32"),
        (map_fashion.autoencoder(0), "float32"),
        (plates.classifier(plates.CNN, 0, 1), fast_precision()),
        (plates.classifier(plates.MLP, 0, 1), "float32"),
        (plates_one_class.vae(0), "float32"),
        (stacked.classifier(next(iter(stacked.CASES.values())), 0, (4,), 1), fast_precision()),
        (vae_report.small_model(1), "float32"),
        (vae_mnist.likelihood_model(1, 1), fast_precision()),
    ],
)
def test_an_experiment_is_rerun_in_float32_or_in_bf16_where_that_is_computed(model: Any, precision: str) -> None:
    assert model.precision == precision


@pytest.mark.parametrize(
    ("unit", "precision"),
    [("avx512_bf16", "bf16"), ("cuda", "bf16"), ("avx512_bf16 of Intel", "float32"), (None, "float32")],
)
def test_experiments_compute_in_bf16_only_where_that_is_fast(
    monkeypatch: pytest.MonkeyPatch, unit: str | None, precision: str
) -> None:
    monkeypatch.setattr("latente.training.precision.bf16_unit", lambda device: unit)
    assert fast_precision() == precision


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
    (tmp_path / "something-else").mkdir()
    first, again = (reproduce("letters-denoise", tiny=True, out=tmp_path) for _ in range(2))
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
