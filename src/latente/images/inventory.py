"""Which of a store's files are pictures, and what their names and the tables beside them say of them."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from latente.errors import InputError
from latente.images.damage import Damaged
from latente.images.folders import PART_ORDER, Listing, recognise
from latente.images.formats import SUFFIXES, describe, sniff, suffix_of
from latente.images.options import DoorOptions
from latente.images.scan import Scan, counted, listed, listed_reasons
from latente.images.stores import JoinedStore, Store
from latente.images.tables import Table, TableFile, read_tables
from latente.languages import say
from latente.words import brief, count, printable

__all__ = ["list_pictures", "pictures_in"]

_LOOKED_AT = 20  # files that are looked into where none is a picture


def list_pictures(
    store: Store, tables: Sequence[TableFile], options: DoorOptions, scan: Scan
) -> tuple[Listing, Table | None]:
    """Find the pictures among a store's files, and what their names and tables say of them.

    What is passed over goes into the scan. Raises InputError where there are no pictures.
    """
    all_pictures = _pictures(store)
    prefix = store.prefix if isinstance(store, JoinedStore) else None
    pictures = [name for name in all_pictures if prefix is None or not name.startswith(prefix)]
    targets = [name for name in all_pictures if prefix is not None and name.startswith(prefix)]
    if not pictures:
        raise InputError(_lack(store))
    listing = recognise(pictures, pairs=options.signs, targets=targets, where=prefix[3:-1] if prefix else "")
    names = [item.name for item in listing.items]
    table, partition, notes = read_tables(tables, names)
    if partition is not None and (partition.is_partition or not listing.parts):
        part_of = partition.parts()
        for item in listing.items:
            item.part = part_of.get(item.name)
        listing.parts = tuple(part for part in PART_ORDER if part in part_of.values())
        if without := len(names) - len(part_of):
            notes.append(f"{count(without, 'picture')} without a part in {printable(partition.name)}")
    used = {*all_pictures, *(each.name for each in (table, partition) if each is not None)}
    others = [name for name in store.names if name not in used]
    _exclude(listing, options, store)
    scan.kind = f"{store.kind}, {listing.kind}"
    scan.aside = {printable(name): why for name, why in listing.aside.items()}
    scan.notes = [
        *store.notes,
        *listing.notes,
        *notes,
        *_folders_without_pictures(listing, [*others, *store.lost]),
    ]
    if others:
        were = "was" if len(others) == 1 else "were"
        scan.notes.append(f"{count(len(others), 'other file')} {were} passed over: {_suffixes(others)}")
    return listing, table


def _exclude(listing: Listing, options: DoorOptions, store: Store) -> None:
    """Set aside the pictures that are to be left out. Raises InputError where none of the names is one's."""
    names = set(options.excluded)
    excluded = {item.name for item in listing.items if printable(item.name) in names}
    missing = {name for name in listing.missing if printable(name) in names}
    unknown = names - {printable(name) for name in (*excluded, *missing, *store.lost)}
    of_files = options.frames == "first"  # frames have names of their own, once they are counted
    if names and names == unknown and of_files:
        first = listed(map(brief, sorted(names)), most=3)
        raise InputError(say("exclude names no picture of {path}: {names}", path=str(store.path), names=first))
    if len(excluded) == len(listing.items):
        raise InputError(say("exclude names every picture of {path}, and leaves none", path=str(store.path)))
    listing.items = [item for item in listing.items if item.name not in excluded]
    listing.missing = {name: why for name, why in listing.missing.items() if name not in missing}
    listing.set_aside(excluded | missing, "to be left out")
    if unknown and unknown != names and of_files:
        listing.notes.append(f"{count(len(unknown), 'name')} to leave out are no picture's here")


def _lack(store: Store) -> str:
    """Say in words that there are no pictures, what there is instead, and what to do."""
    path, read = str(store.path), say("PNG, JPEG, TIFF, GIF, BMP, WebP, AVIF, JPEG 2000 or other pictures")
    kinds = {}
    for name in list(store.names)[:_LOOKED_AT]:
        with contextlib.suppress(OSError, Damaged):
            kinds[name] = describe(store.head(name), name)
    if store.kind == "file":
        [what] = kinds.values() or [None]
        if what:
            return say("{name} is {what}", name=path, what=what)
        return say("{path} is no picture; give {read}", path=path, read=read)
    if store.lost:
        template = "{path} holds no pictures that can be read: {lost}; give {read}"
        return say(template, path=path, lost=listed_reasons(store.lost), read=read)
    names = store.names
    if arrays := [name for name in names if suffix_of(name) in (".npy", ".npz")]:
        template = (
            "{path} holds no pictures but {files} ({first}): give one of them, or join them: "
            "numpy.save('all.npy', numpy.stack([numpy.load(file) for file in files]))"
        )
        return say(template, path=path, files=count(len(arrays), "array file"), first=listed(arrays, most=1))
    if known := [say("{name} is {what}", name=brief(name), what=what) for name, what in kinds.items() if what]:
        return say("{path} holds no pictures: {files}", path=path, files=listed(known, most=2))
    if names:
        return say("{path} holds no pictures but {files}; give {read}", path=path, files=_suffixes(names), read=read)
    return say("{path} holds no pictures; give {read}", path=path, read=read)


def pictures_in(store: Store) -> list[str]:
    """Return the names of a store's pictures, damaged ones among them; raises InputError where there are none."""
    names = _pictures(store)
    if not names:
        raise InputError(_lack(store))
    return names


def _pictures(store: Store) -> list[str]:
    return [name for name in store.names if _is_picture(store, name)]


def _is_picture(store: Store, name: str) -> bool:
    if suffix_of(name) in SUFFIXES:
        return True
    try:
        return sniff(store.head(name))
    except (OSError, Damaged):
        return False


def _folders_without_pictures(listing: Listing, others: Sequence[str]) -> list[str]:
    """Name the folders that lie among those of the classes and hold no picture; others: files that are none."""
    places = [(item.name.split("/"), item.label) for item in listing.items if item.label]
    among = {tuple(folders[: folders.index(label)]) for folders, label in places}
    empty: dict[str, list[str]] = defaultdict(list)
    for name in others if among else ():
        folders = name.split("/")[:-1]
        for place, folder in enumerate(folders):
            if tuple(folders[:place]) in among and folder not in listing.label_names:
                empty[folder].append(name)
    return [f"the folder {printable(folder)} makes no class: {_suffixes(names)}" for folder, names in empty.items()]


def _suffixes(names: Iterable[str]) -> str:
    """Say how many files of each kind there are, the most common ones first."""
    return counted(dict(Counter(printable(suffix_of(name)) or "no suffix" for name in names).most_common()))
