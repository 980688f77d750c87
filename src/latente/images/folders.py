"""What the names of a folder's files say: parts, classes, pairs and masks."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from latente.images.pairs import Path, are_few, components, match_pairs, match_targets
from latente.images.scan import listed
from latente.words import printable

__all__ = ["PART_ORDER", "Item", "Listing", "part_named", "part_of_path", "recognise"]

# folder names that are parts of a set
_PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
PART_ORDER = ("train", "val", "test")

_MASKS = ("ground_truth", "groundtruth", "masks", "mask")
_LABELS = ("labels", "label", "annotations", "segmentations")  # masks where the pictures lie in one of _PICTURES
_PICTURES = ("images", "image", "imgs")
_MASK_END = re.compile(r"(.+)[-_]masks?$", re.IGNORECASE)
_GOOD = "good"


@dataclasses.dataclass
class Item:
    """One picture, and what its place says of it.

    name, target, mask: names of files in the store; frame: which page or frame of them, None for files that have one,
    and for the first where the others are left out.
    """

    name: str
    part: str | None = None
    label: str | None = None
    target: str | None = None
    mask: str | None = None
    frame: int | None = None

    @property
    def shown(self) -> str:
        """The picture's own name: that of its file, with the number of the frame where it is one of several."""
        if self.frame is None:
            return self.name
        stem, dot, suffix = self.name.rpartition(".")
        return f"{stem or suffix}#{self.frame + 1}{dot + suffix if stem else ''}"


@dataclasses.dataclass
class Listing:
    """The pictures that make up the set, in the order of their names.

    missing: pictures left out -> why. aside: pictures that are no part of the set -> why. pairs: the sides in words.
    """

    kind: str
    items: list[Item]
    parts: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    pairs: str = ""
    missing: dict[str, str] = dataclasses.field(default_factory=dict)
    aside: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)

    def set_aside(self, names: Iterable[str], why: str) -> None:
        self.aside |= dict.fromkeys(sorted(names), why)


def recognise(
    names: Sequence[str], *, pairs: tuple[str, str] | None = None, targets: Sequence[str] = (), where: str = ""
) -> Listing:
    """Return what the pictures' relative names say.

    Recognised, also within one another: train/val/test folders; pairs, by signs that are known (see
    `latente.images.pairs`) or chosen; masks, in a folder ground_truth or masks, in labels beside images, or in files
    whose names end in _mask; and sub-folders as classes. Where a folder "good" is among the classes it comes first. A
    few pictures beside all that are set aside; anything else is a flat set.

    targets: names in another place, which is called `where`. Raises InputError where chosen signs, or those targets,
    make no pairs.
    """
    listing = Listing("folder", [])
    whole = _without_common_root({name: components(name) for name in names}, listing)
    masks = _masks(whole, listing.notes)
    paths = {name: path for name, path in whole.items() if name not in masks}
    paths, part_of = _split_parts(_without_common_root(paths, listing), listing)
    found = match_targets([*paths], targets, where) if where else match_pairs(paths, part_of, pairs, listing.notes)
    if found is not None:
        listing.pairs, listing.missing = found.words, found.alone
        listing.set_aside(found.strays, f"on neither side of {found.words}")
        paths = {name: paths[name] for name in found.inputs} if where else found.inputs
        if not part_of:  # what is in A/train is in a part as well
            paths, part_of = _split_parts(_without_common_root(paths, listing), listing)
    labels = _labels(paths, listing)
    listing.label_names = _label_order(labels.values())
    target_of = found.target_of if found is not None else {}
    listing.items = [
        Item(name, part_of.get(name), labels.get(name), target_of.get(name))
        for name in sorted(paths)
        if name not in listing.aside
    ]
    if masks:
        _match_masks(listing, masks, whole)
    contents = [
        f"{len(listing.label_names)} classes" if listing.label_names else "",
        "pairs" if target_of else "",
        "masks" if masks else "",
    ]
    listing.kind = ", ".join(["/".join(listing.parts) or "flat", *filter(None, contents)])
    return listing


def part_named(word: str) -> str | None:
    """The part that a word such as valid or testing stands for."""
    return _PARTS.get(word.lower())


def part_of_path(name: str) -> str | None:
    """The part in whose folder a file lies, as far as its path says."""
    return _PARTS.get(name.partition("/")[0].lower())


def _without_common_root(paths: dict[str, Path], listing: Listing) -> dict[str, Path]:
    """Drop leading folders that all share, except where their name means something, and set the few beside aside."""
    below, strays = _below_root(paths)
    listing.set_aside(strays, "beside the folder of the others")
    return below


