"""Sentences that remember what they were made of, so that they can be said in another language.

What the house says is English where it is written. `say` keeps beside the text its template and what filled it, and
`translated` fills the template of another language, from a file of templates (`es.json`), with the same. A sentence is
text wherever text is wanted: nobody has to know of it but who makes it and who shows it. Who shows it (a page, a
figure) need not know the language either: it is that of the block which `speaking` opens around all of the showing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from latente.errors import did_you_mean

__all__ = [
    "LANGUAGES",
    "Figure",
    "Message",
    "joined",
    "recognised",
    "said_by_script",
    "say",
    "speaking",
    "spoken",
    "translated",
    "words_of",
]

LANGUAGES = ("en", "es")  # the first is that of the code

_TELLING = 8  # letters of its own by which a template is recognised
_current: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])
_SAID = re.compile(r'\bt\(("(?:[^"\\]|\\.)*")')  # in a script
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


class Figure(str):
    """A number, with its unit, as it is written in English."""

    __slots__ = ()


class Message(str):
    """A text in English, with the template that it was made from and what fills that."""

    template: str
    fields: Mapping[str, str]

    def __new__(cls, template: str, fields: Mapping[str, str]) -> Message:
        message = super().__new__(cls, template.format(**fields))
        message.template, message.fields = template, fields
        return message

    def __str__(self) -> str:
        return self  # an error's text is what it was raised with, and stays a message

    def __reduce__(self) -> tuple[type[Message], tuple[str, Mapping[str, str]]]:
        return Message, (self.template, self.fields)


def say(template: str, /, **fields: str | int) -> str:
    """Return a text made of a template in English, which stands in the files of the other languages.

    fields: by the names in its braces; a whole number is written with its thousands set apart. Messages and figures
    among them are translated with the text, other text (a name, a command) stays as it is.
    """
    filled = {name: Figure(f"{value:,}") if isinstance(value, int) else value for name, value in fields.items()}
    return Message(template, filled)


def joined(parts: Iterable[str], by: str = "{first}, {second}") -> str:
    """Return parts as one text, each with the next by a template; an empty one of none."""
    text = ""
    for part in parts:
        text = say(by, first=text, second=part) if text else part
    return text


@contextlib.contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Show what is shown in the block in a language of `LANGUAGES`; raises InputError for any other.

    language: None is the one that the environment variable LATENTE_LANG names, else English.
    """
    if language is None:
        language = os.environ.get("LATENTE_LANG", "")
        language = language if language in LANGUAGES else LANGUAGES[0]
    if language not in LANGUAGES:
        raise did_you_mean("language", language, LANGUAGES)
    before = _current.set(language)
    try:
        yield
    finally:
        _current.reset(before)


def spoken() -> str:
    """Return the language of the block (see `speaking`); outside of any that of the code."""
    return _current.get()


def translated(text: str, language: str | None = None) -> str:
    """Return a text in a language, by default that of the block.

    What is no message, or of no known template, stays as it is; figures are written with the language's own marks.
    """
    language = spoken() if language is None else language
    if language == LANGUAGES[0]:
        return str.__str__(text)
    if isinstance(text, Figure):
        return _NUMBER.sub(_number, text)
    if not isinstance(text, Message):
        return text
    template = _templates(language).get(text.template, text.template)
    return template.format(**{name: translated(field, language) for name, field in text.fields.items()})


def recognised(text: str) -> str:
    """Return the message that a text in English was made from, by the tables; the text itself where none fits.

    For what has lost its template on the way: what another process printed, or an older version wrote. Of several
    templates that fit the one with most words of its own, then the one in most parts, is meant.
    """
    return text if isinstance(text, Message) else _recognised(text)


@lru_cache(
    maxsize=1024
)  # of a folder's damaged files most have one of a few reasons, and hundreds of patterns are tried
def _recognised(text: str) -> str:
    for pattern, template in _patterns():
        if match := pattern.fullmatch(text):
            return Message(template, {name: recognised(field) for name, field in match.groupdict().items()})
    return Figure(text) if _NUMBER.fullmatch(text) else text


def said_by_script(script: str) -> list[str]:
    """Return the templates of the sentences that a script says: what its calls of `t` begin with."""
    return [str(json.loads(text)) for text in _SAID.findall(script)]


def words_of(script: str) -> dict[str, str]:
    """Return what a script says in the language of the block, by what stands in it; nothing in that of the code."""
    if spoken() == LANGUAGES[0]:
        return {}
    return {template: _templates(spoken()).get(template, template) for template in said_by_script(script)}


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what tells the templates of some length, those with most letters of their own first."""
    parts = {template: re.split(r"\{(\w+)\}", template) for template in _templates(LANGUAGES[1])}
    letters = {template: sum(map(str.isalpha, "".join(own[::2]))) for template, own in parts.items()}
    patterns = []
    for template in sorted(parts, key=lambda template: (-letters[template], -len(parts[template]))):
        if letters[template] < _TELLING:
            break
        known: set[str] = set()
        pattern = ""
        for k, part in enumerate(parts[template]):
            pattern += re.escape(part) if k % 2 == 0 else f"(?P={part})" if part in known else f"(?P<{part}>.+?)"
            known |= {part} if k % 2 else set()
        patterns.append((re.compile(pattern), template))
    return patterns


@cache
def _templates(language: str) -> Mapping[str, str]:
    content: Any = json.loads((Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8"))
    return dict(content)


def _number(match: re.Match[str]) -> str:
    """Write a number with a decimal comma, its thousands set apart by points from five digits on."""
    whole, _, decimals = match[0].replace(",", "").partition(".")
    whole = f"{int(whole):,}".replace(",", ".") if len(whole) > 4 else whole
    return f"{whole},{decimals}" if decimals else whole
