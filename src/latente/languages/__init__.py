"""Sentences that remember what they were made of, so that they can be said in another language.

What the house says is English where it is written. `say` keeps beside the text its template and what filled it, and
`translated` fills the template of another language, from a file of templates (`es.json`), with the same. A sentence is
text wherever text is wanted: nobody has to know of it but who makes it and who shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["LANGUAGES", "Figure", "Message", "joined", "say", "translated"]

LANGUAGES = ("en", "es")  # the first is that of the code

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


def translated(text: str, language: str) -> str:
    """Return a text in a language; what is no message, or of no known template, as it is, figures in its numbers."""
    if language == LANGUAGES[0]:
        return str(text)
    if isinstance(text, Figure):
        return _NUMBER.sub(_number, text)
    if not isinstance(text, Message):
        return text
    template = _templates(language).get(text.template, text.template)
    return template.format(**{name: translated(field, language) for name, field in text.fields.items()})


@cache
def _templates(language: str) -> Mapping[str, str]:
    content: Any = json.loads((Path(__file__).parent / f"{language}.json").read_text(encoding="utf-8"))
    return dict(content)


def _number(match: re.Match[str]) -> str:
    """Write a number with a decimal comma, its thousands set apart by points from five digits on."""
    whole, _, decimals = match[0].replace(",", "").partition(".")
    whole = f"{int(whole):,}".replace(",", ".") if len(whole) > 4 else whole
    return f"{whole},{decimals}" if decimals else whole
