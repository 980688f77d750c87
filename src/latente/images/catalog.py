"""Named public sets: their sources, checks and licences; nothing is fetched unasked.

A set is looked for in LATENTE_DATA, then in the cache, where `get` puts it. Digests are SHA-256 of the
uncompressed content, so that a file compressed anew is still the official one, except where an entry says
otherwise.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from latente.errors import InputError, did_you_mean
from latente.images.arrayfiles import from_cache, idx_sources, open_idx, stamp
from latente.images.cache import Note, Writer, cache_folder
from latente.images.container import Images
from latente.images.entries import ENTRIES, Entry, File
from latente.images.fetching import fetch
from latente.images.options import DoorOptions, Progress
from latente.images.pictures import open_pictures
from latente.images.streams import cifar_rows
from latente.languages import say

__all__ = ["entries", "find", "get", "locate", "open_named"]

_CELEBA_LISTS = ("list_attr_celeba.txt", "list_attr_celeba.csv")


def entries() -> tuple[Entry, ...]:
    """Return the sets of the catalogue, in the order of their names."""
    return tuple(sorted(ENTRIES, key=lambda entry: entry.name))


def find(name: str) -> Entry:
    """Return the set's entry. Raises InputError, with the nearest name, where there is none."""
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    raise did_you_mean("image set", name, [entry.name for entry in ENTRIES])


def locate(name: str) -> Path:
    """Return the folder that holds the set's files: LATENTE_DATA/name, or where `get` put them.

    Raises InputError, saying which files to put where, if they are in neither place.
    """
    entry = find(name)
    for folder in _places(entry):
        if _is_whole(entry, folder):
            return folder
    raise InputError(say("{name} is not on this machine: {cure}", name=name, cure=_cure(entry, may_fetch=True)))


def get(name: str, progress: Progress | None = None) -> Path:
    """Return the set's folder, after fetching and checking it where it is not on this machine.

    progress(done, total, file) counts bytes. Raises InputError, saying which files to put where, if the set
    may not be fetched by a program, no mirror answers with the right files, or LATENTE_OFFLINE is set.
    """
    entry = find(name)
    for folder in _places(entry):
        if _is_whole(entry, folder):
            return folder
    if entry.by_hand:
        template = "{name} is for you to get, from {homepage}: {cure}"
        raise InputError(say(template, name=name, homepage=entry.homepage, cure=_cure(entry)))
    if os.environ.get("LATENTE_OFFLINE", "0") not in ("", "0"):
        template = "{name} is not on this machine, and LATENTE_OFFLINE forbids fetching it: {cure}"
        raise InputError(say(template, name=name, cure=_cure(entry)))
    folder = _places(entry)[-1]
    if failures := fetch(entry, folder, progress):
        why = "; ".join(failures)
        raise InputError(say("{name} could not be fetched ({why}): {cure}", name=name, why=why, cure=_cure(entry)))
    return folder


def open_named(name: str, options: DoorOptions) -> Images:
    """Open a set of the catalogue from the files on this machine. Raises InputError as `locate` does."""
    entry, folder = find(name), locate(name)
    if entry.name == "celeba":
        return open_pictures(folder, options, name)
    if entry.archive:
        return _open_cifar(entry, folder, options)
    digests = {file.name.removesuffix(".gz"): file.sha256 for file in entry.files if file.of == "content"}
    return open_idx(idx_sources(folder), options, name, label_names=entry.label_names, sha256=digests)


def _open_cifar(entry: Entry, folder: Path, options: DoorOptions) -> Images:
    part = options.part(("train", "test"), entry.name)
    chosen = [file for file in entry.files if file.name.startswith("test") == (part == "test")]
    paths = [_path(folder, file) for file in chosen]

    def build(writer: Writer) -> Note:
        images, labels = cifar_rows(paths, [file.sha256 for file in chosen])
        layout = images.into(writer, "pixels", dataclasses.replace(options, channels="first"))
        writer.append("label", labels().astype("int64"))
        return {
            "layout": layout,
            "label_names": entry.label_names,
            "parts": {"train": 50_000, "test": 10_000},
        }

    stamps = [stamp(path) for path in paths]
    return from_cache(paths[0], entry.name, "CIFAR's binary batches", stamps, build, options)


def _places(entry: Entry) -> list[Path]:
    """The folders where the set may lie; the last one is where it is fetched to."""
    data = os.environ.get("LATENTE_DATA")
    places = [Path(data).expanduser() / entry.name] if data else []
    return [*places, cache_folder() / "data" / entry.name]


def _is_whole(entry: Entry, folder: Path) -> bool:
    if entry.by_hand:
        pictures = folder / "img_align_celeba"
        return pictures.is_dir() and any((folder / name).is_file() for name in _CELEBA_LISTS)
    return all(_path(folder, file).is_file() for file in entry.files)


def _path(folder: Path, file: File) -> Path:
    """Where a file of the set lies: unpacked or not, in the folder or in the one that its archive makes."""
    plain = file.name.removesuffix(".gz")
    spellings = (folder / file.name, folder / plain, folder / "cifar-10-batches-bin" / plain)
    return next((path for path in spellings if path.is_file()), folder / file.name)


def _cure(entry: Entry, *, may_fetch: bool = False) -> str:
    data, cache = os.environ.get("LATENTE_DATA"), _places(entry)[-1]
    place = say("{first} or {second}", first=str(_places(entry)[0]), second=str(cache))
    if not data:
        place = say("{cache} (or LATENTE_DATA/{name})", cache=str(cache), name=entry.name)
    files = entry.by_hand or ", ".join(file.name for file in entry.files)
    if may_fetch and not entry.by_hand:
        return say(
            "run `latente data get {name}`, or put {files} into {place}", name=entry.name, files=files, place=place
        )
    return say("put {files} into {place}", files=files, place=place)
