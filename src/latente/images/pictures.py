"""Picture files -> Images: names and headers first, then every file decoded once, straight into the cache."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latente import words
from latente.errors import InputError
from latente.images.cache import Note, Writer, cached, key_of
from latente.images.container import Images, contents_of
from latente.images.damage import pillow_rules
from latente.images.decoding import Decoder
from latente.images.folders import Item, Listing
from latente.images.inventory import list_pictures
from latente.images.options import DoorOptions
from latente.images.scan import Scan, count_classes, listed_reasons
from latente.images.sizing import Header
from latente.images.stores import JoinedStore, Store, open_store
from latente.images.survey import Headers, Survey
from latente.images.tables import Columns, Table, TableFile, find_tables, typed_columns
from latente.images.workers import Workers
from latente.languages import say
from latente.words import brief, printable

__all__ = ["of_store", "open_pictures"]

# options of which what lies in the cache does not depend
_OF_NO_PICTURE = ("source", "budget", "labels", "condition")


def open_pictures(path: Path, options: DoorOptions, name: str | None = None) -> Images:
    """Open the pictures of a folder, a zip archive, or one picture file, as `open_images` describes it.

    Raises InputError where there are none, the part is unknown, or more are damaged than the budget allows.
    """
    if isinstance(options.channels, str) or (options.channels or 1) > 4:
        template = "channels={channels}: picture files take 1 (grey), 2, 3 (RGB) or 4 (RGBA)"
        raise InputError(say(template, channels=repr(options.channels)))
    store = _with_targets(open_store(path), options.target)
    name = name or (path.name if store.kind == "folder" else path.stem)
    return of_store(store, find_tables(store, options.labels), options, name)


def of_store(store: Store, tables: Sequence[TableFile], options: DoorOptions, name: str) -> Images:
    """Return the pictures of a store from the cache, where they go first."""
    request = {key: value for key, value in options.source("").items() if key not in _OF_NO_PICTURE}
    stamps = [(table.stamp, table.chosen) for table in tables]
    key = key_of("pictures", str(store.path), store.names, store.lost, stamps, request)
    stored = cached(key, lambda writer: _Reading(store, tables, options, name).into(writer), str(store.path))
    note = stored.note
    scan = Scan.from_json(note["scan"])
    scan.check(options.budget)  # not before everything was decoded: only then is it known how many are damaged
    content, columns, partners = contents_of(stored.arrays)
    return Images(
        content,
        columns,
        partners=partners,
        name=name,
        label_names=tuple(note["label_names"]),
        attribute_names=tuple(note["attribute_names"]),
        files=tuple(note["files"]),
        parts=tuple(note["parts"]),
        scan=scan,
        content_hash=note["content_hash"],
        depth=note["depth"],
    )


def _with_targets(store: Store, target: object) -> Store:
    """Return the store together with that of the targets, where some are named."""
    if target is None:
        return store
    if not isinstance(target, str | os.PathLike) or not Path(target).expanduser().exists():
        what = repr(os.fspath(target)) if isinstance(target, str | os.PathLike) else type(target).__name__
        template = "target={what} is no folder, archive or file; the targets of picture files are such too"
        raise InputError(say(template, what=what))
    return JoinedStore(store, open_store(Path(target).expanduser().resolve()))


class _Reading:
    """The one pass over a store that fills the cache."""

    def __init__(self, store: Store, tables: Sequence[TableFile], options: DoorOptions, name: str) -> None:
        self.store, self.tables, self.options = store, tables, options
        self.scan = Scan(name, store.kind)

    def into(self, writer: Writer) -> Note:
        """Decode everything into the writer, and return what is to be noted."""
        listing, table = list_pictures(self.store, self.tables, self.options, self.scan)
        part = self.options.part(listing.parts, self.scan.source)
        with pillow_rules():
            survey = Survey(listing, self.store, self.options, self.scan, Workers(self.options.report))
            sound = survey.sound(part)
            self._require(sound)
            rows = self.options.sample(len(sound))
            sample = sound if rows is None else [sound[row] for row in rows]
            aim, partner_aim, self.scan.choice = survey.targets()
            decoder = Decoder(survey, (aim, partner_aim), writer)
            decoder.check_room(sample)
            kept = decoder.decode(sample)
            self._require(kept)
        columns = self._columns(kept, listing, table)
        for name, array in (("label", columns.label), ("attributes", columns.attributes)):
            if array is not None:
                writer.append(name, array)
        self._count(kept, listing, survey.headers, columns)
        return {
            "scan": self.scan.to_json(),
            "files": [item.shown for item in kept],
            "parts": self.scan.parts,
            "label_names": list(map(printable, columns.label_names)),
            "attribute_names": columns.attribute_names,
            # files that use more bits than they state do not know
            "depth": survey.depth if survey.depth and decoder.highest < 2**survey.depth else None,
        }

    def _columns(self, items: Sequence[Item], listing: Listing, table: Table | None) -> Columns:
        """Labels from the folders, or else from the table; attributes from the table."""
        columns = Columns()
        if table is not None:
            chosen = self.tables[0].chosen
            columns = typed_columns(table, [item.name for item in items], lenient=not chosen)
            self.scan.notes += columns.notes
            title = printable(table.name)
            if table.unknown:
                self.scan.notes.append(f"{title} does not name {words.count(table.unknown, 'picture')}")
            if listing.label_names and columns.label is not None and not chosen:
                self.scan.notes.append(f"the folders are the labels, not those of {title}; choose these by labels")
        if listing.label_names and (columns.label is None or not self.tables[0].chosen):
            numbers = {name: number for number, name in enumerate(listing.label_names)}
            label = np.array([numbers[item.label] if item.label else -1 for item in items], np.int64)
            columns = dataclasses.replace(columns, label=label, label_names=listing.label_names)
        return columns

    def _lost_classes(self, listing: Listing) -> list[str]:
        """Name the classes of folders of which nothing is left in the part that is open."""
        if not self.scan.damaged:
            return []
        part = self.options.part(listing.parts, self.scan.source)
        whole = Counter(item.label for item in listing.items if item.label and part in (None, item.part))
        lost = Counter(
            item.label
            for item in listing.items
            if item.label
            and part in (None, item.part)
            and any(printable(name) in self.scan.damaged for name in (item.shown, item.target, item.mask) if name)
        )
        return [
            f"the class {printable(label)} is empty: {words.count(number, 'picture')} of it, none of which can be used"
            for label, number in whole.items()
            if lost[label] == number
        ]

    def _count(self, kept: Sequence[Item], listing: Listing, headers: Headers, columns: Columns) -> None:
        read = [header for item in kept if isinstance(header := headers[item.name, item.frame], Header)]
        used = {printable(name) for item in kept for name in (item.shown, item.target) if name}
        self.scan.odd = {name: why for name, why in self.scan.odd.items() if name in used}
        self.scan.notes += self._lost_classes(listing)
        self.scan.count = len(kept)
        if with_target := sum(item.target is not None for item in kept):
            self.scan.partners[f"targets ({listing.pairs})"] = with_target
        if with_mask := sum(item.mask is not None for item in kept):
            self.scan.partners["masks"] = with_mask
        if more := sum(header.frames - 1 for header in read) if self.options.frames == "first" else 0:
            files = sum(header.frames > 1 for header in read)
            self.scan.frames = (
                f"{words.count(more, 'frame')} of {words.count(files, 'file')} left out, since the first counts; "
                "take every one by frames='all' (--frames all)"
            )
        self.scan.sizes = dict(Counter(f"{header.size[0]}x{header.size[1]}" for header in read))
        self.scan.colour = sum(not header.grey for header in read)
        self.scan.modes = dict(Counter(header.mode for header in read))
        if columns.label is not None:
            self.scan.classes = count_classes(columns.label, columns.label_names)

    def _require(self, usable: Sequence[Item]) -> None:
        """Raise InputError where nothing is left."""
        if not usable:
            path, damaged = str(self.store.path), self.scan.damaged
            if len(damaged) == 1:  # which is recognised with its reason
                [(name, why)] = damaged.items()
                template = "{path} holds no picture that can be used: {name} ({why})"
                raise InputError(say(template, path=path, name=brief(name), why=why))
            first = listed_reasons(damaged)
            raise InputError(say("{path} holds no picture that can be used: {first}", path=path, first=first))
