"""Sentences are said in another language with the same in them, and none of them is missing there."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

import latente
from latente.culling import REASONS
from latente.errors import InputError
from latente.estimators.kinds import RUNS
from latente.images import open_images
from latente.images.damage import SAID_BY_PILLOW
from latente.languages import (
    LANGUAGES,
    Figure,
    Message,
    joined,
    recognised,
    said_by_script,
    say,
    speaking,
    spoken,
    translated,
)
from latente.words import count, decibels, figure, percent

PACKAGE = Path(latente.__file__).parent
OTHERS = LANGUAGES[1:]
# what is said of a set by the name of its part, which is put together where it is said
PARTS = [f"{part} {what}" for part in ("test", "validation", "training", "unlabelled") for what in ("images", "rows")]
PARTS += [part[:-1] for part in PARTS] + ["images given", "image given", "rows given", "row given"]
PARTS += ["test", "unlabelled"]  # of the explorer, where it is clear that images are meant
KINDS = [kind.title[:1].upper() + kind.title[1:] for kind in RUNS.values()]  # put together by `Evidence.title`
FAULTS = [*REASONS, *(reason.capitalize() for reason in REASONS)]  # in sentences, and as headings

# modules of the door whose refusals are to who calls it from Python, or types an option: no page shows them
TO_PROGRAMS = ("arrays", "container", "layouts", "lists", "options", "photographs", "scaling", "sizing")

# in scripts: style, a column of a file, and a command
NO_WORDS = ("sans-serif", "linear-gradient", "card chart", "charts wide", "left out", "latente watch")


def constants(node: ast.AST) -> Iterator[str]:
    """Yield the texts that an expression may be: a literal, or one of two."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from constants(one)
            yield from constants(other)


def said(tree: ast.AST) -> Iterator[str]:
    """Yield the templates of a module: what `say` is given, itself or as `template`, and what is counted."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="say"), args=[first, *_]):
                yield from constants(first)
            case ast.Call(func=ast.Name(id="joined"), args=[_, by]):
                yield from constants(by)
            case ast.Call(func=ast.Name(id="count"), args=[_, ast.Constant(value=str() as noun)]) if "say" in names:
                yield from ("{number} " + noun, "{number} " + noun + "s")
            case ast.Assign(targets=[ast.Name(id="template")], value=value) if "say" in names:
                yield from constants(value)


def said_by_page(text: str) -> Iterator[str]:
    """Yield the templates of sentences that a page's own template says."""
    for call in jinja2.Environment().parse(text).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "say":
            texts = call.args[0].find_all(nodes.Const) if isinstance(call.args[0], nodes.CondExpr) else [call.args[0]]
            yield from (text.value for text in texts if isinstance(text, nodes.Const))


def templates() -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    pages = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.j2"))
    scripts = "".join(
        path.read_text(encoding="utf-8")
        for path in [*PACKAGE.glob("*/templates/*.js"), *PACKAGE.glob("watching/page/*.js")]
    )
    found = {text for tree in trees for text in said(tree)} | {text for page in pages for text in said_by_page(page)}
    return found | set(said_by_script(scripts)) | {"{first}, {second}", *PARTS, *KINDS, *FAULTS, *SAID_BY_PILLOW}


def catalogue(language: str) -> dict[str, str]:
    content: dict[str, str] = json.loads((PACKAGE / "languages" / f"{language}.json").read_text(encoding="utf-8"))
    return content


