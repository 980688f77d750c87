"""`latente data list|get|show|clean|cache`: named sets, what lies behind any source, and what is kept of it."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latente import words
from latente.cli import clean
from latente.cli.shared import console as show
from latente.cli.shared.help import AROUND, examples
from latente.cli.shared.options import (
    BudgetOption,
    ChannelsOption,
    CountOption,
    CropOption,
    ExcludeOption,
    FramesOption,
    ImagesArgument,
    JsonFlag,
    LabelsOption,
    PairsOption,
    SizeOption,
    SplitOption,
    TargetOption,
    door_options,
)
from latente.cli.shared.sets import named_sets, public_set
from latente.errors import InputError
from latente.images.options import DoorOptions, Progress

if TYPE_CHECKING:
    from latente.culling import Copies
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer(
    name="data",
    help="List, fetch, look at and clean sets of images.",
    invoke_without_command=True,
    epilog=examples("latente data list", "latente data show digits"),
)

SetArgument = Annotated[str, typer.Argument(metavar="SET", help="A public set of `latente data list`.")]


@verb.callback(rich_help_panel=AROUND)
def _data(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        context.get_help()  # typer prints it


@verb.command("list", epilog=examples("latente data list", "latente data list --json"))
def list_(as_json: JsonFlag = False) -> None:
    """List the sets that have a name.

    Some are drawn by code and without a download, `plates` in minutes, all else in seconds; the others are public
    sets, which `latente data get` fetches.
    """
    rows = named_sets()
    if as_json:
        show.print_json(rows)
        return
    sets = show.table("set", "where", "what")
    for row in rows:
        sets.add_row(row["name"], row["where"], row["title"])
    show.console().print(sets)


@verb.command(epilog=examples("latente data get mnist"))
def get(name: SetArgument, as_json: JsonFlag = False) -> None:
    """Fetch a public set, checked by its digests.

    It stays in the cache folder. A set that lies there or in LATENTE_DATA already is only looked up.
    """
    from latente.images import catalog
    from latente.images.generated import GENERATED

    if name in GENERATED:
        raise InputError(f"{name} is drawn by code and needs no fetching: `latente fit {name}` takes it as it is")
    with show.progress() as step:
        catalog.get(name, step)
    [row] = [public_set(entry) for entry in catalog.entries() if entry.name == name]
    if as_json:
        show.print_json(row)
        return
    keys = {"set": "title", "folder": "folder", "licence": "licence", "cite": "citation"}
    show.console().print(show.pairs((title, row[key]) for title, key in keys.items()))


@verb.command("show", epilog=examples("latente data show digits", "latente data show photos/ --size 64 --json"))
def show_(
    images: ImagesArgument,
    split: SplitOption = None,
    size: SizeOption = None,
    crop: CropOption = None,
    channels: ChannelsOption = None,
    count: CountOption = None,
    labels: LabelsOption = None,
    pairs: PairsOption = None,
    target: TargetOption = None,
    exclude: ExcludeOption = None,
    frames: FramesOption = None,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what lies behind a source.

    Counts, sizes, kinds, classes, duplicates, every damaged and odd file by name, and what a training would get; near
    copies in what is learned from, and in other parts of what is learned from. Where more is damaged than --budget
    allows, which a training refuses, it says so at the end.
    """
    from latente.images import open_images

    door = door_options(
        split=split,
        size=size,
        crop=crop,
        channels=channels,
        count=count,
        labels=labels,
        pairs=pairs,
        frames=frames,
        target=target,
        exclude=exclude,
    )
    with show.progress() as step:
        source = open_images(images, progress=step, **door, budget=1.0)  # whatever is damaged is to be shown
        copies = _near_copies(source, split or "train", door, step)
    if as_json:
        facts = {
            "name": source.name,
            "count": len(source),
            "shape": source.image_shape,
            "dtype": source.pixels.dtype.name,
            "columns": sorted(source.columns),
            "parts": source.parts,
        }
        scan = source.scan and source.scan.to_json()
        show.print_json({**facts, "scan": scan, "near_copies": copies and list(map(dataclasses.asdict, copies))})
    else:
        show.console().print(show.scan(source, most=None))
        show.console().print(show.pairs(("near copies", line) for line in _warnings(copies, split or "train", images)))
    if source.scan is not None:
        source.scan.check(DoorOptions.budget if budget is None else budget)


def _near_copies(source: Images, part: str, door: dict[str, Any], step: Progress) -> list[Copies] | None:
    """Return the near copies in a part of a set of picture files, and in all other parts; None of too many to look."""
    from latente.culling import MOST_COMPARED, near_copies
    from latente.images import open_images

    everything = sum(source.scan.parts.values()) if source.scan is not None else 0
    if not source.files or source.is_table:
        return []
    if max(len(source), everything) > MOST_COMPARED:
        return None
    parts = {part: source}
    for other in source.parts:
        if other != part:
            with contextlib.suppress(InputError):  # a part that cannot be opened is another look's matter
                again = {**door, "split": other, "budget": 1.0}
                parts[other] = open_images(source.source["source"], progress=step, **again)
    return near_copies(parts, step)


def _warnings(copies: list[Copies] | None, part: str, images: str) -> Iterator[str]:
    from latente.culling import MOST_COMPARED

    if copies is None:
        cure = f"latente data clean {shlex.quote(images)}"
        yield f"not looked for among more than {MOST_COMPARED:,} pictures; {cure} does"
    for one in copies or []:
        such = "such as {} and {}".format(*map(words.brief, one.example))
        count = words.count(one.count, "picture")
        if one.part == part:
            yield f"{count} like another, {such}: a detector keeps them on one side of a split by --groups PATTERN"
        else:
            yield f"{count} of {one.part} like one of {part}, {such}: leave them out by --exclude, as they flatter"


verb.add_typer(clean.verb)


@verb.command(epilog=examples("latente data cache", "latente data cache --json", "latente data cache --clear"))
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove them; the next start decodes anew.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List or remove the decoded images that are kept for later starts.

    Public sets that were fetched stay, and so does what another process is making.
    """
    from latente.images import cache as images_cache

    sets = images_cache.clear() if clear else images_cache.kept()
    folder, size = images_cache.cache_folder() / "sets", sum(one.size for one in sets)
    if as_json:
        show.print_json({"folder": folder, "cleared": clear, "bytes": size, "sets": [vars(one) for one in sets]})
        return
    total = f"{words.count(len(sets), 'set')} of images, {words.memory(size)}"
    if sets and not clear:
        rows = show.table("made from", "size", "age", "state", right=("size", "age"))
        for one in sets:
            rows.add_row(words.brief(one.name), words.memory(one.size), words.duration(one.age), one.state)
        show.console().print(rows, "")
    show.console().print(show.pairs([("removed" if clear else "kept", total), ("folder", str(folder))]))
