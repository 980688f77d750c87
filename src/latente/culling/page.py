"""The page on which a person decides which pictures stay in a set, and saves both lists."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

import latente
from latente import pages
from latente.images import Images, Scaling
from latente.languages import speaking, words_of
from latente.pages.embedding import pictures, window

__all__ = ["SIDE", "Candidate", "thumbnails", "write_page"]

SIDE = 192  # pixels of a picture on the page

TEMPLATES = Path(__file__).parent / "templates"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A picture that is shown. name: as the lists have it. note: why it is here, in a few words.

    picture, heat: data URIs, "" where there is none. is_out: whether it is left out to begin with. group: the heading
    that it stands below.
    """

    name: str
    note: str
    picture: str = ""
    heat: str = ""
    is_out: bool = False
    group: str = ""


def thumbnails(images: Images, rows: Sequence[int]) -> list[str]:
    """Return the images at `rows` as data URIs, all between the same black and white; "" of rows of a table."""
    if images.is_table or not len(rows):
        return [""] * len(rows)
    scaling = Scaling.fit(images.content, depth=images.depth)
    scaled = [scaling.to_range(images.content[row][None]) for row in rows]
    limits = window(np.array([[one.min(), one.max()] for one in scaled]))
    return [pictures(one, limits, exact=False, side=SIDE)[0] for one in scaled]


def write_page(
    out: Path,
    title: str,
    set_name: str,
    candidates: Sequence[Candidate],
    names: Sequence[str],
    *,
    facts: Mapping[str, str],
    notices: Sequence[str] = (),
    language: str | None = None,
) -> Path:
    """Write a page that shows the candidates, in their order, and return its path.

    names: all pictures of the set, also those that are not shown, which stay in it. facts: lines at the head of the
    page. notices: what else is to be said; what stands between two ` is a command. language: "en" or "es"; None
    is that of LATENTE_LANG, else English. One file without anything from outside, whose scripts are known by their
    hashes.
    """
    style = pages.STYLE + (TEMPLATES / "culling.css").read_text(encoding="utf-8")
    script = pages.inline("\n".join(map(pages.module, (pages.WORDS, TEMPLATES / "culling.js"))))
    slug = re.sub(r"[^A-Za-z0-9]+", "-", set_name).strip("-") or "images"
    described = {"names": list(names), "slug": slug, "shown": [candidate.name for candidate in candidates]}
    groups = {candidate.group: [c for c in candidates if c.group == candidate.group] for candidate in candidates}
    page = {
        "policy": pages.policy(style, [script], pictures=True),
        "style": Markup(style),
        "script": Markup(script),
        "title": title,
        "set_name": set_name,
        "facts": facts,
        "notices": notices,
        "groups": groups,
        "version": latente.__version__,
    }
    with speaking(language):
        description = Markup(pages.as_json({**described, "words": words_of(script)}))
        text = pages.lay_out("culling.html.j2", {**page, "description": description}, TEMPLATES)
    return pages.write(out, text)
