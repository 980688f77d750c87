"""What leaves the house and what stands around it: pins, the wheel, tools, and rules that hold everywhere."""

from __future__ import annotations

import fnmatch
import importlib.metadata
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from latente.images import formats, limits

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "latente"
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = TOOLS["project"]
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
    assert {"dev", "docs", "export", "sweep", "tensorboard"} <= EXTRAS.keys()


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
    for template in (
        "report/templates/base.html.j2",
        "report/sections/classes.html.j2",
        "explorer/templates/main.js",
        "watching/page/index.html.j2",
    ):
        assert f"latente/{template}" in packed
    assert "latente/pages/page.css" in packed
    assert {"LICENSE", "entry_points.txt"} <= meta


def test_no_rule_is_silenced_in_place() -> None:
    mark = re.compile(r"# *(noqa|ruff:|fmt:|pragma)", re.IGNORECASE)
    files = [path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    silenced = [path for path in files if mark.search(path.read_text(encoding="utf-8"))]
    assert [path.relative_to(ROOT).as_posix() for path in silenced] == []


def recipe(target: str) -> list[list[str]]:
    """Return the words of each command that `make` runs for a target, once its environment stands."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    (lines,) = re.findall(rf"^{target}:[^\n]*\n((?:\t[^\n]*\n)+)", makefile, re.MULTILINE)
    return [shlex.split(line) for line in lines.splitlines()]


def test_a_commit_is_checked_by_what_lint_runs_and_fetches_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    hooks = repository["hooks"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [shlex.split(hook["entry"]) for hook in hooks] == recipe("lint")
    assert not any(hook["pass_filenames"] for hook in hooks)  # they would take the place of the files that lint names


def editor_rules(name: str) -> dict[str, str]:
    """Return what .editorconfig says of a file: later sections win, and * and {a,b} are all its patterns need."""
    rules: dict[str, str] = {}
    applies = False
    for line in (ROOT / ".editorconfig").read_text(encoding="utf-8").splitlines():
        if section := re.fullmatch(r"\[(.+)\]", line):
            patterns = section[1].strip("{}").split(",")
            applies = any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        elif applies and "=" in line:
            key, _, value = line.partition("=")
            rules[key.strip()] = value.strip()
    return rules


def test_editors_are_told_what_ruff_formats() -> None:
    ruff = TOOLS["tool"]["ruff"]
    rules = editor_rules("src/latente/errors.py")
    assert rules["max_line_length"] == str(ruff["line-length"])
    assert rules["indent_style"] == ruff.get("format", {}).get("indent-style", "space")
    assert rules["indent_size"] == str(ruff.get("indent-width", 4))
    assert editor_rules("Makefile")["indent_style"] == "tab"


def is_as_told(name: str, content: bytes) -> bool:
    """Say whether a text file ends and is indented as .editorconfig says."""
    rules = editor_rules(name)
    assert rules["insert_final_newline"] == rules["trim_trailing_whitespace"] == "true"
    if not content.endswith(b"\n") or re.search(rb"[ \t\r]$", content, re.MULTILINE):
        return False
    return rules["indent_style"] != "space" or not re.search(rb"^\t", content, re.MULTILINE)


def test_the_files_are_as_editors_are_told() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not in a git checkout")
    names = [name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
    contents = {name: (ROOT / name).read_bytes() for name in names}
    texts = {name: content for name, content in contents.items() if content and b"\0" not in content}
    assert [name for name, content in texts.items() if not is_as_told(name, content)] == []


def test_the_citation_names_this_version_its_license_and_no_invented_person() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == importlib.metadata.version(PROJECT["name"])
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]
    assert {"message", "title", "type"} <= citation.keys()
    assert citation.keys().isdisjoint({"doi", "url", "repository", "repository-code", "contact"})


def test_the_changelog_tells_of_this_version_newest_first() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased"
    released = [tuple(int(part) for part in version.split(".")) for version in versions[1:]]
    assert released == sorted(released, reverse=True)
    current = importlib.metadata.version(PROJECT["name"])
    assert current in versions or f"will be {current}" in text
    groups = re.findall(r"^### (.+)", text, re.MULTILINE)
    assert set(groups) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_what_the_security_page_states_is_what_the_door_does() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"{limits.MAX_PIXELS:,} pixels" in text
    assert f"{limits.MAX_BYTES // 2**20} MiB a file" in text
    for name in formats.FORMATS:
        assert name in text.replace("WebP", "WEBP").replace("JPEG 2000", "JPEG2000")
    assert not re.search(r"[\w.]+@[\w.]+", text)  # reports go through the repository's host


def test_python_versions_that_are_promised_begin_with_the_oldest() -> None:
    versions = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert TOOLS["tool"]["mypy"]["python_version"] == versions[0]
    assert TOOLS["tool"]["ruff"]["target-version"] == f"py{versions[0].replace('.', '')}"
    assert numbers == [(3, minor) for minor in range(numbers[0][1], numbers[-1][1] + 1)]