def fields(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{(\w+)\}", text)))


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_there_in_each_language_and_no_other(language: str) -> None:
    own, known = templates(), catalogue(language)
    assert len(own) > 100
    assert own - known.keys() == set()
    assert known.keys() - own == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_has_the_same_in_it_whatever_the_language(language: str) -> None:
    known = catalogue(language)
    assert {key for key, text in known.items() if fields(key) != fields(text)} == set()
    assert {key for key, text in known.items() if key.count("`") != text.count("`")} == set()  # commands stay


def test_what_is_in_a_sentence_is_translated_with_it_and_names_are_not() -> None:
    text = say("It removes {part} of the squared error of {simple}.", part=percent(0.051), simple=say("the mean image"))
    assert text == "It removes 5.1\N{NO-BREAK SPACE}% of the squared error of the mean image."
    assert translated(text, "es") == "Elimina el 5,1\N{NO-BREAK SPACE}% del error cuadrático de la imagen media."
    assert translated(text, "en") == text
    assert translated("the mean image", "es") == "the mean image"  # of somebody's file, say
    named = say("class {label}", label="1.5")
    assert translated(named, "es") == "clase 1.5"


@pytest.mark.parametrize(
    ("text", "spanish"),
    [
        (figure(0.1234), "0,1234"),
        (figure(1234), "1234"),
        (figure(12345.6), "12.346"),
        (figure(2.3e-5), "2,30e-05"),
        (decibels(30.25), "30,2\N{NO-BREAK SPACE}dB"),
        (count(1, "step"), "1 paso"),
        (count(12_000, "step"), "12.000 pasos"),
        (Figure("-0.5"), "-0,5"),
        (figure(float("nan")), "no es un número"),
    ],
)
def test_numbers_are_written_as_each_language_does(text: str, spanish: str) -> None:
    assert translated(text, "es") == spanish


def test_a_block_has_a_language_of_its_own() -> None:
    text = say("{number} steps", number=12_000)
    with speaking("es"):
        assert (spoken(), translated(text)) == ("es", "12.000 pasos")
        with speaking("en"):
            assert translated(text) == "12,000 steps"
        assert spoken() == "es"
    assert (spoken(), translated(text)) == ("en", "12,000 steps")
    with pytest.raises(InputError, match="did you mean 'es'"), speaking("ed"):
        pass


def test_pages_and_scripts_have_no_words_but_those_that_they_say() -> None:
    folders = ["report/sections", "watching/page"]
    folders += [f"{page}/templates" for page in ("report", "explorer", "culling", "restoring")]
    for path in (path for folder in folders for path in (PACKAGE / folder).iterdir()):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".j2":
            text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
            own = re.findall(r'(?:alt|title|aria-label|placeholder)="([^"]*[a-z][^"]*)"', text)
            own += re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", text))
            assert [word for word in own if word not in ("Latente", "CSV")] == [], path.name
        elif path.suffix == ".js":
            text = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", " ", text, flags=re.DOTALL)
            text = re.sub(r'\bt\(("(?:[^"\\]|\\.)*")', "t(", text)
            text = re.sub(r"\$\{[^{}]*\}", "", text)
            texts = re.findall(r'"(?:[^"\\\n]|\\.)*"|`[^`\n]*`', text)
            own = [words for words in texts if re.search(r"[A-Za-z]{2,} [a-z]{2,}", words)]
            own += re.findall(r'(?:textContent|title|ariaLabel|ariaValueText) = (["`][^"`]*[a-z]{2}[^"`]*["`])', text)
            rest = [words for words in own if not any(sign in words for sign in NO_WORDS)]
            assert rest == [], path.name


def test_what_the_door_refuses_is_said_wherever_a_page_may_show_it() -> None:
    modules = [path for path in PACKAGE.glob("images/*.py") if path.stem not in TO_PROGRAMS]
    unsaid = []
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="InputError" | "Damaged"), args=[ast.Constant() | ast.JoinedStr(), *_]):
                    unsaid.append(f"{path.name}:{node.lineno}")
    assert len(modules) > 30
    assert unsaid == []


def test_an_error_keeps_its_message_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for name in ("half.png", "other.png"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError) as caught:
        open_images(tmp_path)
    text = translated(str(caught.value), "es")
    assert text.startswith(f"{tmp_path} no contiene ninguna imagen que se pueda usar: ")
    assert "empty.png (vacío, 0 bytes), " in text


@pytest.mark.parametrize(
    ("text", "spanish"),
    [
        (
            "/home/ana/fotos holds no picture that can be used: a.png (empty, 0 bytes)",
            "/home/ana/fotos no contiene ninguna imagen que se pueda usar: a.png (vacío, 0 bytes)",
        ),
        (
            "fotos needs 1.5 GiB of memory at once, and 512 B are free; give smaller images or a smaller file",
            "fotos necesita 1.5 GiB de memoria a la vez, y hay 512 B libres; da imágenes o un archivo más pequeños",
        ),
        (
            "cannot be decoded: image file is truncated (1,200 bytes not processed)",
            "no se puede decodificar: el archivo está cortado (quedan 1200 bytes por procesar)",
        ),
        ("named .jpg, but its content is PNG", "se llama .jpg, pero su contenido es PNG"),
        ("cannot be read: of its own kind", "no se puede leer: of its own kind"),
        ("whatever nobody knows", "whatever nobody knows"),
        (say("{number} steps", number=2), "2 pasos"),
    ],
)
def test_what_has_lost_its_template_is_recognised_by_its_words(text: str, spanish: str) -> None:
    assert recognised(text) == text
    assert translated(recognised(text), "es") == spanish


def test_a_list_is_joined_by_the_language_s_own_word() -> None:
    assert joined([]) == ""
    assert joined(["a", "b", "c"]) == "a, b, c"
    assert translated(joined(["a", "b", "c"], "{first} or {second}"), "es") == "a o b o c"


def test_a_sentence_survives_whatever_copies_it() -> None:
    text = say("class {label}", label="1")
    other = copy.deepcopy(text)
    assert isinstance(other, Message)
    assert (other, translated(other, "es")) == (text, "clase 1")
    assert json.loads(json.dumps({"text": text})) == {"text": "class 1"}
