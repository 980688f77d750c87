"""What the names of a folder's files say: parts, classes, pairs and masks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["PART_ORDER", "Item", "Listing", "part_of_path", "recognise"]

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

# sibling folders that hold pairs: what goes in, and what should come out
_PAIRS = (("a", "b"), ("low", "high"), ("lr", "hr"), ("input", "target"), ("noisy", "clean"))
_PAIR_SUFFIX = re.compile(r"(.+)[-_](lr|hr)$", re.IGNORECASE)

_MASKS = ("ground_truth", "masks", "mask")
_GOOD = "good"

Path = tuple[str, ...]  # a relative path as its components, the last one without the suffix


@dataclasses.dataclass
class Item:
    """One picture, and what its place says of it. name, target, mask: names of files in the store."""

    name: str
    part: str | None = None
    label: str | None = None
    target: str | None = None
    mask: str | None = None


@dataclasses.dataclass
class Listing:
    """The pictures that make up the set, in the order of their names; missing: pictures left out -> why."""

    kind: str
    items: list[Item]
    parts: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    missing: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)


def recognise(names: Sequence[str]) -> Listing:
    """Return what the pictures' relative names say.

    Recognised, also within one another: train/val/test folders; sibling folders A/B, low/high, lr/hr,
    input/target or noisy/clean, and names ending in _LR and _HR, as pairs; a folder of masks (ground_truth,
    masks) named like the pictures, with or without _mask at the end; and sub-folders as classes. Where a
    folder "good" is among the classes it comes first. Anything else is a flat set.
    """
    paths = _without_common_root({name: _components(name) for name in names})
    masks = {name: path[1:] for name, path in paths.items() if len(path) > 1 and path[0].lower() in _MASKS}
    paths = {name: path for name, path in paths.items() if name not in masks}
    listing = Listing("folder", [])
    paths, part_of = _split_parts(_pairs_inside_parts(_without_common_root(paths)), listing)
    inputs, target_of = _match_pairs(paths, part_of, listing)
    labels = _labels(inputs)
    listing.label_names = _label_order(labels.values())
    listing.items = [Item(name, part_of.get(name), labels.get(name), target_of.get(name)) for name in sorted(inputs)]
    if masks:
        _match_masks(listing, masks, inputs)
    contents = [
        f"{len(listing.label_names)} classes" if listing.label_names else "",
        "pairs" if target_of else "",
        "masks" if masks else "",
    ]
    listing.kind = ", ".join(["/".join(listing.parts) or "flat", *filter(None, contents)])
    return listing


def part_of_path(name: str) -> str | None:
    """The part in whose folder a file lies, as far as its path says."""
    return _PARTS.get(name.partition("/")[0].lower())


def _components(name: str) -> Path:
    *folders, file = name.split("/")
    stem, dot, _ = file.rpartition(".")
    return (*folders, stem if dot else file)


def _without_common_root(paths: dict[str, Path]) -> dict[str, Path]:
    """Drop leading folders that all files share, except where their name means something."""
    while paths:
        firsts = {path[0] for path in paths.values()}
        first = next(iter(firsts))
        if len(firsts) > 1 or first.lower() in (*_PARTS, *_MASKS) or any(len(path) < 2 for path in paths.values()):
            break
        paths = {name: path[1:] for name, path in paths.items()}
    return paths


def _pairs_inside_parts(paths: dict[str, Path]) -> dict[str, Path]:
    """Turn A/train/x into train/A/x."""
    firsts = {path[0].lower() for path in paths.values()}
    inner = all(len(path) > 2 and path[1].lower() in _PARTS for path in paths.values())
    if inner and any(set(pair) == firsts for pair in _PAIRS):
        return {name: (path[1], path[0], *path[2:]) for name, path in paths.items()}
    return paths


def _split_parts(paths: dict[str, Path], listing: Listing) -> tuple[dict[str, Path], dict[str, str]]:
    """Take the part off each path, where there is a train folder or nothing but folders of parts."""
    part_of = {
        name: _PARTS[path[0].lower()] for name, path in paths.items() if len(path) > 1 and path[0].lower() in _PARTS
    }
    if not part_of or ("train" not in part_of.values() and len(part_of) < len(paths)):
        return paths, {}
    listing.parts = tuple(part for part in PART_ORDER if part in part_of.values())
    if outside := len(paths) - len(part_of):
        listing.notes.append(f"{outside} pictures outside {', '.join(listing.parts)} were passed over")
    return {name: paths[name][1:] for name in part_of}, part_of


def _match_pairs(
    paths: dict[str, Path], part_of: Mapping[str, str], listing: Listing
) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the inputs with their paths, and input -> target, which is empty where there are no pairs."""
    sides = _sides_by_folder(paths) or _sides_by_suffix(paths)
    if sides is None:
        return paths, {}
    partners = {
        side: {(part_of.get(name), path): name for name, path in members.items()} for side, members in sides.items()
    }
    matched = partners["input"].keys() & partners["target"].keys()
    if 2 * len(matched) < max(len(partners["input"]), len(partners["target"])):
        return paths, {}  # folders that happen to be called so
    for members in partners.values():
        for key in members.keys() - matched:
            listing.missing[members[key]] = "has no partner in the other folder of the pair"
    target_of = {partners["input"][key]: partners["target"][key] for key in matched}
    return {partners["input"][key]: key[1] for key in matched}, target_of


def _sides_by_folder(paths: Mapping[str, Path]) -> dict[str, dict[str, Path]] | None:
    firsts = {path[0].lower() for path in paths.values() if len(path) > 1}
    if any(len(path) < 2 for path in paths.values()):
        return None
    for source, target in _PAIRS:
        if firsts == {source, target}:
            return {
                side: {name: path[1:] for name, path in paths.items() if path[0].lower() == folder}
                for side, folder in (("input", source), ("target", target))
            }
    return None


def _sides_by_suffix(paths: Mapping[str, Path]) -> dict[str, dict[str, Path]] | None:
    sides: dict[str, dict[str, Path]] = {"input": {}, "target": {}}
    for name, path in paths.items():
        match = _PAIR_SUFFIX.match(path[-1])
        if match is None:
            return None
        side = "input" if match[2].lower() == "lr" else "target"
        sides[side][name] = (*path[:-1], match[1])
    return sides


def _labels(paths: Mapping[str, Path]) -> dict[str, str]:
    """The first folder of each path, where every picture lies in one and there are at least two."""
    if any(len(path) < 2 for path in paths.values()):
        return {}
    labels = {name: path[0] for name, path in paths.items()}
    return labels if len(set(labels.values())) > 1 else {}


def _label_order(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(labels), key=lambda label: (label != _GOOD, label)))


def _match_masks(listing: Listing, masks: Mapping[str, Path], paths: Mapping[str, Path]) -> None:
    """Give each picture its mask; a good picture needs none, any other one without is left out."""
    by_place = {(*path[:-1], path[-1].removesuffix("_mask")): name for name, path in masks.items()}
    kept = []
    masked_parts = set()
    for item in listing.items:
        path = paths[item.name]
        item.mask = by_place.get(path) or by_place.get(path[-1:])
        if item.mask is not None:
            masked_parts.add(item.part)
    for item in listing.items:
        if item.mask is None and item.label != _GOOD and item.part in masked_parts:
            listing.missing[item.name] = "has no mask, and does not lie in a folder called good"
        else:
            kept.append(item)
    listing.items = kept
