"""`latente data list|get|show`: the named sets, and what the image door finds behind any source."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente.cli import console as show
from latente.cli.options import Budget, Channels, Count, Crop, Json, Labels, Size, Source, Split, examples, given
from latente.errors import InputError

if TYPE_CHECKING:
    from latente.images import Images
    from latente.images.entries import Entry

__all__ = ["named_sets", "verbs"]

verbs = typer.Typer(
    name="data",
    help="List, fetch and look at sets of images.",
    invoke_without_command=True,
    epilog=examples("latente data list", "latente data show digits"),
)

Name = Annotated[str, typer.Argument(metavar="SET", help="A public set of `latente data list`.")]


@verbs.callback()
def _data(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        context.get_help()  # typer prints it


@verbs.command("list", epilog=examples("latente data list", "latente data list --json"))
def list_(as_json: Json = False) -> None:
    """List the sets that have a name.

    Some are drawn by code, in seconds and without a download; the others are public sets, which
    `latente data get` fetches.
    """
    rows = named_sets()
    if as_json:
        show.print_json(rows)
        return
    sets = show.table("set", "where", "what")
    for row in rows:
        sets.add_row(row["name"], row["where"], row["title"])
    show.console().print(sets)


@verbs.command(epilog=examples("latente data get mnist"))
def get(name: Name, as_json: Json = False) -> None:
    """Fetch a public set, checked by its digests.

    It stays in the cache folder. A set that lies there or in LATENTE_DATA already is only looked up.
    """
    from latente.images import catalog
    from latente.images.generated import GENERATED

    if name in GENERATED:
        raise InputError(f"{name} is drawn by code and needs no fetching: `latente fit {name}` takes it as it is")
    with show.progress() as step:
        catalog.get(name, step)
    [row] = [_public(entry) for entry in catalog.entries() if entry.name == name]
    if as_json:
        show.print_json(row)
        return
    told = [("set", "title"), ("folder", "folder"), ("licence", "licence"), ("cite", "citation")]
    show.console().print(show.pairs((title, row[key]) for title, key in told))


@verbs.command("show", epilog=examples("latente data show digits", "latente data show photos/ --size 64 --json"))
def show_(
    images: Source,
    split: Split = None,
    size: Size = None,
    crop: Crop = None,
    channels: Channels = None,
    count: Count = None,
    labels: Labels = None,
    budget: Budget = None,
    as_json: Json = False,
) -> None:
    """Show what lies behind a source.

    Counts, sizes, kinds, classes, duplicates, damaged and odd files by name, and what a training would get.
    """
    from latente.images import open_images

    door = given(
        {
            "split": split,
            "size": size,
            "crop": crop,
            "channels": channels,
            "count": count,
            "labels": labels,
            "budget": budget,
        }
    )
    with show.progress() as step:
        found = open_images(images, progress=step, **door)
    if as_json:
        what = {
            "name": found.name,
            "count": len(found),
            "shape": found.shape,
            "dtype": found.pixels.dtype.name,
        }
        scan = found.scan and found.scan.to_json()
        show.print_json({**what, "columns": sorted(found.columns), "parts": found.parts, "scan": scan})
        return
    show.console().print(show.scan(found))


def named_sets() -> list[dict[str, Any]]:
    """Return what is known of each named set; "folder" is where a public set lies, None if nowhere."""
    from latente.images.catalog import entries
    from latente.images.generated import GENERATED

    drawn = [
        {"name": name, "title": _title(draw), "where": "drawn", "folder": None} for name, draw in GENERATED.items()
    ]
    return [*drawn, *map(_public, entries())]


def _title(draw: Callable[..., Images]) -> str:
    """The first line of what the module says of its set, without the set's name."""
    told = sys.modules[draw.__module__].__doc__ or ""
    return told.partition("\n")[0].partition(": ")[2].rstrip(".")


def _public(entry: Entry) -> dict[str, Any]:
    from latente.images.catalog import locate

    try:
        folder = str(locate(entry.name))
    except InputError:
        folder = None
    where = "at hand" if folder else "by hand" if entry.by_hand else "to fetch"
    told = {"homepage": entry.homepage, "licence": entry.licence, "citation": entry.citation}
    return {"name": entry.name, "title": entry.title, "where": where, "folder": folder, **told}