def _below_root(paths: dict[str, Path]) -> tuple[dict[str, Path], list[str]]:
    inside = {name: path for name, path in paths.items() if len(path) > 1}
    folders = {path[0] for path in inside.values()}
    if len(folders) != 1 or folders.pop().lower() in (*_PARTS, *_MASKS):
        return paths, []
    below, strays = _below_root({name: path[1:] for name, path in inside.items()})
    outside = [name for name in paths if name not in inside]
    if outside:
        sizes = Counter(path[0] for path in below.values() if len(path) > 1)
        says_something = len(sizes) > 1 or any(folder.lower() in _PARTS for folder in sizes)
        if not says_something or not are_few(len(outside), [*sizes.values()]):
            return paths, []
    return below, [*strays, *outside]


def _split_parts(paths: dict[str, Path], listing: Listing) -> tuple[dict[str, Path], dict[str, str]]:
    """Take the part off each path, where there is a train folder or nothing but folders of parts."""
    part_of = {
        name: _PARTS[path[0].lower()] for name, path in paths.items() if len(path) > 1 and path[0].lower() in _PARTS
    }
    if not part_of or ("train" not in part_of.values() and len(part_of) < len(paths)):
        return paths, {}
    listing.parts = tuple(part for part in PART_ORDER if part in part_of.values())
    listing.set_aside(paths.keys() - part_of.keys(), f"outside {', '.join(listing.parts)}")
    return {name: paths[name][1:] for name in part_of}, part_of


def _labels(paths: Mapping[str, Path], listing: Listing) -> dict[str, str]:
    """The first folder of each path, where there are two or more of them and few pictures beside, which are strays."""
    inside = {name: path[0] for name, path in paths.items() if len(path) > 1}
    sizes = Counter(inside.values())
    if len(sizes) < 2:
        return {}
    outside = [name for name in paths if name not in inside]
    if outside and not are_few(len(outside), [*sizes.values()]):
        folders = listed(map(printable, sorted(sizes)), most=3)
        listing.notes.append(
            f"the folders {folders} are not taken as classes, since {len(outside):,} pictures lie beside them"
        )
        return {}
    listing.set_aside(outside, "beside the folders of the classes")
    return inside


def _label_order(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(labels), key=lambda label: (label != _GOOD, label)))


def _masks(paths: Mapping[str, Path], notes: list[str]) -> dict[str, Path]:
    """Return the pictures that are masks, with the path that each shares with its picture.

    Folders or files that happen to be called so, of which fewer than half go with a picture, are none.
    """
    folders = {folder.lower() for path in paths.values() for folder in path[:-1]}
    masks: dict[str, Path] = {}
    for called, beside in ((_MASKS, ()), (_LABELS, _PICTURES), ((), ())):
        if (called and folders.isdisjoint(called)) or (beside and folders.isdisjoint(beside)):
            continue
        keys, others = {}, []
        for name, path in paths.items():
            if name in masks:
                continue
            if _place(path, called) is not None if called else _MASK_END.match(path[-1]):
                keys[name] = _mask_key(path)
            elif not beside or _place(path, beside) is not None:
                others.append(path)
        known = {key for path in others for key in _picture_keys(path)} if keys else set()
        if 2 * sum(key in known for key in keys.values()) >= max(1, len(keys)):
            masks |= keys
        elif called:
            names = ", ".join(sorted(folders.intersection(called)))
            notes.append(f"what lies in {names} is not taken for masks: most of it is called like none of the pictures")
    return masks


def _mask_key(path: Path) -> Path:
    """Return a mask's path without the folder of masks and the end of its name."""
    path = _without(path, (*_MASKS, *_LABELS))
    match = _MASK_END.match(path[-1])
    return (*path[:-1], match[1]) if match else path


def _picture_keys(path: Path) -> list[Path]:
    """Return the paths by which a picture's mask may go, the closest first."""
    within = _without(path, _PICTURES)
    return [path, within, _without(path, _PARTS), _without(within, _PARTS), path[-1:]]


def _place(path: Path, called: Iterable[str]) -> int | None:
    """Which of a path's folders is called so, None where none is."""
    return next((place for place, folder in enumerate(path[:-1]) if folder.lower() in called), None)


def _without(path: Path, called: Iterable[str]) -> Path:
    place = _place(path, called)
    return path if place is None else (*path[:place], *path[place + 1 :])


def _match_masks(listing: Listing, masks: Mapping[str, Path], paths: Mapping[str, Path]) -> None:
    """Give each picture its mask; a good picture needs none, any other one without is left out."""
    by_key = {key: name for name, key in masks.items()}
    kept = []
    masked_parts = set()
    for item in listing.items:
        item.mask = next((by_key[key] for key in _picture_keys(paths[item.name]) if key in by_key), None)
        if item.mask is not None:
            masked_parts.add(item.part)
    for item in listing.items:
        if item.mask is None and item.label != _GOOD and item.part in masked_parts:
            listing.missing[item.name] = "has no mask, and does not lie in a folder called good"
        else:
            kept.append(item)
    listing.items = kept
