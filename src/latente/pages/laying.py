"""From values to a page: a template lays them out, escaped, and the file is there whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import jinja2
from markupsafe import Markup

from latente.files import replacing
from latente.languages import Figure, Message, say, spoken, translated
from latente.words import figure

__all__ = ["STYLE", "lay_out", "write"]

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def lay_out(template: str, page: Mapping[str, object], *folders: Path) -> str:
    """Return `page` laid out by the template of this name, which with all that it includes lies in the folders.

    Whatever a template shows is in the language of the block (`latente.languages.speaking`), its own words too, which
    it says by `say`; `language` is that language's code.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {"typed": _typed, "figure": figure, "translated": translated}
    environment.globals |= {"say": say, "language": spoken()}
    return environment.get_template(template).render(page)


def _shown(value: object) -> object:
    return translated(value) if isinstance(value, Figure | Message) else value  # markup stays markup


def _typed(line: str) -> Markup:
    """Return a command whose options stay whole where the line is broken: browsers break it behind any hyphen."""
    parts = [
        Markup('<span class="option">{}</span>').format(part) if part.startswith("-") else part
        for part in re.split(r"(\s+)", line)
    ]
    return Markup().join(parts)


def write(path: Path, text: str) -> Path:
    """Write a page, and the folders above it where they are missing; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())
    return path
