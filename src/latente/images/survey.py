"""The headers of all pictures of a set: which of them can be used, and what all are brought to."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

from latente import words
from latente.images.damage import Damaged
from latente.images.folders import Item, Listing, part_of_path
from latente.images.formats import SUFFIXES, suffix_of
from latente.images.options import DoorOptions
from latente.images.reading import read_frames, read_headers
from latente.images.scaling import smallest_depth
from latente.images.scan import Scan, listed
from latente.images.sizing import Aim, Header, Target, Values, choose_targets
from latente.images.stores import Store
from latente.images.workers import Workers
from latente.languages import say
from latente.words import printable

__all__ = ["Headers", "Survey"]

_UNSIGNED = "8 or 16 bits"  # the sort of pictures whose values go from 0 to a peak

_Key = tuple[str, int | None]  # a file, and which frame of it
Headers = Mapping[_Key, Header | Damaged]  # of each file and frame that is to be read


class Survey:
    """The headers of a listing's pictures, of all parts, and what follows from them before anything is decoded.

    What is damaged or odd goes into the scan. depth: the bits of images that have 16, as `targets` found them.
    """

    def __init__(self, listing: Listing, store: Store, options: DoorOptions, scan: Scan, workers: Workers) -> None:
        self.listing, self.store, self.options, self.scan, self.workers = listing, store, options, scan, workers
        self.excluded = frozenset(options.excluded)
        self.headers: Headers = _of_one_sort(self._all_headers(), listing)
        self.depth: int | None = None

    def sound(self, part: str | None) -> list[Item]:
        """Return the part's items whose headers can be read; note the others as damaged."""
        items = [item for item in self.listing.items if part is None or item.part == part]
        pictures = {name: why for name, why in self.store.lost.items() if suffix_of(name) in SUFFIXES}
        lost = {name: why for name, why in pictures.items() if printable(name) not in self.excluded}
        lost |= self.listing.missing
        self.scan.damaged = {
            printable(name): why for name, why in lost.items() if part is None or part_of_path(name) in (None, part)
        }
        self.scan.total = len(items) + len(self.scan.damaged)
        return [
            item for item in items if all(self._is_sound(name, item.frame) for name in (item.name, item.target) if name)
        ]

    def targets(self) -> tuple[Aim, Aim, str]:
        """Return what each picture, and each target of a pair, is made into, and that choice in words."""
        read = {key: header for key, header in self.headers.items() if isinstance(header, Header)}
        keys = [((item.name, item.frame), (item.target or "", item.frame)) for item in self.listing.items]
        inputs = [read[key] for key, _ in keys if key in read]
        pairs = [(read[key], read[target]) for key, target in keys if key in read and target in read]
        values, of_targets = (self._values(keys) for keys in _keys(self.listing))
        self.depth = values.depth if values.dtype == "uint16" else None
        return choose_targets(inputs, pairs, self.options, (values, of_targets))

    def _all_headers(self) -> dict[_Key, Header | Damaged]:
        """Read the headers of all pictures, of all parts, so that every part is brought to one size.

        Where every frame is asked for, each becomes an item of the listing.
        """
        names = [name for item in self.listing.items for name in (item.name, item.target) if name]
        headers: dict[_Key, Header | Damaged] = {}
        counts = dict.fromkeys(names, 1)
        for name, read in self.workers.over(self._header, names, "reading headers"):
            if isinstance(read, Damaged):
                headers[name, None] = read
                continue
            counts[name] = len(read)
            headers[name, None] = read[0]
            headers.update({(name, frame): header for frame, header in enumerate(read)} if len(read) > 1 else {})
        if max(counts.values()) > 1:
            self.listing.items = [
                frame
                for item in self.listing.items
                for frame in _frames_of(item, counts, self.listing)
                if printable(frame.shown) not in self.excluded
            ]
        self.scan.parts = {part: sum(item.part == part for item in self.listing.items) for part in self.listing.parts}
        return headers

    def _header(self, name: str) -> list[Header] | Damaged:
        try:
            with self.store.open(name) as file:
                return read_headers(file, name, every_frame=self.options.frames == "all")
        except OSError as error:
            return Damaged(say("cannot be read: {reason}", reason=str(error.strerror)))
        except Damaged as damage:
            return damage

    def _is_sound(self, name: str, frame: int | None) -> bool:
        header, shown = self.headers[name, frame], printable(Item(name, frame=frame).shown)
        if isinstance(header, Damaged):
            self.scan.damaged[shown] = str(header)
            return False
        odd = [header.odd] if header.odd else []
        if frame is None and header.frames > 1:
            odd.append(say("the first of {count} frames", count=header.frames))
        if not odd and min(header.size) < 4:
            odd.append(say("only {size} pixels", size=f"{header.size[0]}x{header.size[1]}"))
        if odd:
            self.scan.odd[shown] = "; ".join(odd)
        return True

    def _values(self, keys: Sequence[_Key]) -> Values:
        """Return how these pictures are held, and note those of another depth than most.

        The depth of those of 16 bits is what they state, or what they use where it has to be known since others have 8.
        """
        read = {key: header for key in keys if isinstance(header := self.headers.get(key), Header)}
        deep = {key: header for key, header in read.items() if header.dtype == "uint16"}
        if not deep:
            return Values(next((header.dtype for header in read.values()), "uint8"))
        stated = max(header.depth or 0 for header in deep.values())
        if len(deep) == len(read):
            return Values("uint16", stated or None)

        def highest(key: _Key) -> int:
            name, frame = key
            target = Target(deep[key].size, 1 if deep[key].grey else 3, "uint16")
            try:
                return int(read_frames(self.store.read(name), {frame: target}, name)[0].max())
            except Damaged:  # which will be said when it is decoded
                return 0

        uses = [value for _, value in self.workers.over(highest, list(deep), "looking for the depth")]
        depth = max(stated, smallest_depth(max(uses)))
        if 2 * len(deep) > len(read):
            few, own, usual, cost = [key for key in read if key not in deep], 8, depth, ""
        else:
            few, own, usual, cost = list(deep), depth, 8, ", which loses levels in between"
        names = listed(printable(Item(name, frame=frame).shown) for name, frame in few)
        pictures = f"{words.count(len(few), 'picture')} of {own} bits among those of {usual}"
        self.scan.notes.append(f"{pictures}: brought to 0 to {2**usual - 1:,}{cost}: {names}")
        return Values("uint8" if usual == 8 else "uint16", depth)


