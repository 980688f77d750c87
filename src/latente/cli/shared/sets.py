"""The sets of images that have a name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from latente.errors import InputError

if TYPE_CHECKING:
    from latente.images import Images
    from latente.images.entries import Entry

__all__ = ["named_sets", "public_set"]


def named_sets() -> list[dict[str, Any]]:
    """Return what is known of each named set; "folder" is where a public set lies, None if nowhere."""
    from latente.images.catalog import entries
    from latente.images.generated import GENERATED

    drawn = [
        {"name": name, "title": _title(draw), "where": "drawn", "folder": None} for name, draw in GENERATED.items()
    ]
    return [*drawn, *map(public_set, entries())]


def _title(draw: Callable[..., Images]) -> str:
    """Return the first line of what the module says of its set, without the set's name."""
    text = sys.modules[draw.__module__].__doc__ or ""
    return text.partition("\n")[0].partition(": ")[2].rstrip(".")


def public_set(entry: Entry) -> dict[str, Any]:
    """Return what is known of a public set."""
    from latente.images.catalog import locate

    try:
        folder = str(locate(entry.name))
    except InputError:
        folder = None
    where = "at hand" if folder else "by hand" if entry.by_hand else "to fetch"
    source = {"homepage": entry.homepage, "licence": entry.licence, "citation": entry.citation}
    return {"name": entry.name, "title": entry.title, "where": where, "folder": folder, **source}
