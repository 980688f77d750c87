"""The reference tells of every class what it is, how it is used, what it takes and has, and which errors it raises."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import latente
from latente.checks import options_of
from latente.images import Images, Scaling, open_images
from latente.sweeps import Sweep
from latente.training import Run, TrainingOptions

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
MODELS = {
    "autoencoder": latente.Autoencoder,
    "variational-autoencoder": latente.VariationalAutoencoder,
    "stacked-autoencoder-classifier": latente.StackedAutoencoderClassifier,
    "anomaly-detector": latente.AnomalyDetector,
    "image-classifier": latente.ImageClassifier,
    "restorer": latente.Restorer,
}
CLASSES: dict[str, Any] = {
    **MODELS,
    "style-transfer": latente.StyleTransfer,
    "images": Images,
    "scaling": Scaling,
    "run": Run,
    "training-options": TrainingOptions,
    "sweep": Sweep,
}


def read(page: str) -> str:
    """Return a page as the site shows it, with the parts that several share."""
    text = (REFERENCE / f"{page}.md").read_text(encoding="utf-8")
    part = re.compile(r'^--8<-- "reference/(.+)"\n', re.MULTILINE)
    return part.sub(lambda name: (REFERENCE / name[1]).read_text(encoding="utf-8"), text)


def section(page: str, heading: str) -> str:
    return read(page).split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(table: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


def names(table: str) -> list[str]:
    return [name for row in rows(table) for name in re.findall(r"`(\w+)`", row[0])]


def test_every_public_name_is_told_of() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md"))
    missing = [name for name in latente.__all__ if not re.search(rf"\blatente\.{name}\b", pages)]
    assert [name for name in missing if not name.startswith("__")] == []


@pytest.mark.parametrize("page", CLASSES)
def test_a_class_has_a_sentence_an_example_its_options_errors_and_methods(page: str) -> None:
    kind, text = CLASSES[page], read(page)
    assert text.startswith(f"# {kind.__name__}\n\n`{kind.__module__.split('.')[0]}")
    assert "```python\n" in section(page, "Example")
    assert re.search(r"^## (Options|Fields)", text, re.MULTILINE)
    assert "InputError" in section(page, "Errors")
    assert re.search(rf"^::: latente\.(\w+\.)?{kind.__name__}$", text, re.MULTILINE)


@pytest.mark.parametrize("page", MODELS)
def test_the_fitted_attributes_are_those_that_a_model_has(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latente.objectives.RestorationObjective.epoch_steps", 2)
    images = open_images("digits", count=80)
    options = {"hidden": (8,), "epochs": 1, "random_state": 0, "corruption": "mask:0.2", "width": 4, "depth": 1}
    model = MODELS[page](**{name: options[name] for name in options_of(MODELS[page]) if name in options}).fit(images)
    own = {name for name in (*vars(model), *dir(type(model))) if re.fullmatch(r"[a-z]\w*[a-z]_", name)}
    assert set(names(section(page, "Fitted attributes"))) == own


@pytest.mark.parametrize(
    ("page", "heading"), [("images", "Fields"), ("scaling", "Fields"), ("run", "Options"), ("sweep", "Options")]
)
def test_tables_that_no_declaration_makes_agree_with_the_code(page: str, heading: str) -> None:
    parameters = inspect.signature(CLASSES[page]).parameters
    table = section(page, heading)
    assert names(table) == list(parameters)
    for row in rows(table):
        for name in re.findall(r"`(\w+)`", row[0]):
            assert row[2].strip("`") == default(parameters[name])


def default(parameter: inspect.Parameter) -> str:
    """Return a default as it is written; those that a dataclass makes anew are dicts here."""
    if parameter.default is parameter.empty:
        return ""
    return "{}" if repr(parameter.default) == "<factory>" else repr(parameter.default)
