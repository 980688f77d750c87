"""The documentation is held against the program: every line in it that a reader may copy."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import latente
from latente.cli import app
from latente.cli.shared.model_options import all_options

ROOT = Path(__file__).parents[1]
FRONT = ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")
PAGES = [*(ROOT / f"{name}.md" for name in FRONT), *sorted((ROOT / "docs").rglob("*.md"))]

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def command_lines(page: Path) -> list[list[str]]:
    """Return the words after `latente` of every command line on the page."""
    lines = [shlex.split(line, comments=True) for block in blocks(page, "sh") for line in block.splitlines()]
    return [words[words.index("latente") + 1 :] for words in lines if "latente" in words]


def parse(words: list[str]) -> None:
    """Read a command line as the program does, without running it; raises where it cannot be understood."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words, "a verb is missing"
        assert words[0] in command.commands, f"there is no verb {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    with contextlib.suppress(typer.Exit):  # which is how --help ends
        command.make_context("latente", list(words)).close()


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:|#", target)]
    assert [target for target in targets if not (page.parent / target.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("words", [words for page in PAGES for words in command_lines(page)], ids=" ".join)
def test_command_lines_are_understood(words: list[str]) -> None:
    parse(words)


def test_a_wrong_command_line_would_be_noticed() -> None:
    with pytest.raises(Exception, match=r"(?i)no such option"):
        parse(["fit", "glyphs", "--epoch-count", "3"])
    with pytest.raises(AssertionError, match="no verb"):
        parse(["train", "glyphs"])


def uses(tree: ast.AST) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (owner, attribute, keywords) for every `owner.attribute` and every call of one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name), keywords=keywords):
                yield owner, name, [keyword.arg for keyword in keywords if keyword.arg]
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                yield owner, name, []


@each_page
def test_python_examples_use_names_and_arguments_that_exist(page: Path) -> None:
    models = (
        latente.GAN,
        latente.StyleTransfer,
        latente.VariationalAutoencoder,
        latente.StackedAutoencoderClassifier,
        latente.AnomalyDetector,
    )
    for block in blocks(page, "python"):
        for owner, name, keywords in uses(ast.parse(block)):
            homes = {"latente": (latente,), "model": models}.get(owner, ())
            if not homes:
                continue
            found = [getattr(home, name) for home in homes if hasattr(home, name)]
            assert found, f"{owner}.{name}"
            if keywords:
                known = {parameter for one in found for parameter in inspect.signature(one).parameters}
                if known & {"own", "options"}:  # what hands options on, or takes a caller's own back
                    known |= all_options().keys()
                assert set(keywords) <= known, f"{owner}.{name}({', '.join(keywords)})"


def test_pictures_are_light_and_shown_somewhere() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs" / "pictures").iterdir():
        if picture.suffix != ".py":
            assert picture.stat().st_size < 400_000, picture.name
            assert f"pictures/{picture.name}" in shown
