"""The page itself: markup, style, scripts and parts in one file, under a policy that allows nothing from outside."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from latente import pages
from latente.explorer.parts import Part
from latente.languages import words_of

__all__ = ["Runtime", "render", "runtime", "scripts"]

TEMPLATES = Path(__file__).parent / "templates"
BUILT = Path(__file__).parent / "web"
# in the order in which they need each other
MODULES = (
    "text",
    "elements",
    "parts",
    "view",
    "scatter",
    "marks",
    "pictures",
    "thumbs",
    "map",
    "contours",
    "maps",
    "space",
    "names",
    "neighbours",
    "decoders",
    "detail",
    "resampling",
    "encoder",
    "own",
    "steering",
    "colours",
    "selection",
    "lists",
    "desk",
    "main",
)


@dataclasses.dataclass(frozen=True)
class Runtime:
    """What runs a model in the page: the script that `make web` builds, its WebAssembly, and their licences."""

    script: str
    part: Part
    licences: str


def runtime() -> Runtime | None:
    """Return the live decoder; None where the front end has not been built."""
    files = [BUILT / name for name in ("decoder.js", "runtime.wasm.gz", "LICENSES.txt")]
    if not all(file.is_file() for file in files):
        return None
    script, packed, licences = files
    return Runtime(
        script=script.read_text(encoding="utf-8"),
        part=Part.packed_already("runtime", packed.read_bytes()),
        licences=licences.read_text(encoding="utf-8"),
    )


def render(page: Mapping[str, Any], description: Mapping[str, Any], parts: Sequence[Part], live: Runtime | None) -> str:
    """Return the page.

    page: what the template lays out. description: what the scripts read. The policy lets the page run its own scripts
    and its own style, known by their hashes, and WebAssembly, which is all it needs.
    """
    style = f"{pages.STYLE}\n{(TEMPLATES / 'explorer.css').read_text(encoding='utf-8')}"
    run = [pages.inline(live.script)] if live else []
    own = "\n".join(scripts())
    run.append(pages.inline(own))
    scripted = {
        "policy": pages.policy(style, run, "'wasm-unsafe-eval'"),
        "style": Markup(style),
        "scripts": [Markup(script) for script in run],
        "description": Markup(pages.as_json({**description, "words": words_of(own)})),
        "parts": [dataclasses.replace(part, text=Markup(part.text)) for part in parts],
        "licences": live.licences if live else "",
    }
    return pages.lay_out("page.html.j2", {**page, **scripted}, TEMPLATES)


def scripts() -> list[str]:
    """Return the page's own scripts, in the order in which they need each other."""
    return [pages.module(path) for path in (pages.WORDS, *(TEMPLATES / f"{name}.js" for name in MODULES))]
