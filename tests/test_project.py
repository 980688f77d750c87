"""What leaves the house: pins, the wheel, and rules that hold everywhere."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "latente"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [Requirement(text) for group in (PROJECT["dependencies"], *EXTRAS.values()) for text in group]
FOREIGN = [requirement for requirement in REQUIREMENTS if requirement.name != PROJECT["name"]]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def brought_along(requirements: list[Requirement]) -> set[str]:
    """Return the names of all installed distributions that `requirements` need, directly or not."""
    found: set[str] = set()
    waiting = [(requirement, extra) for requirement in requirements for extra in ("", *requirement.extras)]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        if name not in found:
            found.add(name)
            waiting += [(Requirement(need), each) for need in needs for each in ("", *requirement.extras)]
    return found


@pytest.mark.parametrize("requirement", FOREIGN, ids=str)
def test_every_requirement_is_pinned_within_its_range(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_what_the_requirements_bring_along_is_pinned_too() -> None:
    names = brought_along([Requirement(text) for text in (*PROJECT["dependencies"], *EXTRAS["dev"])])
    assert {"torch", "scipy", "mypy-extensions"} <= names
    gpu_parts = {name for name in names if name.startswith(("nvidia-", "cuda-", "triton"))}  # torch pins its own
    assert names - gpu_parts - {PROJECT["name"]} <= pins().keys()


def test_the_promised_extras_exist() -> None:
    assert {"dev", "docs", "export", "sweep"} <= EXTRAS.keys()


def test_the_wheel_holds_the_whole_package_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        meta = {Path(name).name for name in archive.namelist() if ".dist-info/" in name}
    sources = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert packed == {path.relative_to(ROOT / "src").as_posix() for path in sources}
    assert "latente/py.typed" in packed
    for template in ("report/templates/base.html.j2", "report/sections/classes.html.j2", "explorer/templates/main.js"):
        assert f"latente/{template}" in packed
    assert "latente/pages/page.css" in packed
    assert {"LICENSE", "entry_points.txt"} <= meta


def test_no_rule_is_silenced_in_place() -> None:
    mark = re.compile(r"# *(noqa|ruff:|fmt:|pragma)", re.IGNORECASE)
    files = [path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    silenced = [path for path in files if mark.search(path.read_text(encoding="utf-8"))]
    assert [path.relative_to(ROOT).as_posix() for path in silenced] == []