def _keys(listing: Listing) -> tuple[list[_Key], list[_Key]]:
    """Return where the headers of the pictures stand, and those of their targets."""
    inputs = [(item.name, item.frame) for item in listing.items]
    return inputs, [(item.target, item.frame) for item in listing.items if item.target]


def _of_one_sort(headers: Headers, listing: Listing) -> Headers:
    """Set pictures aside whose values are of another sort than most: floats and integers have no common units.

    Unsigned integers of 8 and of 16 bits have. Targets are a sort by themselves.
    """
    result = dict(headers)
    for keys in _keys(listing):
        read = {key: _sort(header) for key in keys if isinstance(header := headers.get(key), Header)}
        usual = max(Counter(read.values()).items(), key=lambda sort: sort[1], default=("", 0))[0]
        for key, sort in read.items():
            if sort != usual:
                template = "values of {sort} among pictures of {usual}; convert it to them"
                result[key] = Damaged(say(template, sort=sort, usual=usual))
    return result


def _sort(header: Header) -> str:
    return _UNSIGNED if header.dtype in ("uint8", "uint16") else header.dtype


def _frames_of(item: Item, counts: Mapping[str, int], listing: Listing) -> list[Item]:
    """Return an item for each frame of its file; frames of pairs go together one by one."""
    count = counts[item.name]
    if item.target and counts[item.target] != count:
        listing.missing[item.name] = f"has {words.count(count, 'frame')}, and its target {counts[item.target]}"
        return []
    return [item] if count == 1 else [dataclasses.replace(item, frame=frame) for frame in range(count)]
