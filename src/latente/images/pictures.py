"""Picture files -> Images: names and headers first, then every file decoded once, straight into the cache."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import io
import itertools
import math
import os
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from latente import words
from latente.errors import InputError
from latente.images.arrays import label_column
from latente.images.cache import Note, Writer, cached, key_of
from latente.images.container import Images, contents_of
from latente.images.folders import PART_ORDER, Item, Listing, part_of_path, recognise
from latente.images.formats import SUFFIXES, describe, sniff, suffix_of
from latente.images.limits import check_memory
from latente.images.options import DoorOptions
from latente.images.reading import Damaged, pillow_rules, read_frames, read_headers, read_masks
from latente.images.scaling import smallest_depth
from latente.images.scan import Scan, count_classes, counted, listed
from latente.images.sizing import Aim, Header, Target, Values, choose_targets
from latente.images.stores import JoinedStore, ListStore, Store, open_store
from latente.images.tables import Columns, Table, TableFile, find_tables, read_tables, typed_columns
from latente.machine import free_memory
from latente.words import brief, printable

__all__ = ["open_listed", "open_pictures"]

_UNSIGNED = "8 or 16 bits"  # the sort of pictures whose values go from 0 to a peak
_LOOKED_AT = 20  # files that are looked into where none is a picture
_DECODING = 24  # bytes of memory a pixel while a picture is decoded, turned, laid on white and scaled

_Headers = Mapping[tuple[str, int | None], Header | Damaged]  # of each file and frame that is to be read

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def open_pictures(path: Path, options: DoorOptions, name: str | None = None) -> Images:
    """Open the pictures of a folder, a zip archive, or one picture file, as `open_images` describes it.

    Raises InputError where there are none, the part is unknown, or more are damaged than the budget allows.
    """
    if isinstance(options.channels, str) or (options.channels or 1) > 4:
        raise InputError(f"channels={options.channels!r}: picture files take 1 (grey), 2, 3 (RGB) or 4 (RGBA)")
    store = _with_targets(open_store(path), options.target)
    name = name or (path.name if store.kind == "folder" else path.stem)
    return _of_store(store, find_tables(store, options.labels), options, name)


def open_listed(pictures: Sequence[object], options: DoorOptions) -> Images:
    """Open a list of paths of picture files and of Pillow's images as one set, in its order.

    Raises InputError where one is neither, or more are damaged than the budget allows.
    """
    store = ListStore([_entry(picture, number) for number, picture in enumerate(pictures)])
    if options.labels is not None and len(np.asarray(options.labels)) != len(pictures):
        raise InputError(f"labels hold {len(np.asarray(options.labels))} entries for {len(pictures)} pictures")
    images = _of_store(store, [], dataclasses.replace(options, labels=None, count=None), "list")
    places = np.array([int(file.partition(" ")[0]) for file in images.files])
    files = tuple(str(pictures[place]) if _is_path(pictures[place]) else f"picture {place}" for place in places)
    images = dataclasses.replace(images, files=files, content_hash=None)
    if options.labels is not None:
        label, names = label_column(np.asarray(options.labels)[places], len(images))
        images = dataclasses.replace(images, columns={**images.columns, "label": label}, label_names=names)
    rows = options.sample(len(images))
    return images if rows is None else images.take(rows)


def _is_path(picture: object) -> bool:
    return isinstance(picture, str | os.PathLike)


def _entry(picture: object, number: int) -> tuple[str, Path | bytes]:
    """Return how a picture of a list is called, and its file or, of one in memory, what its file would hold."""
    if isinstance(picture, str | os.PathLike):
        path = Path(picture).expanduser().absolute()
        return path.name, path
    if not isinstance(picture, Image.Image):
        raise InputError(f"entry {number} of the list is no path and no picture of Pillow's: {type(picture).__name__}")
    content = io.BytesIO()
    try:
        ImageOps.exif_transpose(picture).save(content, "TIFF")  # which keeps every mode, unpacked
    except (OSError, ValueError) as error:
        raise InputError(f"entry {number} of the list cannot be read: {error}") from error
    return f"{number}.tif", content.getvalue()


def _of_store(store: Store, tables: Sequence[TableFile], options: DoorOptions, name: str) -> Images:
    """Return the pictures of a store from the cache, where they go first."""
    request = {key: value for key, value in options.source("").items() if key not in ("source", "budget", "labels")}
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
        raise InputError(f"target={what} is no folder, archive or file; the targets of picture files are such too")
    return JoinedStore(store, open_store(Path(target).expanduser().resolve()))


class _Reading:
    """The one pass over a store that fills the cache."""

    def __init__(self, store: Store, tables: Sequence[TableFile], options: DoorOptions, name: str) -> None:
        self.store, self.tables, self.options = store, tables, options
        self.scan = Scan(name, store.kind)
        self.workers = min(8, os.cpu_count() or 1)
        self.depth: int | None = None  # of images of 16 bits
        self.highest = 0  # of their values

    def into(self, writer: Writer) -> Note:
        """Decode everything into the writer, and return what is to be noted."""
        listing, table = self._listing()
        part = self.options.part(listing.parts, self.scan.source)
        with pillow_rules():
            headers = _of_one_sort(self._headers(listing), listing)
            sound = self._sound(listing, part, headers)
            rows = self.options.sample(len(sound))
            sample = sound if rows is None else [sound[row] for row in rows]
            aim, partner_aim, self.scan.choice = self._targets(listing, headers)
            self._check_room(sample, aim, partner_aim, headers, writer)
            kept = self._decode(sample, aim, partner_aim, headers, writer)
        columns = self._columns(kept, listing, table)
        for name, array in (("label", columns.label), ("attributes", columns.attributes)):
            if array is not None:
                writer.append(name, array)
        self._count(kept, listing, headers, columns)
        return {
            "scan": self.scan.to_json(),
            "files": [item.shown for item in kept],
            "parts": self.scan.parts,
            "label_names": list(map(printable, columns.label_names)),
            "attribute_names": columns.attribute_names,
            # files that use more bits than they state do not know
            "depth": self.depth if self.depth and self.highest < 2**self.depth else None,
        }

    def _listing(self) -> tuple[Listing, Table | None]:
        """Find the pictures among the files, and what their names and tables say of them."""
        all_pictures = [name for name in self.store.names if self._is_picture(name)]
        prefix = self.store.prefix if isinstance(self.store, JoinedStore) else None
        pictures = [name for name in all_pictures if prefix is None or not name.startswith(prefix)]
        targets = [name for name in all_pictures if prefix is not None and name.startswith(prefix)]
        if not pictures:
            raise InputError(f"{self.store.path} {self._lack()}")
        listing = recognise(pictures, pairs=self.options.signs, targets=targets, where=prefix[3:-1] if prefix else "")
        names = [item.name for item in listing.items]
        table, partition, notes = read_tables(self.tables, names)
        if partition is not None and (partition.is_partition or not listing.parts):
            part_of = partition.parts()
            for item in listing.items:
                item.part = part_of.get(item.name)
            listing.parts = tuple(part for part in PART_ORDER if part in part_of.values())
            if without := len(names) - len(part_of):
                notes.append(f"{words.count(without, 'picture')} without a part in {printable(partition.name)}")
        used = {*all_pictures, *(each.name for each in (table, partition) if each is not None)}
        others = [name for name in self.store.names if name not in used]
        self.scan.kind = f"{self.store.kind}, {listing.kind}"
        self.scan.aside = {printable(name): why for name, why in listing.aside.items()}
        self.scan.notes = [
            *self.store.notes,
            *listing.notes,
            *notes,
            *_folders_without_pictures(listing, [*others, *self.store.lost]),
        ]
        if others:
            were = "was" if len(others) == 1 else "were"
            self.scan.notes.append(f"{words.count(len(others), 'other file')} {were} passed over: {_suffixes(others)}")
        return listing, table

    def _lack(self) -> str:
        """Say in words that there are no pictures, what there is instead, and what to do."""
        read = "PNG, JPEG, TIFF, GIF, BMP, WebP, AVIF, JPEG 2000 or other pictures"
        kinds = {}
        for name in list(self.store.names)[:_LOOKED_AT]:
            with contextlib.suppress(OSError, Damaged):
                kinds[name] = describe(self.store.head(name), name)
        if self.store.kind == "file":
            [what] = kinds.values() or [None]
            return f"is {what or f'no picture; give {read}'}"
        if self.store.lost:
            return f"holds no pictures that can be read ({_first(self.store.lost)}); give {read}"
        names = self.store.names
        if arrays := [name for name in names if suffix_of(name) in (".npy", ".npz")]:
            return (
                f"holds no pictures but {words.count(len(arrays), 'array file')} ({listed(arrays, most=1)}): give one "
                "of them, or join them: numpy.save('all.npy', numpy.stack([numpy.load(file) for file in files]))"
            )
        if known := [f"{brief(name)} is {what}" for name, what in kinds.items() if what]:
            return f"holds no pictures: {listed(known, most=2)}"
        return f"holds no pictures{f' but {_suffixes(names)}' if names else ''}; give {read}"

    def _is_picture(self, name: str) -> bool:
        if suffix_of(name) in SUFFIXES:
            return True
        try:
            return sniff(self.store.head(name))
        except (OSError, Damaged):
            return False

    def _headers(self, listing: Listing) -> dict[tuple[str, int | None], Header | Damaged]:
        """Read the headers of all pictures, of all parts, so that every part is brought to one size.

        Where every frame is asked for, each becomes an item of the listing.
        """
        names = [name for item in listing.items for name in (item.name, item.target) if name]
        headers: dict[tuple[str, int | None], Header | Damaged] = {}
        counts = dict.fromkeys(names, 1)
        for name, read in self._parallel(self._header, names, "reading headers"):
            if isinstance(read, Damaged):
                headers[name, None] = read
                continue
            counts[name] = len(read)
            headers[name, None] = read[0]
            headers.update({(name, frame): header for frame, header in enumerate(read)} if len(read) > 1 else {})
        if max(counts.values()) > 1:
            listing.items = [frame for item in listing.items for frame in _frames_of(item, counts, listing)]
        self.scan.parts = {part: sum(item.part == part for item in listing.items) for part in listing.parts}
        return headers

    def _header(self, name: str) -> list[Header] | Damaged:
        try:
            with self.store.open(name) as file:
                return read_headers(file, name, every_frame=self.options.frames == "all")
        except OSError as error:
            return Damaged(f"cannot be read: {error.strerror}")
        except Damaged as damage:
            return damage

    def _sound(self, listing: Listing, part: str | None, headers: _Headers) -> list[Item]:
        """Return the part's items whose headers can be read; note the others as damaged."""
        items = [item for item in listing.items if part is None or item.part == part]
        lost = {name: why for name, why in self.store.lost.items() if suffix_of(name) in SUFFIXES}
        lost |= listing.missing
        self.scan.damaged = {
            printable(name): why for name, why in lost.items() if part is None or part_of_path(name) in (None, part)
        }
        self.scan.total = len(items) + len(self.scan.damaged)
        sound = [
            item
            for item in items
            if all(self._is_sound(name, item.frame, headers) for name in (item.name, item.target) if name)
        ]
        self._require(sound)
        return sound

    def _is_sound(self, name: str, frame: int | None, headers: _Headers) -> bool:
        header, shown = headers[name, frame], printable(Item(name, frame=frame).shown)
        if isinstance(header, Damaged):
            self.scan.damaged[shown] = str(header)
            return False
        odd = [header.odd] if header.odd else []
        if frame is None and header.frames > 1:
            odd.append(f"the first of {header.frames} frames")
        if not odd and min(header.size) < 4:
            odd.append(f"only {header.size[0]}x{header.size[1]} pixels")
        if odd:
            self.scan.odd[shown] = "; ".join(odd)
        return True

    def _targets(self, listing: Listing, headers: _Headers) -> tuple[Aim, Aim, str]:
        read = {key: header for key, header in headers.items() if isinstance(header, Header)}
        keys = [((item.name, item.frame), (item.target or "", item.frame)) for item in listing.items]
        inputs = [read[key] for key, _ in keys if key in read]
        pairs = [(read[key], read[target]) for key, target in keys if key in read and target in read]
        values, of_targets = (self._values(keys, headers) for keys in _keys(listing))
        self.depth = values.depth if values.dtype == "uint16" else None
        return choose_targets(inputs, pairs, self.options, (values, of_targets))

    def _values(self, keys: Sequence[tuple[str, int | None]], headers: _Headers) -> Values:
        """Return how these pictures are held, and note those of another depth than most.

        The depth of those of 16 bits is what they state, or what they use where it has to be known since others have 8.
        """
        read = {key: header for key in keys if isinstance(header := headers.get(key), Header)}
        deep = {key: header for key, header in read.items() if header.dtype == "uint16"}
        if not deep:
            return Values(next((header.dtype for header in read.values()), "uint8"))
        stated = max(header.depth or 0 for header in deep.values())
        if len(deep) == len(read):
            return Values("uint16", stated or None)

        def highest(key: tuple[str, int | None]) -> int:
            name, frame = key
            target = Target(deep[key].size, 1 if deep[key].grey else 3, "uint16")
            try:
                return int(read_frames(self.store.read(name), {frame: target}, name)[0].max())
            except Damaged:  # which will be said when it is decoded
                return 0

        uses = [value for _, value in self._parallel(highest, list(deep), "looking for the depth")]
        depth = max(stated, smallest_depth(max(uses)))
        if 2 * len(deep) > len(read):
            few, own, usual, cost = [key for key in read if key not in deep], 8, depth, ""
        else:
            few, own, usual, cost = list(deep), depth, 8, ", which loses levels in between"
        names = listed(printable(Item(name, frame=frame).shown) for name, frame in few)
        pictures = f"{words.count(len(few), 'picture')} of {own} bits among those of {usual}"
        self.scan.notes.append(f"{pictures}: brought to 0 to {2**usual - 1:,}{cost}: {names}")
        return Values("uint8" if usual == 8 else "uint16", depth)

    def _check_room(
        self,
        items: Sequence[Item],
        aim: Aim,
        partner_aim: Aim,
        headers: _Headers,
        writer: Writer,
    ) -> None:
        """Raise InputError where the disk cannot hold the decoded pictures, or the memory the largest of them.

        No more are decoded at once than the free memory holds.
        """
        needs: dict[str, int] = defaultdict(int)
        largest: dict[str, int] = defaultdict(int)
        for item in items:
            for file, its_aim in ((item.name, aim), (item.target, partner_aim)):
                header = headers[file, item.frame] if file else None
                if isinstance(header, Header):
                    target = its_aim(header)
                    pixels = math.prod(target.size)
                    bytes_ = target.channels * np.dtype(target.dtype).itemsize
                    needs[item.name] += pixels * (bytes_ + (item.mask is not None))
                    largest[item.name] = max(largest[item.name], pixels, math.prod(header.size))
        writer.check_room(sum(needs.values()), self.scan.source)
        memory = {name: need + _DECODING * largest[name] for name, need in needs.items()}
        name = max(memory, key=lambda name: memory[name])
        check_memory(memory[name], brief(name))
        if free := free_memory():
            self.workers = max(1, min(self.workers, free // max(1, memory[name])))

    def _decode(
        self,
        items: Sequence[Item],
        aim: Aim,
        partner_aim: Aim,
        headers: _Headers,
        writer: Writer,
    ) -> list[Item]:
        """Write every item that can be decoded, in order; note the damaged ones and the duplicates."""
        masked = any(item.mask for item in items)
        sound = {key: header for key, header in headers.items() if isinstance(header, Header)}

        def decode(frames: list[Item]) -> tuple[bytes, list[dict[str, np.ndarray]]] | dict[str, str]:
            name, target_name, mask_name = frames[0].name, frames[0].target, frames[0].mask
            try:
                data = self.store.read(name)
                targets = {item.frame: aim(sound[name, item.frame]) for item in frames}
                columns = {"pixels": read_frames(data, targets, name)}
                if target_name:
                    name = target_name
                    partners = {item.frame: partner_aim(sound[name, item.frame]) for item in frames}
                    columns["target"] = read_frames(self.store.read(name), partners, name)
                if masked and mask_name:
                    name = mask_name
                    columns["mask"] = read_masks(self.store.read(name), targets, name)
                elif masked:
                    columns["mask"] = [np.zeros((1, *target.size), np.uint8) for target in targets.values()]
            except Damaged as damage:
                return {name: str(damage)}
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            return hashlib.blake2b(data, digest_size=16).digest(), rows

        files = [list(frames) for _, frames in itertools.groupby(items, key=lambda item: item.name)]
        kept, same = [], defaultdict(list)
        for frames, result in self._parallel(decode, files, "decoding"):
            if isinstance(result, dict):
                self.scan.damaged |= {printable(name): why for name, why in result.items()}
                continue
            digest, rows = result
            for item, arrays in zip(frames, rows, strict=True):
                for name, array in arrays.items():
                    if self.options.keeps:
                        writer.append_picture(name, array)
                    else:
                        writer.append(name, array[None])
                if arrays["pixels"].dtype == np.uint16:
                    self.highest = max(self.highest, int(arrays["pixels"].max()))
                if (arrays["pixels"] == arrays["pixels"][:, :1, :1]).all():
                    self.scan.odd.setdefault(printable(item.shown), "one single colour")
                same[digest, item.frame].append(printable(item.shown))
                kept.append(item)
        self.scan.duplicates = [names for names in same.values() if len(names) > 1]
        self._require(kept)
        return kept

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

    def _count(
        self,
        kept: Sequence[Item],
        listing: Listing,
        headers: _Headers,
        columns: Columns,
    ) -> None:
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
            raise InputError(f"{self.store.path} holds no picture that can be used: {_first(self.scan.damaged)}")

    def _parallel(self, work: Callable[[_In], _Out], items: Sequence[_In], what: str) -> Iterator[tuple[_In, _Out]]:
        """Yield each item with its result, in order; only a few results wait in memory."""
        workers = self.workers
        waiting: deque[tuple[_In, concurrent.futures.Future[_Out]]] = deque()
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for done, item in enumerate(items):
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > 4 * workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
                if done % 64 == 0:
                    self.options.report(done, len(items), what)
            for first, future in waiting:
                yield first, future.result()
        self.options.report(len(items), len(items), what)


def _keys(listing: Listing) -> tuple[list[tuple[str, int | None]], list[tuple[str, int | None]]]:
    """Return where the headers of the pictures stand, and those of their targets."""
    inputs = [(item.name, item.frame) for item in listing.items]
    return inputs, [(item.target, item.frame) for item in listing.items if item.target]


def _of_one_sort(headers: _Headers, listing: Listing) -> _Headers:
    """Set pictures aside whose values are of another sort than most: floats and integers have no common units.

    Unsigned integers of 8 and of 16 bits have. Targets are a sort by themselves.
    """
    result = dict(headers)
    for keys in _keys(listing):
        read = {key: _sort(header) for key in keys if isinstance(header := headers.get(key), Header)}
        usual = max(Counter(read.values()).items(), key=lambda sort: sort[1], default=("", 0))[0]
        for key, sort in read.items():
            if sort != usual:
                result[key] = Damaged(f"values of {sort} among pictures of {usual}; convert it to them")
    return result


def _sort(header: Header) -> str:
    return _UNSIGNED if header.dtype in ("uint8", "uint16") else header.dtype


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


def _frames_of(item: Item, counts: Mapping[str, int], listing: Listing) -> list[Item]:
    """Return an item for each frame of its file; frames of pairs go together one by one."""
    count = counts[item.name]
    if item.target and counts[item.target] != count:
        listing.missing[item.name] = f"has {words.count(count, 'frame')}, and its target {counts[item.target]}"
        return []
    return [item] if count == 1 else [dataclasses.replace(item, frame=frame) for frame in range(count)]


def _first(damaged: Mapping[str, str]) -> str:
    return listed((f"{printable(name)} ({why})" for name, why in damaged.items()), most=3)
