"""Sentences are said in another language with the same in them, and none of them is missing there."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import latente
from latente.languages import LANGUAGES, Figure, Message, joined, say, translated
from latente.words import count, decibels, figure, percent

PACKAGE = Path(latente.__file__).parent
OTHERS = LANGUAGES[1:]
# what is said of a set by the name of its part, which is put together where it is said
PARTS = [f"{part} {what}" for part in ("test", "validation", "training", "unlabelled") for what in ("images", "rows")]
PARTS += [part[:-1] for part in PARTS] + ["images given", "image given", "rows given", "row given"]


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


def templates() -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    return {text for tree in trees for text in said(tree)} | {"{first}, {second}", *PARTS}


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
